/* The defaults of root, and in a child those of another user. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/str.h>

enum { USER = 54321, SKIP = 77 };

static int expect(int (*find)(char**, struct cv_error*), const char* wanted)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    struct cv_error            err;

    if (find(&path, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (strcmp(path, wanted) != 0) {
        fprintf(stderr, "'%s' instead of '%s'\n", path, wanted);
        return 1;
    }
    return 0;
}

static int expect_failure(int (*find)(char**, struct cv_error*), int code)
{
    struct cv_error err;
    char*           path   = NULL;
    int             result = find(&path, &err);
    return result == code && path == NULL && err.hint[0] != '\0' ? 0 : 1;
}

static int as_user(void)
{
    int failures = 0;

    if (setgid(USER) < 0 || setuid(USER) < 0)
        return SKIP;
    setenv("XDG_STATE_HOME", "/x/state", 1);
    char own[] = "/tmp/test-folders-XXXXXX", below[64];
    if (mkdtemp(own) == NULL)
        return 1;
    setenv("XDG_RUNTIME_DIR", own, 1);
    cv_snprintf(below, sizeof(below), "%s/containerv", own);
    setenv("HOME", "/home/u", 1);
    failures += expect(cv_folders_state, "/x/state/containerv");
    failures += expect(cv_folders_run, below);
    failures += rmdir(own) < 0;
    setenv("XDG_STATE_HOME", "relative", 1);
    failures += expect(cv_folders_state, "/home/u/.local/state/containerv");
    unsetenv("XDG_STATE_HOME");
    failures += expect(cv_folders_state, "/home/u/.local/state/containerv");
    unsetenv("HOME");
    failures += expect_failure(cv_folders_state, CV_ERR_NOT_FOUND);
    return failures;
}

/* /tmp/containerv-UID is made, is ours alone, and is refused when it is not. */
static int as_user_without_runtime_folder(void)
{
    static const char* const others[] = { "/no/such/folder", "/etc", "/etc/passwd" };

    int         failures = 0;
    struct stat info;

    if (setgid(USER) < 0 || setuid(USER) < 0)
        return SKIP;
    unsetenv("XDG_RUNTIME_DIR");
    failures += expect(cv_folders_run, "/tmp/containerv-54321");
    for (size_t i = 0; i < CV_ARRAY_LEN(others); i++) {
        setenv("XDG_RUNTIME_DIR", others[i], 1);
        failures += expect(cv_folders_run, "/tmp/containerv-54321");
    }
    failures += expect(cv_folders_run, "/tmp/containerv-54321");
    failures += stat("/tmp/containerv-54321", &info) < 0 || (info.st_mode & 07777) != 0700;
    failures += chmod("/tmp/containerv-54321", 0755) < 0;
    failures += expect_failure(cv_folders_run, CV_ERR_PERMISSION);
    failures += rmdir("/tmp/containerv-54321") < 0;
    failures += symlink("/tmp", "/tmp/containerv-54321") < 0;
    failures += expect_failure(cv_folders_run, CV_ERR_PERMISSION);
    failures += unlink("/tmp/containerv-54321") < 0;
    return failures;
}

static void run_as_root(int (*in_child)(void))
{
    int   status = -1;
    pid_t pid;

    if (geteuid() != 0) {
        print_message("skipped: only root can become another user\n");
        skip();
    }
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(in_child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void of_a_user(void** state)
{
    (void)state;
    run_as_root(as_user);
}

static void of_a_user_without_runtime_folder(void** state)
{
    (void)state;
    run_as_root(as_user_without_runtime_folder);
}

static void of_root(void** state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: not root\n");
        skip();
    }
    assert_int_equal(expect(cv_folders_state, "/var/lib/containerv"), 0);
    assert_int_equal(expect(cv_folders_run, "/run/containerv"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_root),
        cmocka_unit_test(of_a_user),
        cmocka_unit_test(of_a_user_without_runtime_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
