#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/macros.h>

#include "linux/archive.h"

#include <cv/banned.h>

/* Nothing that takes a path, but to look at a descriptor (the C library's fstat is newfstatat). Anything else fails with ENOSYS. */
static const int calls[] = {
    SYS_read,
    SYS_write,
    SYS_pread64,
    SYS_lseek,
    SYS_close,
    SYS_fcntl,
    SYS_fstat,
    SYS_newfstatat,
    SYS_fstatfs,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_ppoll,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_futex,
    SYS_rseq, /* this and the next by a thread that begins */
    SYS_set_robust_list,
    SYS_sigaltstack, /* this by one of a build with a sanitizer, and the next by its allocator */
    SYS_sched_yield,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_gettid,
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

enum { HEAD_INSNS = 4, CALLS = CV_ARRAY_LEN(calls) };

static int give_up_capabilities(struct cv_error* err)
{
    struct __user_cap_header_struct header  = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct   none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
        || syscall(SYS_capset, &header, none) < 0)
        return cv_error_errno(err, errno, "give up privileges", NULL);
    return 0;
}

int archive_confine(struct cv_error* err)
{
    struct sock_filter code[HEAD_INSNS + CALLS + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_fprog program = { .len = CV_ARRAY_LEN(code), .filter = code };
    size_t            at      = HEAD_INSNS;
    int               rc      = give_up_capabilities(err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < CALLS; i++)
        code[at++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], (uint8_t)(CALLS - i), 0);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        return cv_error_errno(err, errno, "put a filter on the archive's program", NULL);
    return 0;
}
