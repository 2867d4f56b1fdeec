/*
 * What an OCI document says about a process, and what the kernel then says of it: of a container's first process, and of one that joins.
 * The containers are made as the guardian makes them; no public API takes these fields yet.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/bare.h"
#include "linux/container.h"

enum { ANSWER_MAX = 4096, RUN_SECONDS = 30 };

static struct cv_error err;

/* Fields of "process" and of "linux", each with a comma at its end; NULL: none. */
struct document {
    const char *process, *linux_, *script;
    bool        users; /* a user namespace of its own */
};

static struct cv_spec* spec_of(const struct document* document)
{
    struct cv_spec* spec = NULL;
    char*           text = cv_asprintf(&err,
                  "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"%s\",\"readonly\":true},"
                            "\"process\":{%s\"cwd\":\"/\",\"env\":[\"PATH=/bin\"],\"args\":[\"/bin/sh\",\"-c\",\"%s\"]},"
                            "\"linux\":{%s\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}%s]},"
                            "\"org.containerv\":{\"id\":\"process-object\"}}",
                  getenv("CV_SUITE_ROOTFS"), document->process != NULL ? document->process : "", document->script,
        document->linux_ != NULL ? document->linux_ : "", document->users ? ",{\"type\":\"user\"}" : "");

    assert_non_null(text);
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    free(text);
    CV_TEST_OK(err, cv_spec_default_linux(spec, &err));
    CV_TEST_OK(err, cv_spec_validate(spec, &err));
    return spec;
}

/* All that comes until nobody has the other end any more, without the last line's end. */
static void hear(int fd, char* answer)
{
    size_t length = 0;
    for (ssize_t n = 1; n > 0; length += (size_t)n) {
        struct pollfd entry = { .fd = fd, .events = POLLIN };
        assert_int_equal(poll(&entry, 1, RUN_SECONDS * 1000), 1);
        n = read(fd, answer + length, ANSWER_MAX - 1 - length);
        assert_true(n >= 0);
    }
    answer[length] = '\0';
    if (length > 0 && answer[length - 1] == '\n')
        answer[length - 1] = '\0';
}

static void wait_for(struct linux_child* child)
{
    struct pollfd ended = { .fd = child->pidfd, .events = POLLIN };
    assert_int_equal(poll(&ended, 1, RUN_SECONDS * 1000), 1);
    if (child->ours)
        assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
    close(child->pidfd);
    if (child->terminal_fd >= 0)
        close(child->terminal_fd);
}

static int create(struct cv_spec* spec, int output, struct linux_container** container_out, struct linux_child* child)
{
    const struct linux_start start = {
        .process = &spec->process, .stdio = { -1, output, output }, .terminal = spec->process.terminal
    };
    err = (struct cv_error)CV_ERROR_INIT;
    return linux_container_create(spec, &start, container_out, child, &err);
}

/* What the container's first process says. */
static const char* said_by(const struct document* document)
{
    static char             answer[ANSWER_MAX];
    struct linux_container* container = NULL;
    struct linux_child      child     = { .pidfd = -1, .terminal_fd = -1 };
    struct cv_spec*         spec      = spec_of(document);
    int                     output[2];

    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    CV_TEST_OK(err, create(spec, output[1], &container, &child));
    close(output[1]);
    hear(output[0], answer);
    close(output[0]);
    close(child.pidfd);
    CV_TEST_OK(err, linux_container_destroy(container, &err));
    cv_spec_free(spec);
    return answer;
}

#define SAID(s, ...) said_by(&(const struct document){ .script = (s), __VA_ARGS__ })

static void refused(int code, const char* word, const struct document* document)
{
    struct linux_container* container = NULL;
    struct linux_child      child     = { .pidfd = -1, .terminal_fd = -1 };
    struct cv_spec*         spec      = spec_of(document);

    if (create(spec, -1, &container, &child) != code)
        fail_msg("%d, %s", err.code, err.text);
    if (strstr(err.text, word) == NULL)
        fail_msg("'%s' has no '%s'", err.text, word);
    cv_spec_free(spec);
}

#define REFUSED(code, word, ...) refused(code, word, &(const struct document){ .script = "exit 0", __VA_ARGS__ })

/* --- the tests ----------------------------------------------------------------------------------------------------------------- */

/* nice, real-time priority and policy of /proc/PID/stat. */
#define SCHEDULE "cut -d' ' -f19,40,41 /proc/self/stat"

static void each_scheduler_is_set(void** state)
{
    (void)state;
    assert_string_equal(SAID(SCHEDULE), "0 0 0");
    assert_string_equal(SAID(SCHEDULE, .process = "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":7},"), "7 0 0");
    assert_string_equal(
        SAID(SCHEDULE, .process = "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":12},"), "0 12 1");
    assert_string_equal(SAID(SCHEDULE, .process = "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":3},"), "0 3 2");
    assert_string_equal(SAID(SCHEDULE, .process = "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":-3},"), "-3 0 3");
    assert_string_equal(SAID(SCHEDULE, .process = "\"scheduler\":{\"policy\":\"SCHED_IDLE\"},"), "0 0 5");
    /* the shell is that; what it starts isn't any more */
    assert_string_equal(SAID("read -r line </proc/self/stat; set -- $line; echo ${40} ${41}; " SCHEDULE "; true",
                            .process = "\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":3,"
                                       "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]},"),
        "3 2\n0 0 0");
}

/* A task with a deadline can't fork, so that the shell itself must look. */
static void a_deadline_is_set(void** state)
{
    (void)state;
    assert_string_equal(SAID("read -r line </proc/self/stat; set -- $line; echo ${41}",
                            .process = "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1000000,"
                                       "\"deadline\":100000000,\"period\":100000000},"),
        "6");
    REFUSED(CV_ERR_SYSTEM, "SCHED_DEADLINE",
        .process = "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,"
                   "\"deadline\":2,\"period\":3},");
}

static void what_the_kernel_does_not_grant_is_an_error(void** state)
{
    (void)state;
    REFUSED(CV_ERR_PERMISSION, "process.scheduler", .users = true,
        .process = "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":1},");
    assert_non_null(strstr(err.hint, "CAP_SYS_NICE"));
    REFUSED(CV_ERR_PERMISSION, "process.ioPriority", .users = true,
        .process = "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":1},");
    REFUSED(CV_ERR_SYSTEM, "SCHED_ISO", .process = "\"scheduler\":{\"policy\":\"SCHED_ISO\"},");
}

static void each_io_priority_is_set(void** state)
{
    (void)state;
    assert_string_equal(
        SAID("ionice -p $$", .process = "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":2},"),
        "best-effort: prio 2");
    assert_string_equal(
        SAID("ionice -p $$", .process = "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":5},"),
        "realtime: prio 5");
    assert_string_equal(
        SAID("ionice -p $$", .users = true, .process = "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"},"), "idle");
}

static void each_personality_is_set(void** state)
{
    static const char script[] = "cat /proc/self/personality";
    (void)state;
    assert_string_equal(SAID(script), "00000000");
    assert_string_equal(SAID(script, .linux_ = "\"personality\":{\"domain\":\"LINUX\"},"), "00000000");
    assert_string_equal(SAID(script, .linux_ = "\"personality\":{\"domain\":\"LINUX32\"},"), "00000008");
    REFUSED(CV_ERR_UNSUPPORTED, "linux.personality.flags",
        .linux_ = "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"ADDR_NO_RANDOMIZE\"]},");
}

static void labels_need_their_module(void** state)
{
    (void)state;
    REFUSED(CV_ERR_UNSUPPORTED, "process.apparmorProfile", .process = "\"apparmorProfile\":\"docker-default\",");
    REFUSED(CV_ERR_UNSUPPORTED, "process.selinuxLabel",
        .process = "\"selinuxLabel\":\"system_u:system_r:container_t:s0\",");
    assert_string_equal(SAID("echo runs", .process = "\"apparmorProfile\":\"unconfined\","), "runs");
}

static void the_score_and_the_mask_are_set(void** state)
{
    (void)state;
    assert_string_equal(SAID("cat /proc/self/oom_score_adj; umask", .users = true,
                            .process = "\"oomScoreAdj\":321,\"user\":{\"umask\":63},"),
        "321\n0077");
    assert_string_equal(SAID("umask; cat /proc/self/oom_score_adj", .process = "\"oomScoreAdj\":9,"), "0022\n9");
}

static void limits_of_resources_are_set(void** state)
{
    (void)state;
    assert_string_equal(SAID("ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc", .users = true,
                            .process = "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":100,\"hard\":200},"
                                       "{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":512}],"),
        "100\n200\n0\n1");
}

static void a_capability_of_nobody_is_named(void** state)
{
#define CAP_SETS(name) "\"capabilities\":{\"bounding\":[" name "],\"permitted\":[" name "],\"effective\":[" name "]},"
    (void)state;
    assert_string_equal(
        SAID("grep -E 'Cap(Bnd|Amb|Inh)' /proc/self/status",
            .process = "\"user\":{\"uid\":1000,\"gid\":1000},\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"],"
                       "\"permitted\":[\"CAP_CHOWN\"],\"inheritable\":[\"CAP_CHOWN\"],"
                       "\"ambient\":[\"CAP_CHOWN\"]},"),
        "CapInh:\t0000000000000001\nCapBnd:\t0000000000000001\nCapAmb:\t0000000000000001");
    pid_t pid = fork();
    if (pid == 0) { /* a host that lacks one */
        if (prctl(PR_CAPBSET_DROP, 16, 0, 0, 0) < 0)
            _exit(2);
        REFUSED(CV_ERR_PERMISSION, "CAP_SYS_MODULE", .process = CAP_SETS("\"CAP_CHOWN\",\"CAP_SYS_MODULE\""));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void the_terminal_has_its_size(void** state)
{
    struct linux_container* container = NULL;
    struct linux_child      child     = { .pidfd = -1, .terminal_fd = -1 };
    char                    answer[64];
    struct cv_spec*         spec = spec_of(&(const struct document){
                .script = "stty size", .process = "\"terminal\":true,\"consoleSize\":{\"height\":43,\"width\":132}," });

    (void)state;
    CV_TEST_OK(err, create(spec, -1, &container, &child));
    ssize_t n = read(child.terminal_fd, answer, sizeof(answer) - 1);
    assert_true(n > 0);
    answer[n] = '\0';
    assert_string_equal(answer, "43 132\r\n");
    close(child.terminal_fd);
    close(child.pidfd);
    CV_TEST_OK(err, linux_container_destroy(container, &err));
    cv_spec_free(spec);
}

/* What a process says that joins a container, with these fields of its own. */
static const char* said_by_joined(struct linux_container* container, const char* fields, const char* script)
{
    static char            answer[ANSWER_MAX];
    struct cv_spec_process process = { 0 };
    struct linux_child     child   = { .pidfd = -1, .terminal_fd = -1 };
    bool                   is_main = true;
    int                    output[2];
    char*                  text = cv_asprintf(
                         &err, "{%s\"cwd\":\"/\",\"env\":[\"PATH=/bin\"],\"args\":[\"/bin/sh\",\"-c\",\"%s\"]}", fields, script);

    assert_non_null(text);
    CV_TEST_OK(err, cv_spec_process_parse(text, strlen(text), &process, &err));
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    const struct linux_start start = { .process = &process, .stdio = { -1, output[1], output[1] } };
    int                      rc    = linux_container_spawn(container, &start, &child, &is_main, &err);
    close(output[1]);
    hear(output[0], answer);
    close(output[0]);
    if (rc == 0)
        wait_for(&child);
    cv_spec_process_release(&process);
    free(text);
    return rc == 0 ? answer : NULL;
}

static void one_that_joins_has_its_own(void** state)
{
    static const char       cpus[]    = "grep Cpus_allowed_list /proc/self/status";
    struct linux_container* container = NULL;
    struct linux_child      child     = { .pidfd = -1, .terminal_fd = -1 };
    cpu_set_t               before, after;
    struct cv_spec*         spec = spec_of(&(const struct document){ .script = "sleep 1000",
                .users                                                       = true,
                .process = "\"scheduler\":{\"policy\":\"SCHED_BATCH\"},\"execCPUAffinity\":{\"final\":\"0\"},",
                .linux_  = "\"personality\":{\"domain\":\"LINUX32\"}," });

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    CV_TEST_OK(err, create(spec, -1, &container, &child));
    assert_string_equal(said_by_joined(container, "", SCHEDULE "; cat /proc/self/personality"), "0 0 0\n00000008");
    assert_string_equal(said_by_joined(container, "\"scheduler\":{\"policy\":\"SCHED_IDLE\"},", SCHEDULE), "0 0 5");
    assert_string_equal(said_by_joined(container, "\"oomScoreAdj\":12,", "cat /proc/self/oom_score_adj"), "12");
    assert_string_equal(
        said_by_joined(container, "\"execCPUAffinity\":{\"final\":\"0\"},", cpus), "Cpus_allowed_list:\t0");
    assert_string_equal(said_by_joined(container, "\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"0-1\"},", cpus),
        "Cpus_allowed_list:\t0-1");
    assert_null(said_by_joined(container, "\"execCPUAffinity\":{\"final\":\"4000\"},", cpus));
    assert_non_null(strstr(err.text, "process.execCPUAffinity.final"));
    assert_null(said_by_joined(container, "\"execCPUAffinity\":{\"initial\":\"4000\"},", cpus));
    assert_non_null(strstr(err.text, "process.execCPUAffinity.initial"));
    assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
    assert_memory_equal(&before, &after, sizeof(before));
    close(child.pidfd);
    CV_TEST_OK(err, linux_container_destroy(container, &err));
    cv_spec_free(spec);
}

/* --- of an OCI runtime --------------------------------------------------------------------------------------------------------- */

/* With a /dev of its own: devices would be made in the root that all tests use. */
static pid_t create_bare(const char* id, bool no_new_keyring, int output)
{
    struct cv_spec* spec = NULL;
    pid_t           pid  = 0;
    char*           text = cv_asprintf(&err,
                  "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"%s\",\"readonly\":true},\"process\":{\"cwd\":\"/\","
                            "\"env\":[\"PATH=/bin\"],\"args\":[\"/bin/sh\",\"-c\",\"cat /proc/keys\"]},\"mounts\":[{\"destination\":"
                            "\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},{\"destination\":\"/"
                            "dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}],"
                            "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]}}",
                  getenv("CV_SUITE_ROOTFS"));

    assert_non_null(text);
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    free(text);
    const struct linux_bare_options options = { .root = cv_test_path("bare"),
        .id                                           = id,
        .bundle                                       = cv_test_path(""),
        .no_cgroup                                    = true,
        .no_new_keyring                               = no_new_keyring,
        .stdio                                        = { -1, output, output },
        .console_fd                                   = -1 };
    CV_TEST_OK(err, linux_bare_create(spec, &options, &pid, NULL, &err));
    cv_spec_free(spec);
    return pid;
}

/* What /proc/keys is in it: only keys that its program may see. */
static const char* keys_in(const char* id, bool no_new_keyring)
{
    static char        answer[ANSWER_MAX];
    struct linux_bare* bare = NULL;
    int                output[2];
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    pid_t pid = create_bare(id, no_new_keyring, output[1]);
    close(output[1]);
    CV_TEST_OK(err, linux_bare_open(cv_test_path("bare"), id, &bare, &err));
    CV_TEST_OK(err, linux_bare_start(bare, &err));
    hear(output[0], answer);
    close(output[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    CV_TEST_OK(err, linux_bare_delete(bare, false, &err));
    linux_bare_close(bare);
    return answer;
}

static void a_runtimes_container_has_its_own_keyring(void** state)
{
    (void)state;
    const char* keys = keys_in("keys-own", false);
    assert_non_null(strstr(keys, " _ses.keys-own"));
    assert_non_null(strstr(keys, " 3f1b0000 "));
    assert_null(strstr(keys_in("keys-given", true), "_ses.keys-given"));
}

static int setup(void** state)
{
    if (cv_test_setup(state) != 0 || mkdir(cv_test_path("run"), 0700) < 0 || mkdir(cv_test_path("state"), 0700) < 0
        || setenv("CONTAINERV_RUN_DIR", cv_test_path("run"), 1) < 0
        || setenv("CONTAINERV_STATE_DIR", cv_test_path("state"), 1) < 0)
        return -1;
    return 0;
}

static int teardown(void** state)
{
    umount2(cv_test_path("run/layers"), MNT_DETACH); /* in this process's own mount namespace */
    return cv_test_teardown(state);
}

int main(int argc, char** argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scheduler_is_set),
        cmocka_unit_test(a_deadline_is_set),
        cmocka_unit_test(what_the_kernel_does_not_grant_is_an_error),
        cmocka_unit_test(each_io_priority_is_set),
        cmocka_unit_test(each_personality_is_set),
        cmocka_unit_test(labels_need_their_module),
        cmocka_unit_test(the_score_and_the_mask_are_set),
        cmocka_unit_test(limits_of_resources_are_set),
        cmocka_unit_test(a_capability_of_nobody_is_named),
        cmocka_unit_test(the_terminal_has_its_size),
        cmocka_unit_test(one_that_joins_has_its_own),
        cmocka_unit_test(a_runtimes_container_has_its_own_keyring),
    };

    (void)argc;
    linux_bare_settle(argv, true);

    return cmocka_run_group_tests(tests, setup, teardown);
}
