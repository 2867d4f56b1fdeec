/*
 * Each system call of a create fails in turn, in the guardian's part and inside the container. A create either says what went wrong or
 * has got along without that call; and whatever happened, nothing of the container is left.
 *
 * Every STRIDE-th call is tried with CV_FAULTS_ALL unset, from a random start, so that runs in time cover all.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <net/if.h>

#include <chef/containerv/policy.h>
#include <cv-test/support.h>
#include <cv/random.h>
#include <cv/str.h>

#include "faults.h"
#include "linux/cgroup.h"
#include "linux/container.h"
#include "linux/net.h"
#include "linux/source.h"

enum { CALLS_MAX = 20000, STRIDE = 6, CREATE_SECONDS = 30 };

static struct cv_error        err;
static struct cv_spec*        spec;
static struct cv_spec_process program;
static char                   id[32];
static char                   in_progress[96];

/* What a process and the host have; equal before and after. */
struct state {
    size_t fds, mounts;
};

static size_t count_fds(void)
{
    DIR*   folder = opendir("/proc/self/fd");
    size_t count  = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
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

static struct state state_now(void)
{
    return (struct state){ .fds = count_fds(), .mounts = count_lines("/proc/self/mountinfo") };
}

static void add_bind(const char* source, const char* destination, const char* last)
{
    const char* options[] = { "rbind", "nosuid", "nodev", last, NULL };

    CV_TEST_OK(err, cv_spec_add_mount(spec, destination, "bind", source, options, &err));
}

static void make_spec(const char* rootfs, bool no_init)
{
    spec = cv_spec_new();
    assert_non_null(spec);
    spec->root.set                 = 1;
    spec->ext.set                  = 1;
    spec->ext.id                   = strdup(id);
    spec->ext.no_init              = no_init;
    spec->hostname                 = strdup("faults");
    spec->ext.network.mode         = CV_SPEC_NETWORK_VETH;
    spec->ext.network.address      = strdup("10.213.77.2");
    spec->ext.network.netmask      = strdup("30");
    spec->ext.network.host_address = strdup("10.213.77.1");
    CV_TEST_OK(err, cv_spec_add_layer(spec, rootfs, &err));
    spec->linux_.time_offsets.set           = true;
    spec->linux_.time_offsets.boottime_secs = (struct cv_opt_int){ true, 1 };
    CV_TEST_OK(err, cv_spec_default_linux(spec, &err));
    add_bind(cv_test_path("shared"), "/mnt", NULL);
    add_bind(cv_test_path("given"), "/given", "x-containerv.chown");
    CV_TEST_OK(err, cv_spec_add_landlock_path(spec, "/", CV_ACCESS_READ | CV_ACCESS_EXECUTE, &err));
    CV_TEST_OK(err, cv_spec_add_landlock_tcp(spec, 80, CV_ACCESS_BIND, &err));
    CV_TEST_OK(err, cv_strv_append(&spec->process.args, "/bin/true"));
    CV_TEST_OK(err, cv_spec_validate(spec, &err));
    CV_TEST_OK(err, cv_spec_process_copy(&spec->process, &program, &err));
}

static void free_spec(void)
{
    cv_spec_process_release(&program);
    spec = cv_spec_free(spec);
}

static void check_no_path(const char* prefix)
{
    char name[96];
    snprintf(name, sizeof(name), "%s%s", prefix, id);
    if (access(cv_test_path(name), F_OK) == 0)
        fail_msg("%s: '%s' is left", in_progress, name);
}

static void check_nothing_left(const struct state* before)
{
    char link[LINUX_NET_NAME_SIZE];
    int  parent = -1, group = -1, status;

    faults_reap_forks();
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid >= 0)
        fail_msg("%s: a child is left, or wasn't waited for: %d", in_progress, (int)pid);
    check_no_path("run/c-");
    check_no_path("state/containers/");
    linux_net_host_name(id, link);
    if (if_nametoindex(link) != 0)
        fail_msg("%s: the link %s is left", in_progress, link);
    CV_TEST_OK(err, linux_cgroup_open_parent(&parent, &err));
    if (linux_cgroup_open(parent, id, &group, &err) != CV_ERR_NOT_FOUND)
        fail_msg("%s: the control group is left", in_progress);
    close(parent);
    struct state after = state_now();
    if (after.fds != before->fds || after.mounts != before->mounts)
        fail_msg("%s: descriptors %zu -> %zu, mounts %zu -> %zu", in_progress, before->fds, after.fds, before->mounts,
            after.mounts);
}

/* @return the call that failed, NULL when there are not that many */
static const char* create_with_fault(unsigned n, bool* tolerated_out)
{
    struct linux_start      start     = { .process = &program, .stdio = { -1, -1, -1 } };
    struct linux_child      child     = { .pidfd = -1, .terminal_fd = -1 };
    struct linux_container* container = NULL;
    struct state            before    = state_now();

    err = (struct cv_error)CV_ERROR_INIT;
    alarm(CREATE_SECONDS); /* a create that hangs ends the test */
    faults_arm(n);
    int         rc     = linux_container_create(spec, &start, &container, &child, &err);
    const char* failed = faults_disarm();
    snprintf(in_progress, sizeof(in_progress), "call %u (%s)", n, failed != NULL ? failed : "none failed");
    if (rc < 0 && (failed == NULL || err.code != rc || err.text[0] == '\0'))
        fail_msg("%s: create gave %d, error %d '%s'", in_progress, rc, err.code, err.text);
    if (rc == 0) {
        if (child.pidfd >= 0)
            close(child.pidfd);
        CV_TEST_OK(err, linux_container_destroy(container, &err));
    }
    check_nothing_left(&before);
    alarm(0);
    *tolerated_out = rc == 0;
    return failed;
}

static unsigned first(void)
{
    unsigned value;
    CV_TEST_OK(err, cv_random_bytes(&value, sizeof(value), &err));
    return value;
}

static void try_all(bool no_init)
{
    const char* rootfs = getenv("CV_SUITE_ROOTFS");
    unsigned    step = getenv("CV_FAULTS_ALL") != NULL ? 1 : STRIDE, tried = 0;
    const char* failed;
    bool        tolerated;

    assert_non_null(rootfs);
    make_spec(rootfs, no_init);
    CV_TEST_OK(err, linux_source_prepare(&err)); /* a guardian keeps what this makes */
    unsigned n = 1 + first() % step;
    for (; (failed = create_with_fault(n, &tolerated)) != NULL; n += step, tried++) {
        assert_in_range(n, 1, CALLS_MAX);
        if (tolerated)
            print_message("tolerated: %s\n", in_progress);
        else if (getenv("CV_FAULTS_SHOW") != NULL)
            print_message("%s: %s\n", in_progress, err.text);
    }
    assert_true(tolerated);
    print_message("%u of %u calls failed in turn\n", tried, n - 1);
    free_spec();
}

/* What a guardian makes once, at its first container. */
static void every_call_of_the_preparation(void** state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct state before = state_now();
        faults_arm(n);
        int         rc     = linux_source_prepare(&err);
        const char* failed = faults_disarm();
        snprintf(in_progress, sizeof(in_progress), "call %u (%s)", n, failed != NULL ? failed : "none failed");
        if (rc == 0 && failed == NULL)
            return;
        if (rc == 0 || err.text[0] == '\0')
            fail_msg("%s: gave %d '%s'", in_progress, rc, err.text);
        check_nothing_left(&before);
    }
}

static void every_call_with_init(void** state)
{
    (void)state;
    try_all(false);
}

static void every_call_without_init(void** state)
{
    (void)state;
    try_all(true);
}

static int setup(void** state)
{
    char digits[9];

    if (cv_test_setup(state) != 0 || cv_random_hex(digits, 8, &err) < 0
        || cv_snprintf(id, sizeof(id), "f-%s", digits) < 0 || mkdir(cv_test_path("shared"), 0755) < 0
        || mkdir(cv_test_path("given"), 0755) < 0 || setenv("CONTAINERV_RUN_DIR", cv_test_path("run"), 1) < 0
        || setenv("CONTAINERV_STATE_DIR", cv_test_path("state"), 1) < 0)
        return -1;
    return 0;
}

static int teardown(void** state)
{
    umount2(cv_test_path("run/layers"), MNT_DETACH); /* in this process's own mount namespace */
    return cv_test_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_the_preparation),
        cmocka_unit_test(every_call_with_init),
        cmocka_unit_test(every_call_without_init),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
