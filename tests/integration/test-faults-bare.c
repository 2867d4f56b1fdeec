/*
 * Each system call fails in turn while an OCI runtime makes a container, in its own part, in hooks and inside the container. It either
 * says what went wrong, or it has got along without that call: then the call is one that may fail, and the container is as it is without
 * the fault. And whatever happened, nothing of the container is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/str.h>

#include "faults-subject.h"
#include "faults.h"
#include "linux/bare.h"

enum { CALLS_MAX = 20000, CREATE_SECONDS = 30, OUTPUT_MAX = 16384 };

static const char           id[] = "faults-bare";
static struct cv_error      err;
static char                 group[64];
static struct cv_spec*      spec;
static struct subject_state before;
static int                  output[2];

/* What its program sees of its isolation; numbers of mounts and namespaces are others each time. */
#define SHOW                                                                                                           \
    "cut -d' ' -f4-6 /proc/self/mountinfo; grep -E '^(Uid|Groups|NoNewPrivs|Seccomp|Cap)' /proc/self/status; "         \
    "hostname; "                                                                                                       \
    "ls /dev; ls /proc/self/fd; echo $HOME; pwd; ulimit -n; cat /proc/net/dev | grep -c :"

static void make_spec(void)
{
    static const char text[] =
        "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"%s\",\"readonly\":true},\"hostname\":\"inside\",\"process\":{"
        "\"cwd\":\"/"
        "\",\"env\":[\"PATH=/bin\",\"HOME=/\"],\"args\":[\"/bin/"
        "sh\",\"-c\",\"%s\"],\"noNewPrivileges\":true,\"capabilities\":{"
        "\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":"
        "\"RLIMIT_NOFILE\",\"soft\":99,\"hard\":100}]},\"mounts\":[{\"destination\":\"/"
        "proc\",\"type\":\"proc\",\"source\":"
        "\"proc\"},{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"mode=755\"]},{"
        "\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"/tmp\",\"options\":[\"bind\",\"ro\"]}],\"hooks\":{"
        "\"createRuntime\":[{\"path\":\"/bin/true\"}],\"createContainer\":[{\"path\":\"/bin/true\"}]},\"linux\":{"
        "\"cgroupsPath\":\"%s/inner\",\"resources\":{\"pids\":{\"limit\":50}},\"maskedPaths\":[\"/proc/kcore\"],"
        "\"readonlyPaths\":[\"/proc/sys\"],\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
        "\"mount\"],\"action\":\"SCMP_ACT_ERRNO\"}]},\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":"
        "\"ipc\"},{\"type\":\"uts\"},{\"type\":\"network\"}]}}";
    CV_CLEANUP(cv_freep) char* document = NULL;

    cv_snprintf(group, sizeof(group), "/cv-faults-bare-%d", (int)getpid());
    document = cv_asprintf(&err, text, getenv("CV_SUITE_ROOTFS"), SHOW, group);
    assert_non_null(document);
    CV_TEST_OK(err, cv_spec_parse(document, strlen(document), &spec, &err));
}

/* --- what is left -------------------------------------------------------------------------------------------------------------- */

static const char* const hierarchies[] = { "", "unified", "memory", "pids", "cpu", "cpuset", "devices", "freezer",
    "blkio", "hugetlb", "cpuacct", "net_cls", "net_prio", "perf_event" };

static void each_group(const char* name, void (*what)(const char* path))
{
    char path[256];

    for (size_t i = 0; i < CV_ARRAY_LEN(hierarchies); i++) {
        cv_snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s%s", hierarchies[i], group, name);
        what(path);
    }
}

static void must_be_gone(const char* path)
{
    if (access(path, F_OK) == 0)
        fail_msg("%s: %s is left", subject_progress, path);
}

static void remove_if_there(const char* path)
{
    (void)rmdir(path);
}

static void check_nothing_left(void)
{
    faults_reap_forks();
    if (waitpid(-1, NULL, WNOHANG | __WALL) >= 0)
        fail_msg("%s: a child is left", subject_progress);
    must_be_gone(cv_test_path("bare/faults-bare"));
    each_group("/inner", must_be_gone);
    subject_check_state(&before);
}

/* --- one container ------------------------------------------------------------------------------------------------------------- */

static char* hear(void)
{
    char*   text = calloc(1, OUTPUT_MAX);
    size_t  used = 0;
    ssize_t n;

    assert_non_null(text);
    while ((n = read(output[0], text + used, OUTPUT_MAX - 1 - used)) > 0)
        used += (size_t)n;
    return text;
}

/* It came up: it must run, and say what it always says. */
static char* judge(pid_t pid, const char* reference)
{
    struct linux_bare* bare = NULL;
    char*              report;
    int                status = -1;

    CV_TEST_OK(err, linux_bare_open(cv_test_path("bare"), id, &bare, &err));
    if (linux_bare_start(bare, &err) < 0)
        fail_msg("%s: it could not be started: %s", subject_progress, err.text);
    close(output[1]);
    output[1] = -1;
    report    = hear();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s: the program ended with status %x: %s", subject_progress, (unsigned)status, report);
    if (reference != NULL && strcmp(report, reference) != 0)
        fail_msg("%s: isolated otherwise:\n%s\nnot\n%s", subject_progress, report, reference);
    CV_TEST_OK(err, linux_bare_delete(bare, false, &err));
    linux_bare_close(bare);
    return report;
}

static const struct {
    const char *call, *why;
} tolerated[] = {
    { "mkdir", "of the folder for compiled filters: without it they are compiled each time" },
    { "open", "of the cgroup2 tree: one that can't be opened may be covered, then only version 1's are claimed" },
    { "fstatfs", "the same" },
    { "fcntl 1", "F_GETFD: a hook gets a pipe in place of an stdout that seems to be none" },
    { "read", "of a hook's stderr, for the error's text and ours: how it ended is told all the same" },
};

static void check_tolerated(const char* call)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(tolerated); i++)
        if (strcmp(tolerated[i].call, call) == 0)
            return;
    subject_check_tolerated(call);
}

/* @return the call that failed, NULL when there are not that many */
static const char* create_with_fault(unsigned n, const char* reference, char** report_out)
{
    struct linux_bare_options options = {
        .root = cv_test_path("bare"), .id = id, .bundle = cv_test_path("."), .console_fd = -1
    };
    pid_t pid = 0;

    before = subject_state_now();
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    options.stdio[0] = -1;
    options.stdio[1] = options.stdio[2] = output[1];
    err                                 = (struct cv_error)CV_ERROR_INIT;
    alarm(CREATE_SECONDS); /* a create that hangs ends the test */
    faults_arm(n);
    int         rc     = linux_bare_create(spec, &options, &pid, NULL, &err);
    const char* failed = faults_disarm();
    cv_snprintf(subject_progress, sizeof(subject_progress), "call %u (%s)", n, failed != NULL ? failed : "none failed");
    if (rc < 0 && (failed == NULL || err.code != rc || err.text[0] == '\0'))
        fail_msg("%s: create gave %d, error %d '%s'", subject_progress, rc, err.code, err.text);
    if (rc < 0 && getenv("CV_FAULTS_SHOW") != NULL)
        print_message("%s: %s\n", subject_progress, err.text);
    if (rc == 0) {
        *report_out = judge(pid, reference);
        if (failed != NULL)
            check_tolerated(failed);
    }
    close(output[0]);
    if (output[1] >= 0)
        close(output[1]);
    check_nothing_left();
    alarm(0);
    return failed;
}

static void every_call(void** state)
{
    char *   report = NULL, *reference = NULL;
    unsigned n, tried = 0, count = 0;

    (void)state;
    make_spec();
    assert_null(create_with_fault(CALLS_MAX, NULL, &reference));
    for (n = subject_first(); create_with_fault(n, reference, &report) != NULL; n += subject_step(), tried++) {
        assert_in_range(n, 1, CALLS_MAX);
        count += report != NULL;
        free(report);
        report = NULL;
    }
    assert_non_null(report);
    print_message("%u of %u calls failed in turn, %u of them were tolerated\n", tried, n - 1, count);
    free(report);
    free(reference);
    cv_spec_free(spec);
    each_group("", remove_if_there);
}

int main(int argc, char** argv)
{
    (void)argc;
    linux_bare_settle(argv, true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
