/* What only POSIX has: descriptors, signals, sessions, and a caller that reaps everybody's children. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/process.h>

enum { LONG_MS = 60000 };

/* Run a shell script with these; its exit code. */
static int shell(const char* script, struct cv_process_spec* spec)
{
    const char*     argv[] = { "sh", "-c", script, NULL };
    struct cv_error err;
    int             code = -1;

    spec->argv = argv;
    CV_TEST_OK(err, cv_process_run(spec, LONG_MS, &code, &err));
    return code;
}

static void only_what_was_passed_is_inherited(void** state)
{
    struct cv_process_spec spec = CV_PROCESS_SPEC_INIT;
    int                    leak = open("/dev/null", O_RDONLY); /* as a careless caller does: no O_CLOEXEC */
    int                    high = fcntl(leak, F_DUPFD, 200);
    int                    pass[2];
    (void)state;

    assert_true(leak >= 0 && high >= 200);
    assert_int_equal(pipe2(pass, O_CLOEXEC), 0);
    spec.pass   = pass;
    spec.n_pass = 2;
    /* 0, 1, 2, the two passed, and the one by which ls reads the folder */
    assert_int_equal(shell("test \"$(ls /proc/self/fd | tr '\\n' ' ')\" = '0 1 2 3 4 5 '", &spec), 0);
    assert_int_equal(shell("test -p /dev/fd/3 && test -p /dev/fd/4", &spec), 0);
    assert_int_equal(shell("echo x >&4 && read y <&3 && test \"$y\" = x", &spec), 0);
    spec.n_pass = 0;
    assert_int_equal(shell("test -e /proc/self/fd/200 || test -p /dev/fd/3", &spec), 1);
    close(pass[0]);
    close(pass[1]);
    close(leak);
    close(high);
}

/* Sources that are each other's targets, one of them twice. */
static void descriptors_may_be_given_in_any_order(void** state)
{
    struct cv_process_spec spec = CV_PROCESS_SPEC_INIT;
    int                    in[2], out[2];
    char                   text[8] = "";
    (void)state;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], "in\n", 3), 3);
    spec.stdio[0] = in[0];
    spec.stdio[1] = out[1];
    spec.stdio[2] = out[1];
    spec.pass     = (const int[]){ in[0], out[1], 0, 1, 2 };
    spec.n_pass   = 5;
    assert_int_equal(shell("read x <&3 && echo $x >&4", &spec), 0);
    assert_int_equal(read(out[0], text, sizeof(text) - 1), 3);
    assert_string_equal(text, "in\n");
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
}

static void a_handle_that_is_none_is_refused(void** state)
{
    static const char* const argv[]  = { "/bin/true", NULL };
    struct cv_process_spec   spec    = CV_PROCESS_SPEC_INIT;
    struct cv_process*       process = NULL;
    struct cv_error          err;
    int                      many[CV_PROCESS_PASS_MAX + 1] = { 0 };
    (void)state;

    spec.argv   = argv;
    spec.pass   = (const int[]){ -1 };
    spec.n_pass = 1;
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_process_start(&spec, &process, &err));
    spec.pass   = many;
    spec.n_pass = CV_PROCESS_PASS_MAX + 1;
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_process_start(&spec, &process, &err));
    spec.pass   = (const int[]){ 999 };
    spec.n_pass = 1;
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, cv_process_start(&spec, &process, &err));
    assert_string_equal(err.step, "hand over the descriptors");
    assert_null(process);
}

static void nothing(int number)
{
    (void)number;
}

static void signals_are_back_to_their_defaults(void** state)
{
    struct cv_process_spec spec    = CV_PROCESS_SPEC_INIT;
    struct sigaction       ignore  = { .sa_handler = SIG_IGN };
    struct sigaction       handler = { .sa_handler = nothing };
    sigset_t               blocked, before, after;
    (void)state;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    assert_int_equal(sigaction(SIGUSR2, &ignore, NULL), 0);
    assert_int_equal(sigaction(SIGHUP, &handler, NULL), 0);
    assert_int_equal(shell("kill -USR1 $$; exit 5", &spec), 128 + SIGUSR1);
    assert_int_equal(shell("kill -USR2 $$; exit 5", &spec), 128 + SIGUSR2);
    assert_int_equal(shell("kill -HUP $$; exit 5", &spec), 128 + SIGHUP);
    /* and ours are as they were */
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, &after), 0);
    assert_true(sigismember(&after, SIGUSR1));
    assert_int_equal(raise(SIGHUP), 0);
}

static void detached_ones_have_a_session(void** state)
{
    struct cv_process_spec spec = CV_PROCESS_SPEC_INIT;
    (void)state;

    /* field 6 of stat is the session */
    assert_int_equal(shell("test $$ = $(cut -d' ' -f6 /proc/$$/stat)", &spec), 1);
    spec.flags = CV_PROCESS_DETACHED;
    assert_int_equal(shell("test $$ = $(cut -d' ' -f6 /proc/$$/stat)", &spec), 0);
}

static void files_that_are_no_programs(void** state)
{
    static const char* const argv[]  = { "x", NULL };
    struct cv_process_spec   spec    = CV_PROCESS_SPEC_INIT;
    struct cv_process*       process = NULL;
    struct cv_error          err;
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("data"), "\001\002", 2, 0600, 0, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("garbage"), "\001\002", 2, 0700, 0, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("script"), "#!/no/such/interpreter\n", 23, 0700, 0, &err));
    spec.argv    = argv;
    spec.program = cv_test_path("data");
    CV_TEST_FAILS(CV_ERR_PERMISSION, err, cv_process_start(&spec, &process, &err));
    spec.program = cv_test_path("garbage");
    CV_TEST_FAILS(CV_ERR_NOT_EXECUTABLE, err, cv_process_start(&spec, &process, &err));
    assert_non_null(strstr(err.text, "garbage"));
    spec.program = cv_test_path("script");
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_process_start(&spec, &process, &err));
    assert_null(process);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* a start that failed leaves no child */
    assert_int_equal(errno, ECHILD);
}

/* With SIGCHLD ignored the kernel reaps: the code is gone, and that is what is said. */
static void a_lost_exit_code_is_not_made_up(void** state)
{
    static const char* const                        argv[]  = { "/bin/sh", "-c", "exit 3", NULL };
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    struct cv_process_spec                          spec    = CV_PROCESS_SPEC_INIT;
    struct cv_error                                 err;
    int                                             code = -1;
    (void)state;

    spec.argv = argv;
    signal(SIGCHLD, SIG_IGN);
    CV_TEST_OK(err, cv_process_start(&spec, &process, &err));
    CV_TEST_FAILS(CV_ERR_LOST, err, cv_process_wait(process, LONG_MS, &code, &err));
    signal(SIGCHLD, SIG_DFL);
    assert_int_equal(code, -1);
}

static void the_handle_can_be_polled(void** state)
{
    static const char* const                        argv[]  = { "/bin/true", NULL };
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    struct cv_process_spec                          spec    = CV_PROCESS_SPEC_INIT;
    struct cv_error                                 err;
    struct pollfd                                   ready = { .events = POLLIN };
    (void)state;

    spec.argv = argv;
    CV_TEST_OK(err, cv_process_start(&spec, &process, &err));
    ready.fd = cv_process_handle(process);
    assert_int_equal(poll(&ready, 1, LONG_MS), 1);
    assert_true((fcntl(ready.fd, F_GETFD) & FD_CLOEXEC) != 0);
    process = cv_process_free(process);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* free reaped the one that had ended */
}

/* An empty entry of PATH would be the working folder. */
static void the_working_folder_is_not_searched(void** state)
{
    static const char* const argv[]  = { "only-here", NULL };
    struct cv_process_spec   spec    = CV_PROCESS_SPEC_INIT;
    struct cv_process*       process = NULL;
    char*                    path    = strdup(getenv("PATH"));
    char*                    here    = getcwd(NULL, 0);
    struct cv_error          err;
    int                      code = -1;
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("only-here"), "#!/bin/sh\nexit 4\n", 17, 0700, 0, &err));
    assert_int_equal(chdir(cv_test_path(".")), 0);
    assert_int_equal(setenv("PATH", ":/usr/bin::/bin:", 1), 0);
    spec.argv = argv;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_process_start(&spec, &process, &err));
    assert_int_equal(setenv("PATH", cv_test_path("."), 1), 0);
    CV_TEST_OK(err, cv_process_run(&spec, LONG_MS, &code, &err));
    assert_int_equal(code, 4);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_int_equal(chdir(here), 0);
    free(here);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_passed_is_inherited),
        cmocka_unit_test(descriptors_may_be_given_in_any_order),
        cmocka_unit_test(a_handle_that_is_none_is_refused),
        cmocka_unit_test(signals_are_back_to_their_defaults),
        cmocka_unit_test(detached_ones_have_a_session),
        cmocka_unit_test(files_that_are_no_programs),
        cmocka_unit_test(a_lost_exit_code_is_not_made_up),
        cmocka_unit_test(the_handle_can_be_polled),
        cmocka_unit_test(the_working_folder_is_not_searched),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
