#include "faults-subject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <net/if.h>

#include <chef/containerv/policy.h>
#include <cv/random.h>
#include <cv/str.h>

#include "faults.h"
#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/container-internal.h"
#include "linux/limits-v1.h"
#include "linux/mountinfo.h"
#include "linux/net.h"
#include "linux/source.h"

enum { PIDS = 17, STRIDE = 6, REPORT_MAX = 256 << 10 };

char subject_progress[128];

static struct cv_error        err;
static struct cv_spec*        spec;
static struct cv_spec_process program;
static enum subject_kind      kind;
/* None of these are those of another such test which runs. */
static char id[32], chosen_top[48], chosen_parent[64]; /* of cgroups */
static char network_start[24];                         /* its addresses but for the last number */
static int  output[2] = { -1, -1 };
/* The program waits for its other end to be closed, so that its own end can't come while faults are still counted. */
static int gate[2] = { -1, -1 };

/* --- the description ----------------------------------------------------------------------------------------------------------- */

static void add_bind(const char* source, const char* destination, const char* last)
{
    const char* options[] = { "rbind", "nosuid", "nodev", last, NULL };
    CV_TEST_OK(err, cv_spec_add_mount(spec, destination, "bind", source, options, &err));
}

/* The report of the host's namespaces compares with what the test itself is in, like a guardian. */
static void add_args(bool stay)
{
    static const char* const names[] = { "mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time" };
    CV_TEST_OK(err, cv_strv_append(&spec->process.args, "/mnt/report"));
    for (size_t i = 0; i < CV_ARRAY_LEN(names); i++) {
        char    path[64], link[64];
        ssize_t length;
        cv_snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        length = readlink(path, link, sizeof(link) - 1);
        if (length < 0)
            continue; /* an old kernel has no time namespaces */
        link[length] = '\0';
        CV_TEST_OK(err, cv_strv_append(&spec->process.args, link));
    }
    if (stay)
        CV_TEST_OK(err, cv_strv_append(&spec->process.args, "stay"));
}

static void grant(void)
{
    struct cv_spec_capabilities* caps   = &spec->process.capabilities;
    struct cv_strv*              sets[] = { &caps->bounding, &caps->permitted, &caps->effective };
    for (size_t i = 0; i < CV_ARRAY_LEN(sets); i++)
        CV_TEST_OK(err, cv_strv_append(sets[i], "CAP_SYS_ADMIN"));
    spec->process.user.uid           = 1000;
    spec->process.user.gid           = 1000;
    spec->process.no_new_privileges  = false;
    spec->domainname                 = strdup("example");
    spec->root.path                  = strdup(cv_test_path("root"));
    spec->root.readonly              = true;
    spec->process.scheduler.set      = true;
    spec->process.scheduler.policy   = strdup("SCHED_BATCH");
    spec->process.io_priority.set    = true;
    spec->process.io_priority.class_ = strdup("IOPRIO_CLASS_IDLE");
    spec->process.oom_score_adj      = (struct cv_opt_int){ true, 100 };
    spec->linux_.personality.set     = true;
    spec->linux_.personality.domain  = strdup("LINUX32");
    CV_TEST_OK(err, cv_spec_add_rlimit(spec, "RLIMIT_NOFILE", 512, 600, &err));
    CV_TEST_OK(err, cv_spec_add_device(spec, "/dev/full", "/dev/extra", NULL, &err));
}

/* Kept by groups of version 1 where version 2 has no such controllers. */
static void add_limits(void)
{
    spec->ext.limits.memory_bytes = UINT64_C(64) << 20;
    spec->ext.limits.pids         = PIDS;
    spec->ext.limits.cpu_weight   = 50;
    spec->ext.limits.upper_bytes  = UINT64_C(4) << 20;
    CV_TEST_OK(err, cv_spec_set_string(&spec->ext.limits.cpus, "0", &err));
    CV_TEST_OK(err, cv_spec_set_string(&spec->ext.cgroup_parent, chosen_parent, &err));
    CV_TEST_OK(err, cv_spec_add_device(spec, "/dev/full", NULL, "r", &err));
}

static void add_network(void)
{
    spec->ext.network.mode         = CV_SPEC_NETWORK_VETH;
    spec->ext.network.address      = cv_asprintf(&err, "%s.2", network_start);
    spec->ext.network.netmask      = strdup("30");
    spec->ext.network.host_address = cv_asprintf(&err, "%s.1", network_start);
}

static void add_secret(const char* rootfs)
{
    char                  source[4096], name[] = "token";
    struct cv_spec_secret secret = { .source = source, .name = name, .uid = 3, .gid = 4, .mode = 0440 };
    assert_int_equal(cv_snprintf(source, sizeof(source), "%s/etc/passwd", rootfs), 0);
    CV_TEST_OK(err, cv_spec_add_secret(spec, &secret, &err));
}

void subject_make(enum subject_kind wanted, bool stay)
{
    const char* rootfs = getenv("CV_SUITE_ROOTFS");
    assert_non_null(rootfs);
    kind = wanted;
    spec = cv_spec_new();
    assert_non_null(spec);
    spec->root.set    = true;
    spec->ext.set     = true;
    spec->ext.id      = strdup(id);
    spec->ext.no_init = kind == SUBJECT_NO_INIT;
    spec->hostname    = strdup("faults");
    add_secret(rootfs);
    if (kind != SUBJECT_GRANTED) {
        add_network();
        CV_TEST_OK(err, cv_spec_add_landlock_path(spec, "/", CV_ACCESS_READ | CV_ACCESS_EXECUTE, &err));
        CV_TEST_OK(err, cv_spec_add_landlock_tcp(spec, 80, CV_ACCESS_BIND, &err));
        CV_TEST_OK(err, cv_spec_add_layer(spec, rootfs, &err));
    }
    spec->linux_.time_offsets.set           = true;
    spec->linux_.time_offsets.boottime_secs = (struct cv_opt_int){ true, 1 };
    CV_TEST_OK(err, cv_spec_default_linux(spec, &err));
    if (kind == SUBJECT_GRANTED)
        grant();
    if (kind == SUBJECT_LIMITS)
        add_limits();
    add_bind(cv_test_path("shared"), "/mnt", NULL);
    add_bind(cv_test_path("given"), "/given", "x-containerv.chown");
    add_args(stay);
    CV_TEST_OK(err, cv_spec_validate(spec, &err));
    CV_TEST_OK(err, cv_spec_process_copy(&spec->process, &program, &err));
}

void subject_free(void)
{
    cv_spec_process_release(&program);
    spec = cv_spec_free(spec);
}

struct cv_spec* subject_spec(void)
{
    return spec;
}

/* --- what the program says ----------------------------------------------------------------------------------------------------- */

struct linux_start subject_start(void)
{
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    return (struct linux_start){ .process = &program,
        .stdio                            = { -1, output[1], output[1] },
        .terminal                         = kind == SUBJECT_GRANTED,
        .extra                            = gate,
        .extra_count                      = 1 };
}

static void close_pipe(int pipe[2])
{
    for (int i = 0; i < 2; i++) {
        if (pipe[i] >= 0)
            close(pipe[i]);
        pipe[i] = -1;
    }
}

void subject_no_report(void)
{
    close_pipe(output);
    close_pipe(gate);
}

static bool is_complete(const char* text, size_t length)
{
    return length >= 4 && memcmp(text + length - 4, "END\n", 4) == 0;
}

char* subject_report(const struct linux_child* child)
{
    int    fd     = child->terminal_fd >= 0 ? child->terminal_fd : output[0];
    char*  text   = calloc(1, REPORT_MAX);
    size_t length = 0;
    assert_non_null(text);
    close_pipe(gate);
    close(output[1]);
    output[1] = -1;
    while (!is_complete(text, length)) {
        char    byte;
        ssize_t got = read(fd, &byte, 1);
        if (got <= 0)
            fail_msg("%s: the program ended after saying: %s", subject_progress, text);
        if (byte == '\r') /* of a terminal */
            continue;
        assert_true(length + 1 < REPORT_MAX);
        text[length++] = byte;
    }
    subject_no_report();
    return text;
}

static size_t line_length(const char* text)
{
    return strcspn(text, "\n");
}

void subject_compare(const char* report, const char* reference)
{
    while (*report != '\0' || *reference != '\0') {
        size_t a = line_length(report), b = line_length(reference);
        if (a != b || memcmp(report, reference, a) != 0)
            fail_msg("%s: the container is not as without the fault:\n  is      %.*s\n  must be %.*s", subject_progress,
                (int)a, report, (int)b, reference);
        report += a + (report[a] == '\n');
        reference += b + (reference[b] == '\n');
    }
}

/* --- what is left -------------------------------------------------------------------------------------------------------------- */

static bool has_device_program(int group_fd)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.query.target_fd   = (uint32_t)group_fd;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    return syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof(attributes)) == 0 && attributes.query.prog_cnt > 0;
}

void subject_check_limits(const struct linux_container* container)
{
    const struct linux_limits* limits = &container->limits;
    char                       text[64];
    if (kind != SUBJECT_LIMITS)
        return;
    int version = limits->version[LINUX_CONTROLLER_PIDS];
    int group   = version == 2 ? container->group_fd : limits->groups[limits->of[LINUX_CONTROLLER_PIDS]].group_fd;
    CV_TEST_OK(err, linux_cgroup_read(group, "pids.max", text, sizeof(text), &err));
    if (strtol(text, NULL, 10) != PIDS)
        fail_msg("%s: the limit of processes is %s", subject_progress, text);
    if (container->upper_fd < 0 || limits->version[LINUX_CONTROLLER_MEMORY] == 0
        || limits->version[LINUX_CONTROLLER_CPUSET] == 0)
        fail_msg("%s: a limit was lost", subject_progress);
    if (!has_device_program(container->group_fd) && limits->of[LINUX_CONTROLLER_DEVICES] < 0)
        fail_msg("%s: the rules of devices were lost", subject_progress);
}

static void check_no_group_of_version_1(void)
{
    for (int i = 0; i < LINUX_CONTROLLERS; i++) {
        int  parent = -1;
        char name[64];
        if (linux_v1_find_parent((enum linux_controller)i, NULL, &parent, &err) < 0)
            continue;
        cv_snprintf(name, sizeof(name), "c-%s", id);
        if (faccessat(parent, name, F_OK, 0) == 0)
            fail_msg("%s: a group of the controller %d is left", subject_progress, i);
        close(parent);
    }
}

/* Also of the tree of version 2. */
static void check_no_chosen_place(void)
{
    int root = -1, place = -1;
    CV_TEST_OK(err, linux_mountinfo_open_cgroup2(&root, &err));
    if (linux_cgroup_place_open(root, chosen_top, &place, &err) != CV_ERR_NOT_FOUND)
        fail_msg("%s: the chosen parent of cgroups is left", subject_progress);
    close(root);
    for (int i = 0; i < LINUX_CONTROLLERS; i++)
        if (linux_v1_find_parent((enum linux_controller)i, chosen_top, &place, &err) != CV_ERR_NOT_FOUND)
            fail_msg("%s: the chosen parent is left where the controller %d is", subject_progress, i);
}

static size_t count_entries(const char* path)
{
    DIR*   folder = opendir(path);
    size_t count  = 0;
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

static size_t count_lines(const char* path)
{
    FILE*  file  = fopen(path, "re");
    size_t count = 0;
    int    c;
    assert_non_null(file);
    while ((c = getc(file)) != EOF)
        count += c == '\n';
    fclose(file);
    return count;
}

struct subject_state subject_state_now(void)
{
    return (
        struct subject_state){ .fds = count_entries("/proc/self/fd"), .mounts = count_lines("/proc/self/mountinfo") };
}

void subject_check_state(const struct subject_state* before)
{
    struct subject_state after = subject_state_now();
    if (after.fds != before->fds || after.mounts != before->mounts)
        fail_msg("%s: descriptors %zu -> %zu, mounts %zu -> %zu", subject_progress, before->fds, after.fds,
            before->mounts, after.mounts);
}

bool subject_trash_is_empty(void)
{
    return count_entries(cv_test_path("state/trash")) <= 2;
}

static void check_no_path(const char* prefix)
{
    char name[96];
    cv_snprintf(name, sizeof(name), "%s%s", prefix, id);
    if (access(cv_test_path(name), F_OK) == 0)
        fail_msg("%s: '%s' is left", subject_progress, name);
}

void subject_check_nothing_left(const struct subject_state* before)
{
    char link[LINUX_NET_NAME_SIZE];
    int  parent = -1, group = -1;

    faults_reap_forks();
    if (waitpid(-1, NULL, WNOHANG | __WALL) >= 0)
        fail_msg("%s: a child is left, or wasn't waited for", subject_progress);
    check_no_path("run/c-");
    check_no_path("state/containers/");
    linux_net_host_name(id, link);
    if (if_nametoindex(link) != 0)
        fail_msg("%s: the link %s is left", subject_progress, link);
    check_no_group_of_version_1();
    check_no_chosen_place();
    CV_TEST_OK(err, linux_cgroup_open_parent(NULL, &parent, &err));
    if (linux_cgroup_open(parent, id, &group, &err) != CV_ERR_NOT_FOUND)
        fail_msg("%s: the control group is left", subject_progress);
    close(parent);
    subject_check_state(before);
}

/* --- faults that nobody is told of --------------------------------------------------------------------------------------------- */

static const struct {
    const char *call, *why;
} tolerated[] = {
    { "prctl 15", "PR_SET_NAME: what ps shows for an init" },
    { "setsockopt 10", "NETLINK_CAP_ACK: answers without a copy of the request" },
    { "setsockopt 11", "NETLINK_EXT_ACK: the kernel's reason as text, in an error" },
    { "stat", "is the folder there already? else it is made, which says so too" },
    { "opendir", "a create looks for trash of others; what it doesn't find is left to the next" },
    { "flock", "linux_hold_end: an unlock, which has no error on a descriptor that is open; all other locks are told" },
    { "syscall 429", "move_mount of the place where files for /etc are made: there are two places to try" },
    { "syscall 321", "bpf: rules of devices are then kept by version 1's controller" },
    { "shutdown", "towards the helper that maps ids and has ended: only there for when it waits in vain" },
    { "unlinkat", "of a home, in case that it is empty; else it goes by way of the trash" },
    { "fork", "to delete in the background; else it is done at once" },
    { "fstat", "the mode of a folder that is deleted; that it couldn't be read or changed, the deletes in it tell" },
    { "fchmod", "the same" },
    { "poll", "for the end of a child, which is looked at once more then; a poll for what is said is told" },
    { "syscall 424", "pidfd_send_signal to PID 1, whom the control group's kill reaches too" },
};

/* Of one that is granted more, and has an out-of-memory score. */
static const char* const score_calls[] = { "syscall 437", "fstatfs" };

static bool is_of_score(const char* call)
{
    for (size_t i = 0; kind == SUBJECT_GRANTED && i < CV_ARRAY_LEN(score_calls); i++)
        if (strcmp(call, score_calls[i]) == 0) {
            print_message(
                "tolerated: %s (of the host's /proc: one of our own is made in its place)\n", subject_progress);
            return true;
        }
    return false;
}

void subject_check_tolerated(const char* call)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(tolerated); i++)
        if (strcmp(call, tolerated[i].call) == 0) {
            print_message("tolerated: %s (%s)\n", subject_progress, tolerated[i].why);
            return;
        }
    if (is_of_score(call))
        return;
    if (getenv("CV_FAULTS_SHOW") == NULL)
        fail_msg("%s: nobody was told, and there is no reason why that is right", subject_progress);
    print_message("TOLERATED: %s\n", subject_progress);
}

unsigned subject_step(void)
{
    return getenv("CV_FAULTS_ALL") != NULL ? 1 : STRIDE;
}

unsigned subject_first(void)
{
    unsigned value;
    CV_TEST_OK(err, cv_random_bytes(&value, sizeof(value), &err));
    return 1 + value % subject_step();
}

/* --- around a test program ----------------------------------------------------------------------------------------------------- */

static int copy_report(void)
{
    char  block[65536];
    FILE *from = fopen(getenv("CV_REPORT"), "re"), *to = fopen(cv_test_path("shared/report"), "we");
    bool  copied = from != NULL && to != NULL;
    for (size_t n; copied && (n = fread(block, 1, sizeof(block), from)) > 0;)
        copied = fwrite(block, 1, n, to) == n;
    if (from != NULL)
        fclose(from);
    if (to != NULL)
        copied = fclose(to) == 0 && copied;
    return copied ? chmod(cv_test_path("shared/report"), 0755) : -1;
}

static int make_root(void)
{
    static const char* const folders[] = { "root", "root/dev", "root/proc", "root/sys", "root/etc", "root/mnt",
        "root/given", "root/tmp" };
    for (size_t i = 0; i < CV_ARRAY_LEN(folders); i++)
        if (mkdir(cv_test_path(folders[i]), 0755) < 0)
            return -1;
    return 0;
}

static int choose_names(void)
{
    char    digits[9];
    uint8_t octets[2];
    if (cv_random_hex(digits, 8, &err) < 0 || cv_random_bytes(octets, sizeof(octets), &err) < 0
        || cv_snprintf(id, sizeof(id), "f-%s", digits) < 0
        || cv_snprintf(chosen_top, sizeof(chosen_top), "/cv-test-faults-%s", digits) < 0
        || cv_snprintf(chosen_parent, sizeof(chosen_parent), "%s/below", chosen_top) < 0)
        return -1;
    return cv_snprintf(network_start, sizeof(network_start), "10.%d.%d", 200 + octets[0] % 16, octets[1]);
}

int subject_setup(void** state)
{
    if (cv_test_setup(state) != 0 || choose_names() < 0 || mkdir(cv_test_path("shared"), 0755) < 0
        || mkdir(cv_test_path("given"), 0755) < 0 || chmod(cv_test_path(""), 0755) < 0 || make_root() < 0
        || copy_report() < 0 || setenv("CONTAINERV_RUN_DIR", cv_test_path("run"), 1) < 0
        || setenv("CONTAINERV_STATE_DIR", cv_test_path("state"), 1) < 0)
        return -1;
    return 0;
}

int subject_teardown(void** state)
{
    umount2(cv_test_path("run/layers"), MNT_DETACH); /* in this process's own mount namespace */
    return cv_test_teardown(state);
}
