/* The cgroups of OCI containers, with real processes and the kernel's own files. Each test has a path of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

#include <chef/containerv/container.h>
#include <cv/process.h>
#include <cv/random.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/mountinfo.h"
#include "linux/oci-cgroup.h"

#include <cv/banned.h>

enum { WAIT_MS = 20000 };

static struct cv_error         err;
static struct linux_oci_cgroup cgroup;
static struct cv_spec*         spec;
static char                    path[64];

static int setup(void** state)
{
    char digits[17];
    (void)state;
    linux_oci_cgroup_init(&cgroup);
    if (cv_random_hex(digits, 16, &err) < 0 || cv_snprintf(path, sizeof(path), "/cv-test-%s/a/b", digits) < 0)
        return -1;
    return 0;
}

static void read_spec(const char* resources)
{
    char text[4096];
    int  length = snprintf(text, sizeof(text),
         "{\"linux\":{\"cgroupsPath\":\"%s\",\"namespaces\":[{\"type\":\"pid\"}],\"resources\":{%s}}}", path, resources);
    spec        = cv_spec_free(spec);
    CV_TEST_OK(err, cv_spec_parse(text, (size_t)length, &spec, &err));
    spec->ext.bare = true;
}

static int claim(const char* resources)
{
    read_spec(resources);
    return linux_oci_cgroup_claim(spec, "id", LINUX_OCI_FOLDERS, &cgroup, &err);
}

/* Whatever a failed test left ends here. */
static int teardown(void** state)
{
    (void)state;
    (void)linux_oci_cgroup_kill(&cgroup, WAIT_MS, NULL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    (void)linux_oci_cgroup_remove(&cgroup, WAIT_MS, NULL);
    linux_oci_cgroup_release(&cgroup);
    spec = cv_spec_free(spec);
    return 0;
}

/* In all of its groups, by itself, before it does anything. */
static pid_t start(void (*run)(void))
{
    int   go[2];
    char  byte;
    pid_t pid;
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        if (cgroup.group_fd >= 0 && linux_cgroup_write(cgroup.group_fd, "cgroup.procs", "0", NULL) < 0)
            _exit(1);
        if (linux_limits_join(&cgroup.limits, NULL) < 0)
            _exit(2);
        close(go[0]);
        if (write(go[1], "x", 1) != 1)
            _exit(3);
        run();
        _exit(0);
    }
    close(go[1]);
    assert_int_equal(read(go[0], &byte, 1), 1);
    close(go[0]);
    return pid;
}

static void sleep_for_ever(void)
{
    for (;;)
        pause();
}

static void have_children(void)
{
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            sleep_for_ever();
    sleep_for_ever();
}

static int status_of(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool is_there(const char* folder)
{
    struct linux_oci_cgroup found;
    int                     rc = linux_oci_cgroup_open(folder, false, &found, &err);
    if (rc == 0)
        linux_oci_cgroup_release(&found);
    else
        assert_int_equal(rc, CV_ERR_NOT_FOUND);
    return rc == 0;
}

/* A limit as the version that has the controller here writes it. */
static void assert_limit(enum linux_controller controller, const char* v1_file, const char* v1_value,
    const char* v2_file, const char* v2_value)
{
    char text[4096];
    int  of = cgroup.limits.of[controller];
    int  fd = of >= 0 ? cgroup.limits.groups[of].group_fd : cgroup.group_fd;
    CV_TEST_OK(err, linux_cgroup_read(fd, of >= 0 ? v1_file : v2_file, text, sizeof(text), &err));
    text[strcspn(text, "\n")] = '\0';
    assert_string_equal(text, of >= 0 ? v1_value : v2_value);
}

#define ASSERT_MEMORY(value)  assert_limit(LINUX_CONTROLLER_MEMORY, "memory.limit_in_bytes", value, "memory.max", value)
#define ASSERT_PIDS(value)    assert_limit(LINUX_CONTROLLER_PIDS, "pids.max", value, "pids.max", value)
#define ASSERT_QUOTA(v1, v2)  assert_limit(LINUX_CONTROLLER_CPU, "cpu.cfs_quota_us", v1, "cpu.max", v2)
#define ASSERT_SHARES(v1, v2) assert_limit(LINUX_CONTROLLER_CPU, "cpu.shares", v1, "cpu.weight", v2)

static size_t hierarchies(void)
{
    struct mountinfo info  = MOUNTINFO_INIT;
    size_t           count = 0;
    CV_TEST_OK(err, linux_mountinfo_read(&info, &err));
    for (const struct mountinfo_entry* entry = NULL; (entry = mountinfo_next(&info, entry, "cgroup")) != NULL;)
        count++;
    mountinfo_release(&info);
    return count;
}

static void it_is_in_every_hierarchy_and_gone_after(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim(""));
    assert_string_equal(cgroup.path, path);
    assert_true(cgroup.group_fd >= 0);
    assert_int_equal(cgroup.limits.group_count, hierarchies());
    assert_true(is_there(path));
    CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
    *strchr(path + 1, '/') = '\0'; /* what was made above it is gone, too */
    assert_false(is_there(path));
    CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
}

static void another_process_can_kill_by_the_path(void** state)
{
    struct linux_oci_cgroup other;
    pid_t*                  list  = NULL;
    size_t                  count = 0;
    (void)state;
    CV_TEST_OK(err, claim(""));
    pid_t pid = start(have_children);
    CV_TEST_OK(err, linux_oci_cgroup_open(path, false, &other, &err));
    for (count = 0; count < 4; free(list))
        CV_TEST_OK(err, linux_oci_cgroup_processes(&other, &list, &count, &err));
    assert_int_equal(count, 4);
    CV_TEST_OK(err, linux_oci_cgroup_kill(&other, WAIT_MS, &err));
    assert_int_equal(WTERMSIG(status_of(pid)), SIGKILL);
    CV_TEST_OK(err, linux_oci_cgroup_remove(&other, WAIT_MS, &err));
    linux_oci_cgroup_release(&other);
    assert_false(is_there(path));
}

static void a_signal_reaches_all(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim(""));
    pid_t first = start(sleep_for_ever), second = start(sleep_for_ever);
    CV_TEST_OK(err, linux_oci_cgroup_signal(&cgroup, SIGTERM, &err));
    assert_int_equal(WTERMSIG(status_of(first)), SIGTERM);
    assert_int_equal(WTERMSIG(status_of(second)), SIGTERM);
}

static void freeze_and_thaw(void)
{
    bool frozen = true;
    CV_TEST_OK(err, linux_oci_cgroup_is_frozen(&cgroup, &frozen, &err));
    assert_false(frozen);
    pid_t pid = start(sleep_for_ever);
    CV_TEST_OK(err, linux_oci_cgroup_freeze(&cgroup, WAIT_MS, &err));
    CV_TEST_OK(err, linux_oci_cgroup_is_frozen(&cgroup, &frozen, &err));
    assert_true(frozen);
    CV_TEST_OK(err, linux_oci_cgroup_thaw(&cgroup, WAIT_MS, &err));
    CV_TEST_OK(err, linux_oci_cgroup_is_frozen(&cgroup, &frozen, &err));
    assert_false(frozen);
    CV_TEST_OK(err, linux_oci_cgroup_freeze(&cgroup, WAIT_MS, &err));
    CV_TEST_OK(err, linux_oci_cgroup_kill(&cgroup, WAIT_MS, &err));
    assert_int_equal(WTERMSIG(status_of(pid)), SIGKILL);
}

static void it_can_be_frozen_and_killed_frozen(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim(""));
    freeze_and_thaw();
}

static void a_group_with_processes_is_nobody_elses(void** state)
{
    struct linux_oci_cgroup again;
    (void)state;
    CV_TEST_OK(err, claim(""));
    CV_TEST_OK(err, linux_oci_cgroup_claim(spec, "id", LINUX_OCI_FOLDERS, &again, &err)); /* still empty */
    linux_oci_cgroup_release(&again);
    pid_t pid = start(sleep_for_ever);
    CV_TEST_FAILS(CV_ERR_EXISTS, err, linux_oci_cgroup_claim(spec, "id", LINUX_OCI_FOLDERS, &again, &err));
    assert_true(is_there(path));
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
}

static void groups_made_inside_go_with_it(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim(""));
    int of     = cgroup.limits.of[LINUX_CONTROLLER_MEMORY];
    int memory = of >= 0 ? cgroup.limits.groups[of].group_fd : -1;
    assert_int_equal(mkdirat(cgroup.group_fd, "x", 0755), 0);
    assert_int_equal(mkdirat(cgroup.group_fd, "x/y", 0755), 0);
    if (of >= 0) {
        assert_int_equal(mkdirat(memory, "x", 0755), 0);
        assert_int_equal(mkdirat(memory, "x/y", 0755), 0);
    }
    CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
    assert_false(is_there(path));
}

static void what_was_there_before_stays(void** state)
{
    int root = -1;
    (void)state;
    *strchr(path + 1, '/') = '\0';
    CV_TEST_OK(err, linux_mountinfo_open_cgroup2(&root, &err));
    assert_int_equal(mkdirat(root, path + 1, 0755), 0);
    (void)cv_snprintf(path + strlen(path), sizeof(path) - strlen(path), "/c");
    CV_TEST_OK(err, claim(""));
    CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
    assert_false(is_there(path));
    *strchr(path + 1, '/') = '\0';
    assert_true(is_there(path));
    assert_int_equal(unlinkat(root, path + 1, AT_REMOVEDIR), 0);
    close(root);
}

static void limits_are_the_kernels(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim("\"memory\":{\"limit\":33554432},\"pids\":{\"limit\":7},\"cpu\":{\"shares\":2048,"
                          "\"quota\":50000,\"period\":100000,\"cpus\":\"0\"}"));
    ASSERT_MEMORY("33554432");
    ASSERT_PIDS("7");
    ASSERT_SHARES("2048", "79");
    ASSERT_QUOTA("50000", "50000 100000");
    assert_limit(LINUX_CONTROLLER_CPUSET, "cpuset.cpus", "0", "cpuset.cpus", "0");
}

static struct cv_spec* changes_of(const char* resources)
{
    struct cv_spec* changes = NULL;
    char            text[1024];
    int             length = snprintf(text, sizeof(text), "{\"linux\":{\"resources\":{%s}}}", resources);
    CV_TEST_OK(err, cv_spec_parse(text, (size_t)length, &changes, &err));
    return changes;
}

static int update(const char* resources)
{
    struct cv_spec*         changes = changes_of(resources);
    struct linux_oci_cgroup other;
    CV_TEST_OK(err, linux_oci_cgroup_open(path, false, &other, &err));
    int rc = linux_oci_cgroup_update(&other, &spec->linux_.resources, &changes->linux_.resources, &err);
    linux_oci_cgroup_release(&other);
    cv_spec_free(changes);
    return rc;
}

static void limits_can_be_changed(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim("\"memory\":{\"limit\":33554432},\"pids\":{\"limit\":7},\"cpu\":{\"quota\":50000,"
                          "\"period\":100000}"));
    CV_TEST_OK(err, update("\"memory\":{\"limit\":67108864},\"cpu\":{\"quota\":20000}"));
    ASSERT_MEMORY("67108864");
    ASSERT_QUOTA("20000", "20000 100000");
    ASSERT_PIDS("7");
    CV_TEST_OK(err, update("\"pids\":{\"limit\":-1},\"cpu\":{\"quota\":-1}"));
    ASSERT_PIDS("max");
    ASSERT_QUOTA("-1", "max 100000");
}

/* What was changed until then is as it was. */
static void a_change_that_fails_changes_nothing(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim("\"memory\":{\"limit\":33554432}"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, update("\"memory\":{\"limit\":67108864},\"cpu\":{\"cpus\":\"4000\"}"));
    ASSERT_MEMORY("33554432");
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, update("\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]"));
    if (cgroup.limits.version[LINUX_CONTROLLER_MEMORY] == 1)
        CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, update("\"unified\":{\"memory.high\":\"max\"}"));
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, update("\"network\":{\"classID\":1}"));
    assert_non_null(strstr(err.text, "net_cls"));
}

static void use_memory(void)
{
    (void)mmap(NULL, 16u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    kill(getpid(), SIGSTOP);
}

static void memory_in_use_can_be_looked_at_first(void** state)
{
    (void)state;
    int status;
    CV_TEST_OK(err, claim("\"memory\":{\"limit\":33554432}"));
    pid_t pid = start(use_memory);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    CV_TEST_FAILS(CV_ERR_STATE, err, update("\"memory\":{\"limit\":1048576,\"checkBeforeUpdate\":true}"));
    ASSERT_MEMORY("33554432");
}

static void too_much_memory(void)
{
    for (;;)
        (void)mmap(NULL, 1u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

static void what_is_used_is_counted(void** state)
{
    struct containerv_stats stats = { 0 };
    struct linux_oci_cgroup other;
    (void)state;
    CV_TEST_OK(err, claim("\"memory\":{\"limit\":16777216,\"swap\":16777216}"));
    pid_t sleeper = start(sleep_for_ever);
    pid_t eater   = start(too_much_memory);
    assert_int_equal(WTERMSIG(status_of(eater)), SIGKILL);
    CV_TEST_OK(err, linux_oci_cgroup_open(path, false, &other, &err));
    CV_TEST_OK(err, linux_oci_cgroup_stats(&other, &stats, &err));
    assert_int_equal(stats.known & (CV_STATS_CPU | CV_STATS_MEMORY | CV_STATS_PIDS | CV_STATS_OOM),
        CV_STATS_CPU | CV_STATS_MEMORY | CV_STATS_PIDS | CV_STATS_OOM);
    assert_int_equal(stats.memory_limit_bytes, 16777216);
    assert_int_equal(stats.pids, 1);
    assert_int_equal(stats.oom_kills, 1);
    assert_true(stats.cpu_usage_ns > 0);
    assert_int_equal(linux_oci_cgroup_oom_kills(&other), 1);
    linux_oci_cgroup_release(&other);
    assert_int_equal(kill(sleeper, 0), 0);
}

static void devices_are_forbidden_unless_allowed(void** state)
{
    (void)state;
    CV_TEST_OK(err, claim("\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]"));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (linux_cgroup_write(cgroup.group_fd, "cgroup.procs", "0", NULL) < 0
            || linux_limits_join(&cgroup.limits, NULL) < 0)
            _exit(1);
        if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
            _exit(2);
        _exit(open("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM ? 3 : 0);
    }
    assert_int_equal(status_of(pid), 0);
}

static void without_a_cgroup_no_limit_can_be_kept(void** state)
{
    (void)state;
    read_spec("\"pids\":{\"limit\":-1}");
    CV_TEST_OK(err, linux_oci_cgroup_claim(spec, "id", LINUX_OCI_NO_CGROUP, &cgroup, &err));
    assert_null(cgroup.path);
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, linux_oci_cgroup_freeze(&cgroup, WAIT_MS, &err));
    read_spec("\"pids\":{\"limit\":7}");
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_oci_cgroup_claim(spec, "id", LINUX_OCI_NO_CGROUP, &cgroup, &err));
}

/* In a mount namespace without version 2. */
static void version_1_alone_is_enough(void** state)
{
    (void)state;
    if (hierarchies() == 0) {
        print_message("this machine has no hierarchy of version 1\n");
        return;
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct mountinfo              info  = MOUNTINFO_INIT;
        const struct mountinfo_entry* entry = NULL;
        alarm(CHILD_SECONDS);
        assert_int_equal(unshare(CLONE_NEWNS), 0);
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        CV_TEST_OK(err, linux_mountinfo_read(&info, &err));
        while ((entry = mountinfo_next(&info, entry, "cgroup2")) != NULL)
            assert_int_equal(umount2(entry->target, MNT_DETACH), 0);
        mountinfo_release(&info);
        CV_TEST_OK(err, claim("\"pids\":{\"limit\":7}"));
        assert_true(cgroup.group_fd < 0);
        freeze_and_thaw();
        pid_t* list  = NULL;
        size_t count = 0;
        pid_t  child = start(sleep_for_ever);
        CV_TEST_OK(err, linux_oci_cgroup_processes(&cgroup, &list, &count, &err));
        assert_int_equal(count, 1);
        assert_int_equal(list[0], child);
        struct containerv_stats stats;
        CV_TEST_OK(err, linux_oci_cgroup_stats(&cgroup, &stats, &err));
        assert_int_equal(stats.known & (CV_STATS_CPU | CV_STATS_PIDS), CV_STATS_CPU | CV_STATS_PIDS);
        assert_true(stats.cpu_usage_ns > 0);
        free(list);
        CV_TEST_OK(err, linux_oci_cgroup_kill(&cgroup, WAIT_MS, &err));
        CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
        assert_false(is_there(path));
        _exit(0);
    }
    assert_int_equal(status_of(pid), 0);
}

static void reload_units(void)
{
    const char* const      argv[] = { "systemctl", "daemon-reload", NULL };
    struct cv_process_spec reload = CV_PROCESS_SPEC_INIT;
    int                    code   = -1;
    reload.argv                   = argv;
    CV_TEST_OK(err, cv_process_run(&reload, WAIT_MS, &code, &err));
    assert_int_equal(code, 0);
}

/* Where systemd is the first process; elsewhere it is said what to do. */
static void a_unit_of_systemd_can_have_it(void** state)
{
    char name[64], above[64];
    (void)state;
    (void)cv_snprintf(name, sizeof(name), "cvtest-%.16s.scope", path + strlen("/cv-test-"));
    (void)cv_snprintf(above, sizeof(above), "cvtest.slice:cvtest:%.16s", path + strlen("/cv-test-"));
    (void)cv_snprintf(path, sizeof(path), "%s", above);
    read_spec("\"pids\":{\"limit\":7},\"memory\":{\"limit\":33554432},\"cpu\":{\"quota\":50000}");
    int rc = linux_oci_cgroup_claim(spec, "id", LINUX_OCI_SYSTEMD, &cgroup, &err);
    if (access("/run/systemd/system", F_OK) < 0) {
        assert_int_equal(rc, CV_ERR_UNSUPPORTED);
        assert_non_null(strstr(err.hint, "--systemd-cgroup"));
        return;
    }
    CV_TEST_OK(err, rc);
    assert_non_null(strstr(cgroup.path, "/cvtest.slice/"));
    assert_non_null(strstr(cgroup.path, name));
    (void)cv_snprintf(path, sizeof(path), "%s", cgroup.path);
    pid_t pid = start(sleep_for_ever);
    linux_oci_cgroup_settled(&cgroup);
    reload_units();
    ASSERT_PIDS("7");
    ASSERT_MEMORY("33554432");
    ASSERT_QUOTA("50000", "50000 100000");
    struct cv_spec* changes = changes_of("\"pids\":{\"limit\":9}");
    CV_TEST_OK(err, linux_oci_cgroup_update(&cgroup, &spec->linux_.resources, &changes->linux_.resources, &err));
    cv_spec_free(changes);
    reload_units();
    ASSERT_PIDS("9");
    ASSERT_MEMORY("33554432");
    CV_TEST_OK(err, linux_oci_cgroup_kill(&cgroup, WAIT_MS, &err));
    assert_int_equal(WTERMSIG(status_of(pid)), SIGKILL);
    CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
    assert_false(is_there(path));
    CV_TEST_OK(err, linux_oci_cgroup_remove(&cgroup, WAIT_MS, &err));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(it_is_in_every_hierarchy_and_gone_after),
        CASE(another_process_can_kill_by_the_path),
        CASE(a_signal_reaches_all),
        CASE(it_can_be_frozen_and_killed_frozen),
        CASE(a_group_with_processes_is_nobody_elses),
        CASE(groups_made_inside_go_with_it),
        CASE(what_was_there_before_stays),
        CASE(limits_are_the_kernels),
        CASE(limits_can_be_changed),
        CASE(a_change_that_fails_changes_nothing),
        CASE(memory_in_use_can_be_looked_at_first),
        CASE(what_is_used_is_counted),
        CASE(devices_are_forbidden_unless_allowed),
        CASE(without_a_cgroup_no_limit_can_be_kept),
        CASE(version_1_alone_is_enough),
        CASE(a_unit_of_systemd_can_have_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
