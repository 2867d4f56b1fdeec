/*
 * The container's end of a copy: a fork of the guardian that joins the container's namespaces, so that every path means what it means
 * there and every id is the container's. It runs nothing, it can't be looked into from inside (nor seen: it is in no PID namespace of the
 * container), and what it may do is root's business with files there, by capabilities and by a system call filter.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/caps.h"
#include "linux/container-internal.h"
#include "linux/copy.h"
#include "linux/fd.h"
#include "linux/syscalls.h"

/* What a copy needs, the C library's memory included. Anything else fails with ENOSYS: there is no program here that could be told. */
static const int calls[] = {
    SYS_read,
    SYS_write,
    SYS_pread64,
    SYS_pwrite64,
    SYS_lseek,
    SYS_close,
    SYS_dup,
    SYS_fcntl,
    SYS_openat,
    SYS_openat2,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_fstatfs,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_mkdirat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_fchmod,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_ftruncate,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_fsetxattr,
    SYS_copy_file_range,
    SYS_sendfile,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_ppoll,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_futex,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_exit,
    SYS_exit_group,
#ifdef SYS_poll
    SYS_poll,
#endif
};

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

enum { FIXED_INSNS = 6, CALLS = CV_ARRAY_LEN(calls) };
_Static_assert(CALLS < 255, "a jump is one byte");

static void make_filter(struct sock_filter code[FIXED_INSNS + CALLS])
{
    const struct sock_filter head[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    size_t at = 0;
    for (; at < CV_ARRAY_LEN(head); at++)
        code[at] = head[at];
    for (size_t i = 0; i < CALLS; i++)
        code[at++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], (uint8_t)(CALLS - i), 0);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static int confine(struct cv_error* err)
{
    const uint64_t files = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_FOWNER
                           | UINT64_C(1) << CAP_FSETID;
    const struct linux_caps caps = { .effective = files, .permitted = files };
    struct sock_filter      code[FIXED_INSNS + CALLS];
    struct sock_fprog       program = { .len = CV_ARRAY_LEN(code), .filter = code };
    int                     rc      = linux_caps_apply_bounding(&caps, err);
    if (rc == 0)
        rc = linux_caps_apply(&caps, err);
    if (rc == 0)
        rc = linux_pid1_protect(err);
    if (rc < 0)
        return rc;
    make_filter(code);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return cv_error_errno(err, errno, "put a filter on the copy", NULL);
    return 0;
}

struct helper {
    const struct linux_container* container;
    const struct linux_copy*      copy;
    int                           socket_fd;
};

/* All but the PID namespace: the container can't see us, nor does our end hold up its PID 1's. */
static int enter(const struct helper* helper, int* root_fd_out, struct cv_error* err)
{
    int keep[] = { helper->socket_fd, helper->container->pidfd };
    int rc     = linux_limits_join(&helper->container->limits, err);
    if (rc == 0)
        rc = linux_fd_close_others(keep, CV_ARRAY_LEN(keep), err);
    if (rc == 0)
        rc = linux_join_namespaces(helper->container, ~(unsigned long)CLONE_NEWPID, err);
    if (rc == 0)
        rc = linux_join_become_root(helper->container, err);
    if (rc < 0)
        return rc;
    *root_fd_out = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *root_fd_out < 0 ? cv_error_errno(err, errno, "open the container's root", NULL) : confine(err);
}

static int copy(const struct helper* helper, struct copy_stream* stream, struct cv_error* err)
{
    struct copy_job job = {
        .path           = helper->copy->path,
        .to_host        = helper->copy->to_host,
        .owners         = helper->copy->owners,
        .setuid         = helper->copy->setuid,
        .follow         = helper->copy->follow,
        .nodes          = helper->copy->nodes,
        .one_filesystem = helper->copy->one_filesystem,
        .max_bytes      = UINT64_MAX, /* the caller's end counts */
        .max_entries    = UINT64_MAX,
    };
    int rc = enter(helper, &job.root_fd, err);
    if (rc < 0)
        return rc;
    return job.to_host ? copy_send(stream, &job, err) : copy_receive(stream, &job, err);
}

static _Noreturn void be_helper(const struct helper* helper)
{
    struct copy_frame  last = { .kind = COPY_FATAL, .error = CV_ERROR_INIT };
    struct copy_stream stream;
    umask(0);
    prctl(PR_SET_NAME, "cv-copy");
    int rc = linux_pid1_protect(&last.error);
    if (rc == 0)
        rc = copy_stream_init(&stream, helper->socket_fd, &last.error);
    if (rc < 0)
        _exit(1);
    rc = copy(helper, &stream, &last.error);
    if (rc < 0 && rc != CV_ERR_LOST && copy_stream_put(&stream, &last, NULL) == 0)
        copy_stream_flush(&stream, NULL);
    _exit(rc < 0 ? 1 : 0);
}

int linux_container_copy(const struct linux_container* container, const struct linux_copy* copy, int socket_fd,
    int* pidfd_out, struct cv_error* err)
{
    struct helper     helper = { .container = container, .copy = copy, .socket_fd = socket_fd };
    int               pidfd  = -1;
    struct clone_args args   = { .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD };
    pid_t             pid    = linux_container_clone(container, &args);
    if (pid == 0)
        be_helper(&helper);
    if (pid < 0)
        return cv_error_errno(err, errno, "start a copy", container->home.id);
    *pidfd_out = pidfd;
    return 0;
}
