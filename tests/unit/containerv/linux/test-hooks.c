/* Hooks as real processes: small shell programs that tell what they got. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/clock.h>
#include <cv/file.h>
#include <cv/str.h>

#include "linux/hooks.h"

#include <cv/banned.h>

enum { HOOKS_MAX = 8, STATE_BYTES = 1024 * 1024, SOON_MS = 20000 /* far below what the hooks that hang would take */ };

static char                 shell[] = "/bin/sh", name[] = "hook", option[] = "-c";
static char*                args[HOOKS_MAX][6];
static struct cv_spec_hook  items[HOOKS_MAX];
static struct cv_spec_hooks list;
static struct linux_hooks   hooks;
static struct cv_error      err;
static int                  own_stderr, heard; /* what goes to our stderr */

static int setup(void** state)
{
    int fds[2];

    (void)state;
    cv_test_folder_make();
    list  = (struct cv_spec_hooks){ .items = items };
    hooks = (struct linux_hooks){
        .list = &list, .kind = "prestart", .state = "{}", .folder = cv_test_path("."), .mount_fd = -1
    };
    own_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    if (own_stderr < 0 || pipe2(fds, O_CLOEXEC) < 0 || dup2(fds[1], STDERR_FILENO) < 0)
        return -1;
    close(fds[1]);
    heard = fds[0];
    return fcntl(heard, F_SETFL, O_NONBLOCK);
}

static int teardown(void** state)
{
    (void)state;
    dup2(own_stderr, STDERR_FILENO);
    close(own_stderr);
    close(heard);
    cv_test_folder_remove();
    return 0;
}

/* One more hook: a script, whose $1 is the test's folder. */
static struct cv_spec_hook* add(const char* script)
{
    size_t               i    = list.count++;
    struct cv_spec_hook* hook = &items[i];

    args[i][0] = name;
    args[i][1] = option;
    args[i][2] = (char*)(uintptr_t)script;
    args[i][3] = name;
    args[i][4] = (char*)(uintptr_t)cv_test_path(".");
    args[i][5] = NULL;
    *hook      = (struct cv_spec_hook){ .path = shell, .args = { args[i], 5 } };
    return hook;
}

static char* content(const char* file)
{
    char*  text;
    size_t length;

    CV_TEST_OK(err, cv_file_read(cv_test_path(file), STATE_BYTES * 2, &text, &length, &err));
    return text;
}

static void expect_content(const char* file, const char* expected)
{
    CV_CLEANUP(cv_freep) char* text = content(file);

    assert_string_equal(text, expected);
}

static void expect_text(const char* part)
{
    if (strstr(err.text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, err.text);
}

static void run_in_order(void** state)
{
    (void)state;
    add("echo 1 >>$1/order");
    add("echo 2 >>$1/order");
    add("echo 3 >>$1/order");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    expect_content("order", "1\n2\n3\n");
}

static void nothing_to_run(void** state)
{
    (void)state;
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
}

static void get_what_they_were_given(void** state)
{
    static char  one[] = "ONE=1", two[] = "TWO=with blanks";
    static char* env[] = { one, two, NULL };

    (void)state;
    add("/usr/bin/env >$1/env; pwd >$1/folder; cat >$1/state; echo $0 >$1/name")->env = (struct cv_strv){ env, 2 };
    hooks.state                                                                       = "{\"id\":\"a\"}";
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    CV_CLEANUP(cv_freep) char* got = content("env");
    assert_non_null(strstr(got, "ONE=1\n"));
    assert_non_null(strstr(got, "TWO=with blanks\n"));
    assert_null(strstr(got, "HOME="));
    expect_content("state", "{\"id\":\"a\"}");
    expect_content("name", "hook\n");
    CV_CLEANUP(cv_freep) char* folder = content("folder");
    CV_CLEANUP(cv_freep) char* wanted = realpath(cv_test_path("."), NULL);
    assert_int_equal(strncmp(folder, wanted, strlen(wanted)), 0);
}

static void without_arguments_the_path_is_the_only_one(void** state)
{
    static const char script[] = "#!/bin/sh\necho $# >count\n";

    (void)state;
    add("")->args = (struct cv_strv){ 0 };
    items[0].path = (char*)(uintptr_t)cv_test_path("program");
    CV_TEST_OK(err, cv_file_write(items[0].path, script, strlen(script), 0755, 0, &err));
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    expect_content("count", "0\n");
}

static char* big_state(void)
{
    char* text = malloc(STATE_BYTES + 1);

    assert_non_null(text);
    memset(text, 'x', STATE_BYTES);
    text[STATE_BYTES] = '\0';
    return text;
}

static void get_a_big_state_whole_each(void** state)
{
    CV_CLEANUP(cv_freep) char* text = big_state();

    (void)state;
    hooks.state = text;
    add("wc -c >$1/first");
    add("wc -c </dev/stdin >$1/second");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    expect_content("first", "1048576\n");
    expect_content("second", "1048576\n");
}

static void need_not_read_it(void** state)
{
    CV_CLEANUP(cv_freep) char* text = big_state();

    (void)state;
    hooks.state = text;
    add("exit 0");
    add("exec <&-; head -c 0; echo done >$1/end");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    expect_content("end", "done\n");
}

static void get_no_descriptor_of_ours(void** state)
{
    int fd = open("/dev/null", O_RDONLY); /* inherited, if nobody sees to it */

    (void)state;
    add("ls /proc/self/fd >$1/fds");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    close(fd);
    expect_content("fds", "0\n1\n2\n3\n"); /* 3 is the folder that ls reads */
}

static void get_plain_signals(void** state)
{
    sigset_t set;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    add("grep -E 'SigBlk|SigIgn' /proc/self/status >$1/signals");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    expect_content("signals", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void a_code_is_an_error(void** state)
{
    (void)state;
    add("exit 0");
    add("echo first line >&2; echo the reason >&2; exit 3");
    add("echo never >$1/never");
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, linux_hooks_run(&hooks, &err));
    expect_text("hooks.prestart[1] '/bin/sh': it ended with code 3: first line the reason");
    assert_string_equal(err.object, "/bin/sh");
    assert_int_equal(access(cv_test_path("never"), F_OK), -1);
}

static void a_signal_is_an_error(void** state)
{
    (void)state;
    add("kill -SEGV $$");
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, linux_hooks_run(&hooks, &err));
    expect_text("hooks.prestart[0] '/bin/sh': it was killed by signal 11");
}

static void what_cannot_be_started(void** state)
{
    static char missing[] = "/no/such/hook", plain[] = "/etc/passwd";

    (void)state;
    add("")->path = missing;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, linux_hooks_run(&hooks, &err));
    expect_text("hooks.prestart[0] '/no/such/hook': execute '/no/such/hook': No such file or directory");
    items[0].path = plain;
    CV_TEST_FAILS(CV_ERR_PERMISSION, err, linux_hooks_run(&hooks, &err));
    items[0].path = shell;
    hooks.folder  = missing;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, linux_hooks_run(&hooks, &err));
    expect_text("enter the hook's working folder");
}

static void others_go_on_when_asked(void** state)
{
    (void)state;
    hooks.go_on = true;
    hooks.kind  = "poststop";
    add("exit 1");
    add("echo 2 >>$1/order");
    add("exit 2");
    add("echo 4 >>$1/order");
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, linux_hooks_run(&hooks, &err));
    expect_text("2 hooks failed, the first: hooks.poststop[0] '/bin/sh': it ended with code 1");
    expect_content("order", "2\n4\n");
}

/* `file` holds a pid: wait until that process is gone. */
static void expect_gone(const char* file)
{
    CV_CLEANUP(cv_freep) char* text  = content(file);
    pid_t                      pid   = (pid_t)strtol(text, NULL, 10);
    int                        pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    struct pollfd              entry = { .fd = pidfd, .events = POLLIN };

    assert_true(pid > 0);
    if (pidfd < 0)
        return;
    assert_int_equal(poll(&entry, 1, SOON_MS), 1);
    close(pidfd);
}

static void too_long_ends_the_whole_group(void** state)
{
    int64_t start_ms = cv_clock_monotonic_ms();

    (void)state;
    add("echo it hangs >&2; sleep 600 & echo $! >$1/child; echo $$ >$1/self; wait")->timeout =
        (struct cv_opt_int){ true, 1 };
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, linux_hooks_run(&hooks, &err));
    assert_in_range(cv_clock_monotonic_ms() - start_ms, 900, SOON_MS);
    expect_text("hooks.prestart[0] '/bin/sh': it did not end within 1 s: it hangs");
    expect_gone("self");
    expect_gone("child");
}

static void a_big_timeout_is_no_early_one(void** state)
{
    (void)state;
    add("sleep 0.1")->timeout = (struct cv_opt_int){ true, INT32_MAX };
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
}

static void what_stays_behind_holds_nobody_up(void** state)
{
    int64_t start_ms = cv_clock_monotonic_ms();

    (void)state;
    add("sleep 600 & echo $! >$1/child; echo ready >&2");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    assert_in_range(cv_clock_monotonic_ms() - start_ms, 0, SOON_MS);
    CV_CLEANUP(cv_freep) char* child = content("child");
    assert_int_equal(kill((pid_t)strtol(child, NULL, 10), SIGKILL), 0); /* it was let live */
    expect_gone("child");
}

static void who_floods_stderr_after_the_end_holds_nobody_up(void** state)
{
    int64_t start_ms = cv_clock_monotonic_ms();
    int     null_fd  = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    dup2(null_fd, STDERR_FILENO);
    close(null_fd);
    add("yes >&2 & echo $! >$1/child");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    assert_in_range(cv_clock_monotonic_ms() - start_ms, 0, SOON_MS);
    expect_gone("child"); /* by SIGPIPE */
}

static void stderr_is_passed_on(void** state)
{
    char    text[64];
    ssize_t n;

    (void)state;
    add("echo to be heard >&2");
    CV_TEST_OK(err, linux_hooks_run(&hooks, &err));
    n = read(heard, text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, "to be heard\n");
}

static void stderr_that_nobody_reads(void** state)
{
    (void)state;
    add("head -c 1000000 /dev/zero >&2")->timeout = (struct cv_opt_int){ true, 1 };
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, linux_hooks_run(&hooks, &err)); /* our pipe is full, and stays it */
    close(heard);
    add("head -c 1000000 /dev/zero >&2; echo the end >&2; exit 9");
    items[0] = items[1];
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, linux_hooks_run(&hooks, &err)); /* no SIGPIPE for us */
    expect_text("it ended with code 9");
    expect_text("the end");
    heard = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void only_the_last_of_stderr_is_told(void** state)
{
    (void)state;
    add("seq 1 500 >&2; printf 'c\\033[1mx\\303\\244' >&2; exit 1");
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, linux_hooks_run(&hooks, &err));
    expect_text("499 500 c [1mx");
    assert_null(strstr(err.text, " 100 "));
    for (const char* at = err.text; *at != '\0'; at++)
        assert_in_range(*at, ' ', '~');
}

/* A process of its own with a mount that the hook's namespace doesn't have. */
static int in_other_namespace(int mount_fd)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
        || mount("none", cv_test_path("."), "tmpfs", 0, NULL) < 0)
        return 77;
    hooks.mount_fd = mount_fd;
    return linux_hooks_run(&hooks, &err) == 0 && access(cv_test_path("outside"), F_OK) < 0 ? 0 : 1;
}

static void run_in_the_mount_namespace_that_was_given(void** state)
{
    int   mount_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    int   status;
    pid_t pid;

    (void)state;
    assert_true(mount_fd >= 0);
    add("echo here >outside");
    pid = fork();
    if (pid == 0)
        _exit(in_other_namespace(mount_fd));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(mount_fd);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_content("outside", "here\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(run_in_order),
        TEST(nothing_to_run),
        TEST(get_what_they_were_given),
        TEST(without_arguments_the_path_is_the_only_one),
        TEST(get_a_big_state_whole_each),
        TEST(need_not_read_it),
        TEST(get_no_descriptor_of_ours),
        TEST(get_plain_signals),
        TEST(a_code_is_an_error),
        TEST(a_signal_is_an_error),
        TEST(what_cannot_be_started),
        TEST(others_go_on_when_asked),
        TEST(too_long_ends_the_whole_group),
        TEST(a_big_timeout_is_no_early_one),
        TEST(what_stays_behind_holds_nobody_up),
        TEST(who_floods_stderr_after_the_end_holds_nobody_up),
        TEST(stderr_is_passed_on),
        TEST(stderr_that_nobody_reads),
        TEST(only_the_last_of_stderr_is_told),
        TEST(run_in_the_mount_namespace_that_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
