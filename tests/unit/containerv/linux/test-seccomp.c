/* Filters on the running kernel: a fork puts one on and calls. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/seccomp.h"

#define TIOCSTI_  0x5412L
#define HIGH(cmd) ((cmd) | 1L << 32)
#define SYS_ADMIN (UINT64_C(1) << 21)

/* One call and the errno wanted; 0: it succeeds; -1: it may fail, but by the kernel, not by the filter (neither EPERM nor ENOSYS). */
struct probe {
    const char* name;
    long        number, args[6];
    int         wanted;
};

/* In a fork. 0: all as wanted; else 1 + the place of the first that is not, or 255 when there was no filter. */
static int run_probes(const struct linux_seccomp_filter* filter, const struct probe* probes, size_t count)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || linux_seccomp_install(filter, NULL, NULL) < 0)
        return 255;
    for (size_t i = 0; i < count; i++) {
        const long* a = probes[i].args;
        long        result;
        int         number;

        errno  = 0;
        result = syscall(probes[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
        number = result < 0 ? errno : 0;
        if (probes[i].wanted >= 0 ? number != probes[i].wanted : number == EPERM || number == ENOSYS)
            return (int)i + 1;
    }
    return 0;
}

static void probe(const struct linux_seccomp_filter* filter, const struct probe* probes, size_t count)
{
    int   status = -1;
    pid_t child  = fork();

    if (child == 0)
        _exit(run_probes(filter, probes, count));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("the filter ended the process: signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == 255)
        fail_msg("the filter was not installed");
    if (WEXITSTATUS(status) != 0)
        fail_msg("%s (probe %d)", probes[WEXITSTATUS(status) - 1].name, WEXITSTATUS(status) - 1);
}

static struct linux_seccomp_filter compile(char* profile, uint64_t mask)
{
    struct cv_error             err    = CV_ERROR_INIT;
    struct linux_seccomp_filter filter = { 0 };
    struct cv_spec              spec   = { .ext = { .seccomp = profile } };

    CV_TEST_OK(err, linux_seccomp_compile(&spec, mask, &filter, &err));
    return filter;
}

/* T17, T18. Arguments are such that without a filter the call would do nothing or give another error. */
static const struct probe by_default[] = {
    { "unknown number", 9999, { 0 }, ENOSYS },
    { "getpid", SYS_getpid, { 0 }, 0 },
    { "openat", SYS_openat, { AT_FDCWD, (long)"/", O_RDONLY | O_CLOEXEC }, 0 },
    { "ioctl TIOCSTI", SYS_ioctl, { -1, TIOCSTI_, 0 }, EPERM },
    { "ioctl TIOCSTI and a high bit", SYS_ioctl, { -1, HIGH(TIOCSTI_), 0 }, EPERM },
    { "ioctl TIOCLINUX", SYS_ioctl, { -1, 0x541c, 0 }, EPERM },
    { "ioctl TIOCLINUX and a high bit", SYS_ioctl, { -1, HIGH(0x541cL), 0 }, EPERM },
    { "ioctl TCGETS", SYS_ioctl, { -1, 0x5401, 0 }, EBADF },
    { "clone NEWUSER", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM },
    { "clone NEWNS", SYS_clone, { CLONE_NEWNS | SIGCHLD }, EPERM },
    { "clone NEWNET", SYS_clone, { CLONE_NEWNET | SIGCHLD }, EPERM },
    { "clone3", SYS_clone3, { 0, 0 }, ENOSYS },
    { "unshare", SYS_unshare, { 0 }, EPERM },
    { "setns", SYS_setns, { -1, 0 }, EPERM },
    { "mount", SYS_mount, { 0 }, EPERM },
    { "umount2", SYS_umount2, { 0 }, EPERM },
    { "pivot_root", SYS_pivot_root, { 0 }, EPERM },
    { "fsopen", SYS_fsopen, { 0 }, EPERM },
    { "open_tree", SYS_open_tree, { -1, 0, 0 }, EPERM },
    { "move_mount", SYS_move_mount, { -1, 0, -1, 0 }, EPERM },
    { "mount_setattr", SYS_mount_setattr, { -1, 0 }, EPERM },
    { "keyctl", SYS_keyctl, { 0 }, EPERM },
    { "add_key", SYS_add_key, { 0 }, EPERM },
    { "request_key", SYS_request_key, { 0 }, EPERM },
    { "bpf", SYS_bpf, { 0 }, EPERM },
    { "perf_event_open", SYS_perf_event_open, { 0 }, EPERM },
    { "userfaultfd", SYS_userfaultfd, { 0 }, EPERM },
    { "io_uring_setup", SYS_io_uring_setup, { 0 }, EPERM },
    { "io_uring_enter", SYS_io_uring_enter, { -1 }, EPERM },
    { "io_uring_register", SYS_io_uring_register, { -1 }, EPERM },
    { "init_module", SYS_init_module, { 0 }, EPERM },
    { "finit_module", SYS_finit_module, { -1 }, EPERM },
    { "delete_module", SYS_delete_module, { 0 }, EPERM },
    { "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 }, EPERM },
    { "reboot", SYS_reboot, { 0 }, EPERM },
    { "swapon", SYS_swapon, { 0 }, EPERM },
    { "settimeofday", SYS_settimeofday, { 0 }, EPERM },
    { "clock_settime", SYS_clock_settime, { -1, 0 }, EPERM },
    { "syslog", SYS_syslog, { 10 }, EPERM },
    { "chroot", SYS_chroot, { 0 }, EPERM },
    { "acct", SYS_acct, { (long)"" }, EPERM },
    { "open_by_handle_at", SYS_open_by_handle_at, { -1 }, EPERM },
    { "process_madvise", SYS_process_madvise, { -1 }, EPERM },
    { "personality query", SYS_personality, { 0xffffffff }, 0 },
    { "personality PER_LINUX", SYS_personality, { 0 }, 0 },
    { "personality ADDR_NO_RANDOMIZE", SYS_personality, { ADDR_NO_RANDOMIZE }, EPERM },
    { "socket unix", SYS_socket, { AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0 }, 0 },
    { "socket netlink", SYS_socket, { AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 }, 0 },
    { "socket vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EPERM },
    { "socket alg", SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EPERM },
    { "socket vsock and a high bit", SYS_socket, { HIGH(AF_VSOCK), SOCK_STREAM, 0 }, EPERM },
    { "openat2", SYS_openat2, { AT_FDCWD, 0, 0, 0 }, EINVAL },
    { "execve", SYS_execve, { (long)"", 0, 0 }, ENOENT },
};

static void the_default_profile_does_what_it_says(void** state)
{
    struct linux_seccomp_filter filter = compile(NULL, 0);
    (void)state;

    probe(&filter, by_default, CV_ARRAY_LEN(by_default));
    linux_seccomp_release(&filter);
}

static void capabilities_open_what_belongs_to_them(void** state)
{
    static const struct probe probes[] = {
        { "unshare nothing", SYS_unshare, { 0 }, 0 },
        { "setns", SYS_setns, { -1, 0 }, EBADF },
        { "clone3", SYS_clone3, { 0, 0 }, EINVAL },
        { "fsopen", SYS_fsopen, { 0, 0 }, -1 },
        { "pivot_root", SYS_pivot_root, { 0 }, EPERM },
        { "keyctl", SYS_keyctl, { 0 }, EPERM },
        { "ioctl TIOCSTI", SYS_ioctl, { -1, TIOCSTI_, 0 }, EPERM },
        { "init_module", SYS_init_module, { 0 }, EPERM },
    };
    struct linux_seccomp_filter filter = compile((char[]){ "default" }, SYS_ADMIN);
    (void)state;

    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    probe(&filter, probes, CV_ARRAY_LEN(probes));
    linux_seccomp_release(&filter);
}

static void* end_thread(void* data)
{
    return data;
}

static int threads_and_forks(const struct linux_seccomp_filter* filter)
{
    pthread_t thread;
    int       status = -1;
    void*     result = NULL;
    pid_t     child;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || linux_seccomp_install(filter, NULL, NULL) < 0)
        return 1;
    if (pthread_create(&thread, NULL, end_thread, &status) != 0 || pthread_join(thread, &result) != 0
        || result != &status)
        return 2;
    child = fork();
    if (child == 0)
        _exit(7);
    if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7)
        return 3;
    child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", (char*)NULL);
        _exit(9);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : 4;
}

static void threads_forks_and_programs_work(void** state)
{
    struct linux_seccomp_filter filter = compile(NULL, 0);
    int                         status = -1;
    pid_t                       child  = fork();
    (void)state;

    if (child == 0)
        _exit(threads_and_forks(&filter));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    linux_seccomp_release(&filter);
}

static void unconfined_is_no_filter(void** state)
{
    static const struct probe   probes[] = { { "unshare nothing", SYS_unshare, { 0 }, 0 } };
    struct linux_seccomp_filter filter   = compile((char[]){ "unconfined" }, 0);
    (void)state;

    assert_int_equal(filter.count, 0);
    assert_null(filter.code);
    probe(&filter, probes, 1);
}

static void unknown_profiles_are_refused(void** state)
{
    struct cv_error             err      = CV_ERROR_INIT;
    struct linux_seccomp_filter filter   = { 0 };
    struct cv_spec              other    = { .ext = { .seccomp = (char[]){ "other" } } };
    struct cv_spec              missing  = { .ext = { .seccomp = (char[]){ "spec" } } };
    struct cv_spec              unspoken = { .linux_ = { .seccomp = { .set = true } } };
    (void)state;

    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_seccomp_compile(&other, 0, &filter, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_seccomp_compile(&missing, 0, &filter, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_seccomp_compile(&unspoken, 0, &filter, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_seccomp_get(NULL, &unspoken, 0, &filter, &err));
    assert_null(filter.code);
}

static void without_rights_nothing_is_installed(void** state)
{
    struct linux_seccomp_filter filter = compile(NULL, 0);
    int                         status = -1;
    pid_t                       child  = fork();
    (void)state;

    if (child == 0) {
        struct cv_error err = CV_ERROR_INIT;
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
            _exit(1);
        _exit(linux_seccomp_install(&filter, NULL, &err) == CV_ERR_PERMISSION && err.text[0] != '\0' ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    linux_seccomp_release(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_profile_does_what_it_says),
        cmocka_unit_test(capabilities_open_what_belongs_to_them),
        cmocka_unit_test(threads_forks_and_programs_work),
        cmocka_unit_test(unconfined_is_no_filter),
        cmocka_unit_test(unknown_profiles_are_refused),
        cmocka_unit_test(without_rights_nothing_is_installed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
