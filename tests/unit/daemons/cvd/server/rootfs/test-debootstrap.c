/* The whole of debootstrap.c with stand-ins for mmdebstrap, apt-config and dpkg in a PATH of the test's own. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "rootfs/debootstrap.h"

#include <cv/banned.h>

/* A root that passes the check, as mmdebstrap leaves it; $1 is its folder. Absolute paths: PATH has only the stand-ins. */
#define MAKE_ROOT                                                                                                      \
    "/bin/mkdir -p \"$root/etc\" \"$root/usr/bin\" \"$root/var/lib/dpkg\"; : >\"$root/var/lib/dpkg/status\"\n"
#define FIND_ROOT "for a; do sources=$a; done; n=$#; eval root=\\${$((n-1))}\n"

static struct cv_error err;
static char            last_line[512];
static unsigned        lines;

static void take_line(void* context, const char* line)
{
    (void)context;
    lines++;
    (void)cv_snprintf(last_line, sizeof(last_line), "%s", line);
}

static void write_program(const char* name, const char* body)
{
    CV_CLEANUP(cv_freep) char* text = cv_asprintf(&err, "#!/bin/sh\n%s", body);
    char                       path[64];

    assert_int_equal(cv_snprintf(path, sizeof(path), "bin/%s", name), 0);
    CV_TEST_OK(err, cv_file_write(cv_test_path(path), text, strlen(text), 0755, 0, &err));
}

static int setup(void** state)
{
    static const char sources[] = "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm main\n";

    cv_test_setup(state);
    CV_TEST_OK(err, cv_folder_make(cv_test_path("bin"), 0755, &err));
    CV_TEST_OK(err, cv_folder_make(cv_test_path("apt"), 0755, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("apt/sources.list"), sources, sizeof(sources) - 1, 0644, 0, &err));
    write_program("dpkg", "echo amd64\n");
    write_program("unshare", "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n"); /* needs no root */
    write_program("apt-config", "echo 'Acquire::http::Proxy \"http://proxy\";'\n");
    CV_TEST_OK(err, cv_env_set("PATH", cv_test_path("bin"), &err));
    CV_TEST_OK(err, cv_env_set("CONTAINERV_APT_DIR", cv_test_path("apt"), &err));
    CV_TEST_OK(err, cv_env_set("CONTAINERV_STATE_DIR", cv_test_path("state"), &err));
    lines = 0;
    return 0;
}

static int make_root(containerv_handle_t cancel, char** path_out)
{
    struct cvd_rootfs_request request = {
        .distribution = "debian", .suite = "bookworm", .cancel = cancel, .progress = take_line
    };

    err = (struct cv_error)CV_ERROR_INIT;
    return cvd_rootfs_make(&request, path_out, &err);
}

static bool there(const char* name)
{
    struct stat st;

    return lstat(cv_test_path(name), &st) == 0;
}

#define CACHE "state/rootfs/"
#define NAME  "debian-bookworm-amd64"

/* Whatever failed: neither a root nor a half one nor a file of ours beside it. */
static void nothing_is_left(void)
{
    assert_false(there(CACHE NAME));
    assert_false(there(CACHE "." NAME ".half"));
    assert_false(there(CACHE "." NAME ".sources"));
}

static void log_says(const char* text)
{
    CV_CLEANUP(cv_freep) char* log = NULL;

    CV_TEST_OK(err, cv_file_read(cv_test_path(CACHE NAME ".log"), 1 << 20, &log, NULL, &err));
    assert_non_null(strstr(log, text));
}

static void a_root_is_made_once(void** state)
{
    CV_CLEANUP(cv_freep) char* path  = NULL;
    CV_CLEANUP(cv_freep) char* again = NULL;

    (void)state;
    write_program("mmdebstrap", FIND_ROOT "echo \"I: $*\" >&2\n/bin/cat \"$sources\"\n" MAKE_ROOT);
    CV_TEST_OK(err, make_root(CV_HANDLE_NONE, &path));
    assert_true(cv_path_is_folder(path));
    assert_non_null(strstr(path, CACHE NAME));
    assert_true(lines >= 3);
    log_says("URIs: http://mirror.example/debian\nSuites: bookworm\n");
    log_says("--aptopt=Acquire::http::Proxy \"http://proxy\";");
    assert_false(there(CACHE "." NAME ".sources"));

    write_program("mmdebstrap", "exit 1\n");
    CV_TEST_OK(err, make_root(CV_HANDLE_NONE, &again)); /* from the cache */
    assert_string_equal(again, path);
}

static void check_failure(const char* body, const char* says)
{
    char* path = NULL;

    write_program("mmdebstrap", body);
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, make_root(CV_HANDLE_NONE, &path));
    assert_null(path);
    if (strstr(err.text, says) == NULL || strstr(err.text, "'mmdebstrap'") == NULL
        || strstr(err.hint, NAME ".log") == NULL || err.step[0] == '\0')
        fail_msg("'%s', hint '%s', step '%s'", err.text, err.hint, err.step);
    nothing_is_left();
}

static void a_tool_that_fails(void** state)
{
    (void)state;
    check_failure("echo 'E: no network' >&2; exit 25\n", "exit code 25");
    log_says("E: no network");
}

static void a_tool_that_fails_half_way(void** state)
{
    (void)state;
    check_failure(FIND_ROOT MAKE_ROOT
        "/bin/mkdir \"$root/locked\"; : >\"$root/locked/x\"; /bin/chmod 0 \"$root/locked\"; exit 1\n",
        "exit code 1");
}

static void a_tool_that_is_killed(void** state)
{
    (void)state;
    check_failure(FIND_ROOT MAKE_ROOT "kill -9 $$\n", "signal 9");
}

static void a_tool_that_lies(void** state)
{
    (void)state;
    check_failure(FIND_ROOT "/bin/mkdir -p \"$root/etc\"\n", "is missing");
}

static void no_tool_at_all(void** state)
{
    char* path = NULL;

    (void)state;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, make_root(CV_HANDLE_NONE, &path));
    assert_non_null(strstr(err.hint, "mmdebstrap"));
    nothing_is_left();
}

static void debootstrap_is_the_second_choice(void** state)
{
    CV_CLEANUP(cv_freep) char* path = NULL;

    (void)state;
    write_program("debootstrap", "eval root=\\${$(($#-1))}; echo \"$@\"\n" MAKE_ROOT);
    CV_TEST_OK(err, make_root(CV_HANDLE_NONE, &path));
    log_says("--variant=minbase --arch=amd64 --keyring=/k.gpg bookworm");
    log_says("http://mirror.example/debian");
}

static void bad_sources_are_told(void** state)
{
    char* path = NULL;

    (void)state;
    write_program("mmdebstrap", "exit 0\n");
    CV_TEST_OK(err, cv_file_write(cv_test_path("apt/sources.list"), "rpm x\n", 6, 0644, 0, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, make_root(CV_HANDLE_NONE, &path));
    assert_non_null(strstr(err.text, "sources.list"));
    nothing_is_left();
}

static void what_a_killed_one_left_is_removed(void** state)
{
    CV_CLEANUP(cv_freep) char* path = NULL;

    (void)state;
    CV_TEST_OK(err, cv_folder_make(cv_test_path(CACHE "." NAME ".half/old"), 0755, &err));
    write_program("mmdebstrap", FIND_ROOT "[ ! -e \"$root\" ] || exit 3\n" MAKE_ROOT);
    CV_TEST_OK(err, make_root(CV_HANDLE_NONE, &path));
    assert_false(there(CACHE NAME "/old"));
}

/* The tool tells by a line that it is in the middle of it; then it is cancelled, and its child must end as well. */
static int cancel_pipe[2];

static void cancel_at_line(void* context, const char* line)
{
    (void)context;
    if (strcmp(line, "half done") == 0)
        assert_int_equal(write(cancel_pipe[1], "x", 1), 1);
}

/* Killed is not yet ended, and only its parent could wait for it. */
static int ends(pid_t pid)
{
    struct pollfd fd    = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
    int           ended = fd.fd < 0 ? errno == ESRCH : poll(&fd, 1, 10000) == 1;

    if (fd.fd >= 0)
        close(fd.fd);
    return ended;
}

static void cancelled_half_way(void** state)
{
    struct cvd_rootfs_request  request = { .distribution = "debian", .suite = "bookworm", .progress = cancel_at_line };
    char*                      path    = NULL;
    CV_CLEANUP(cv_freep) char* pid     = NULL;
    int64_t                    number;

    (void)state;
    assert_int_equal(pipe(cancel_pipe), 0);
    request.cancel = cancel_pipe[0];
    write_program("mmdebstrap", FIND_ROOT MAKE_ROOT "/bin/sleep 1000 & echo $! >${0%/*}/pid\necho half done\nwait\n");
    CV_TEST_FAILS(CV_ERR_STATE, err, cvd_rootfs_make(&request, &path, &err));
    nothing_is_left();
    CV_TEST_OK(err, cv_file_read(cv_test_path("bin/pid"), 64, &pid, NULL, &err));
    pid[strcspn(pid, "\n")] = '\0';
    CV_TEST_OK(err, cv_parse_i64(pid, 1, INT32_MAX, &number, &err));
    assert_true(ends((pid_t)number));
    close(cancel_pipe[0]);
    close(cancel_pipe[1]);
}

static void* make_in_thread(void* path_out)
{
    struct cvd_rootfs_request request = {
        .distribution = "debian", .suite = "bookworm", .architecture = "amd64", .cancel = CV_HANDLE_NONE
    };

    return cvd_rootfs_make(&request, path_out, NULL) == 0 ? path_out : NULL;
}

static void two_at_once_make_one(void** state)
{
    pthread_t                  thread;
    CV_CLEANUP(cv_freep) char* mine   = NULL;
    CV_CLEANUP(cv_freep) char* theirs = NULL;
    CV_CLEANUP(cv_freep) char* calls  = NULL;
    void*                      result = NULL;

    (void)state;
    write_program("mmdebstrap", FIND_ROOT "echo call >>${0%/*}/calls; /bin/sleep 0.3\n" MAKE_ROOT);
    assert_int_equal(pthread_create(&thread, NULL, make_in_thread, &theirs), 0);
    CV_TEST_OK(err, make_root(CV_HANDLE_NONE, &mine));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    assert_string_equal(mine, theirs);
    CV_TEST_OK(err, cv_file_read(cv_test_path("bin/calls"), 4096, &calls, NULL, &err));
    assert_string_equal(calls, "call\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, cv_test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_root_is_made_once),
        TEST(a_tool_that_fails),
        TEST(a_tool_that_fails_half_way),
        TEST(a_tool_that_is_killed),
        TEST(a_tool_that_lies),
        TEST(no_tool_at_all),
        TEST(debootstrap_is_the_second_choice),
        TEST(bad_sources_are_told),
        TEST(what_a_killed_one_left_is_removed),
        TEST(cancelled_half_way),
        TEST(two_at_once_make_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
