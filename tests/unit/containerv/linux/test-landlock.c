/* Landlock on the running kernel, seen by a fork; and on kernels that have less, which the linker puts in front of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chef/containerv/policy.h>
#include <cv-test/support.h>

#include "linux/landlock.h"
#include "linux/syscalls.h"

enum { REAL = -1 };
static int kernel_abi = REAL; /* what the kernel says; 0: no Landlock */

int __real_sys_landlock_create_ruleset(
    const void* attr, size_t size, unsigned flags); /* NOLINT(bugprone-reserved-identifier) */
int __wrap_sys_landlock_create_ruleset(
    const void* attr, size_t size, unsigned flags); /* NOLINT(bugprone-reserved-identifier) */
int __wrap_sys_landlock_create_ruleset(const void* attr, size_t size, unsigned flags)
{
    if (kernel_abi == REAL || flags == 0)
        return __real_sys_landlock_create_ruleset(attr, size, flags);
    errno = EOPNOTSUPP;
    return kernel_abi > 0 ? kernel_abi : -1;
}

static int restore(void** state)
{
    (void)state;
    kernel_abi = REAL;
    return 0;
}

static void an_older_kernel_is_refused(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = cv_spec_new();
    struct landlock_plan                      plan = { 0 };
    struct cv_error                           err  = CV_ERROR_INIT;

    (void)state;
    kernel_abi = 0;
    CV_TEST_OK(err, linux_landlock_prepare(spec, &plan, &err)); /* nothing is asked of it */
    CV_TEST_OK(err, cv_spec_add_landlock_tcp(spec, 80, CV_ACCESS_CONNECT, &err));
    assert_int_equal(linux_landlock_prepare(spec, &plan, &err), CV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "no Landlock"));
    kernel_abi = 2; /* Linux 6.1 */
    assert_int_equal(linux_landlock_prepare(spec, &plan, &err), CV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "ABI 2"));
    kernel_abi = 4;
    CV_TEST_OK(err, linux_landlock_prepare(spec, &plan, &err));
}

static struct cv_spec* readable_only(const char* path)
{
    struct cv_spec* spec = cv_spec_new();
    struct cv_error err  = CV_ERROR_INIT;

    CV_TEST_OK(err, cv_spec_add_landlock_path(spec, path, CV_ACCESS_READ, &err));
    return spec;
}

static int make(const struct cv_spec* spec, int* fd, struct cv_error* err)
{
    struct landlock_plan plan    = { 0 };
    int                  root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int                  rc      = linux_landlock_prepare(spec, &plan, err);

    if (rc == 0)
        rc = linux_landlock_make(spec, &plan, root_fd, fd, err);
    close(root_fd);
    return rc;
}

static void a_missing_path_is_not_found(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = readable_only("/there/is/none");
    struct cv_error                           err  = CV_ERROR_INIT;
    int                                       fd   = -1;

    (void)state;
    if (linux_landlock_abi() < LANDLOCK_ABI_TRUNCATE)
        skip();
    assert_int_equal(make(spec, &fd, &err), CV_ERR_NOT_FOUND);
    assert_string_equal(err.object, "/there/is/none");
    assert_int_equal(fd, -1);
}

static int answer(const char* path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    return fd < 0 ? errno : (close(fd), 0);
}

/* In a fork, since it is for good. */
static int look(int ruleset_fd)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || linux_landlock_restrict(ruleset_fd, NULL) < 0)
        return 1;
    if (answer("/etc/passwd", O_RDONLY) != 0 || answer("/etc/passwd", O_WRONLY) != EACCES)
        return 2;
    if (answer("/proc/self/status", O_RDONLY) != EACCES || answer("/etc/passwd", O_PATH) != 0)
        return 3;
    return truncate("/etc/passwd", 0) == 0 || errno != EACCES ? 4 : 0;
}

static void a_restricted_process_reads_only_what_is_allowed(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = readable_only("/etc");
    struct cv_error                           err    = CV_ERROR_INIT;
    int                                       fd     = -1;
    int                                       status = 0;

    (void)state;
    if (linux_landlock_abi() < LANDLOCK_ABI_TRUNCATE)
        skip();
    CV_TEST_OK(err, make(spec, &fd, &err));
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    pid_t child = fork();
    if (child == 0)
        _exit(look(fd));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
    CV_TEST_OK(err, linux_landlock_restrict(-1, &err)); /* nothing to do */
    assert_int_equal(answer("/proc/self/status", O_RDONLY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_older_kernel_is_refused, restore),
        cmocka_unit_test(a_missing_path_is_not_found),
        cmocka_unit_test(a_restricted_process_reads_only_what_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
