/* System calls that the C library of the distribution has no function for. Each returns what the kernel returns: -1 and errno on error.
 * They are functions of their own so that fault tests can wrap them. */
#ifndef CV_LINUX_SYSCALLS_H
#define CV_LINUX_SYSCALLS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct clone_args;
struct mount_attr;

pid_t sys_clone3(struct clone_args* args);
int   sys_openat2(int dirfd, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve);
int   sys_open_tree(int dirfd, const char* path, unsigned flags);
int   sys_move_mount(int from_dirfd, const char* from, int to_dirfd, const char* to, unsigned flags);
int   sys_mount_setattr(int dirfd, const char* path, unsigned flags, struct mount_attr* attributes);
int   sys_fsopen(const char* type, unsigned flags);
int   sys_fsconfig(int fd, unsigned command, const char* key, const void* value, int aux);
int   sys_fsmount(int fd, unsigned flags, unsigned attributes);
int   sys_pivot_root(const char* new_root, const char* put_old);
int   sys_pidfd_open(pid_t pid, unsigned flags);
int   sys_pidfd_send_signal(int pidfd, int number, siginfo_t* info, unsigned flags);
int   sys_landlock_create_ruleset(const void* attr, size_t size, unsigned flags);
int   sys_landlock_add_rule(int ruleset_fd, int type, const void* attr);
int   sys_landlock_restrict_self(int ruleset_fd);
int   sys_close_range(unsigned first, unsigned last, unsigned flags);
int   sys_sched_setattr(pid_t pid, const void* attr); /* struct linux_sched_attr */
int   sys_sched_setaffinity(pid_t pid, const void* mask, size_t size);
int   sys_sched_getaffinity(pid_t pid, void* mask, size_t size); /* bytes written */
int   sys_ioprio_set_self(int priority);
int   sys_lsm_list_modules(uint64_t* ids, uint32_t* size, uint32_t flags); /* how many */
long  sys_keyctl(int operation, unsigned long a, unsigned long b);

#endif
