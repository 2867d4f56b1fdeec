#include "linux/syscalls.h"

#include <linux/ioprio.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t sys_clone3(struct clone_args* args)
{
    return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

int sys_openat2(int dirfd, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

int sys_open_tree(int dirfd, const char* path, unsigned flags)
{
    return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

int sys_move_mount(int from_dirfd, const char* from, int to_dirfd, const char* to, unsigned flags)
{
    return (int)syscall(SYS_move_mount, from_dirfd, from, to_dirfd, to, flags);
}

int sys_mount_setattr(int dirfd, const char* path, unsigned flags, struct mount_attr* attributes)
{
    return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attributes, sizeof(*attributes));
}

int sys_fsopen(const char* type, unsigned flags)
{
    return (int)syscall(SYS_fsopen, type, flags);
}

int sys_fsconfig(int fd, unsigned command, const char* key, const void* value, int aux)
{
    return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}

int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
    return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

int sys_pivot_root(const char* new_root, const char* put_old)
{
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int number, siginfo_t* info, unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, info, flags);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

int sys_landlock_create_ruleset(const void* attr, size_t size, unsigned flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

int sys_landlock_add_rule(int ruleset_fd, int type, const void* attr)
{
    return (int)syscall(SYS_landlock_add_rule, ruleset_fd, type, attr, 0);
}

int sys_landlock_restrict_self(int ruleset_fd)
{
    return (int)syscall(SYS_landlock_restrict_self, ruleset_fd, 0);
}

int sys_sched_setattr(pid_t pid, const void* attr)
{
    return (int)syscall(SYS_sched_setattr, pid, attr, 0);
}

/* The C library's own want its own type of set, which is too small for large machines. */
int sys_sched_setaffinity(pid_t pid, const void* mask, size_t size)
{
    return (int)syscall(SYS_sched_setaffinity, pid, size, mask);
}

int sys_sched_getaffinity(pid_t pid, void* mask, size_t size)
{
    return (int)syscall(SYS_sched_getaffinity, pid, size, mask);
}

int sys_ioprio_set_self(int priority)
{
    return (int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, priority);
}

int sys_lsm_list_modules(uint64_t* ids, uint32_t* size, uint32_t flags)
{
    enum { NUMBER = 461 }; /* on every architecture; the distribution's headers are older */
    return (int)syscall(NUMBER, ids, size, flags);
}

long sys_keyctl(int operation, unsigned long a, unsigned long b)
{
    return syscall(SYS_keyctl, operation, a, b, 0, 0);
}
