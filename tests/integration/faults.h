/*
 * Faults in system calls. The program is linked so that the calls of this table come here first (-Wl,--wrap=NAME, see CMakeLists.txt,
 * which reads the names from here); the chosen one fails with EIO and isn't done. The count is in memory that forks and clones share.
 */
#ifndef CV_TEST_FAULTS_H
#define CV_TEST_FAULTS_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "linux/syscalls.h"

/* clang-format off */
#define FAULT_TABLE(CALL) \
    CALL(pid_t, sys_clone3, (struct clone_args* a), (a)) \
    CALL(int, sys_openat2, (int d, const char* p, uint64_t f, uint64_t m, uint64_t r), (d, p, f, m, r)) \
    CALL(int, sys_open_tree, (int d, const char* p, unsigned f), (d, p, f)) \
    CALL(int, sys_move_mount, (int d, const char* p, int e, const char* q, unsigned f), (d, p, e, q, f)) \
    CALL(int, sys_mount_setattr, (int d, const char* p, unsigned f, struct mount_attr* a), (d, p, f, a)) \
    CALL(int, sys_fsopen, (const char* t, unsigned f), (t, f)) \
    CALL(int, sys_fsconfig, (int fd, unsigned c, const char* k, const void* v, int a), (fd, c, k, v, a)) \
    CALL(int, sys_fsmount, (int fd, unsigned f, unsigned a), (fd, f, a)) \
    CALL(int, sys_pivot_root, (const char* n, const char* o), (n, o)) \
    CALL(int, sys_pidfd_open, (pid_t p, unsigned f), (p, f)) \
    CALL(int, sys_pidfd_send_signal, (int p, int n, siginfo_t* i, unsigned f), (p, n, i, f)) \
    CALL(int, sys_close_range, (unsigned a, unsigned b, unsigned f), (a, b, f)) \
    CALL(int, sys_landlock_create_ruleset, (const void* a, size_t s, unsigned f), (a, s, f)) \
    CALL(int, sys_landlock_add_rule, (int fd, int t, const void* a), (fd, t, a)) \
    CALL(int, sys_landlock_restrict_self, (int fd), (fd)) \
    CALL(int, mkdir, (const char* p, mode_t m), (p, m)) \
    CALL(int, mkdirat, (int d, const char* p, mode_t m), (d, p, m)) \
    CALL(int, socket, (int d, int t, int p), (d, t, p)) \
    CALL(int, socketpair, (int d, int t, int p, int fds[2]), (d, t, p, fds)) \
    CALL(ssize_t, sendmsg, (int fd, const struct msghdr* m, int f), (fd, m, f)) \
    CALL(ssize_t, recvmsg, (int fd, struct msghdr* m, int f), (fd, m, f)) \
    CALL(pid_t, fork, (void), ()) \
    CALL(int, unshare, (int f), (f)) \
    CALL(int, setns, (int fd, int t), (fd, t)) \
    CALL(int, mount, (const char* s, const char* t, const char* y, unsigned long f, const void* d), (s, t, y, f, d)) \
    CALL(int, umount2, (const char* t, int f), (t, f)) \
    CALL(int, chdir, (const char* p), (p)) \
    CALL(int, fchdir, (int fd), (fd)) \
    CALL(ssize_t, write, (int fd, const void* b, size_t n), (fd, b, n)) \
    CALL(ssize_t, read, (int fd, void* b, size_t n), (fd, b, n)) \
    CALL(int, setgroups, (size_t n, const gid_t* g), (n, g)) \
    CALL(int, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s)) \
    CALL(int, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s)) \
    CALL(pid_t, setsid, (void), ()) \
    CALL(int, sethostname, (const char* n, size_t s), (n, s)) \
    CALL(int, dup2, (int a, int b), (a, b)) \
    CALL(int, symlinkat, (const char* t, int d, const char* p), (t, d, p)) \
    CALL(int, fchownat, (int d, const char* p, uid_t u, gid_t g, int f), (d, p, u, g, f)) \
    CALL(int, fchmod, (int fd, mode_t m), (fd, m)) \
    CALL(int, renameat, (int d, const char* p, int e, const char* q), (d, p, e, q)) \
    CALL(int, fstat, (int fd, struct stat* s), (fd, s)) \
    CALL(int, flock, (int fd, int o), (fd, o))
/* with more arguments at times: written out in faults.c */
#define FAULT_TABLE_VARIADIC(CALL) CALL(open) CALL(openat) CALL(fcntl) CALL(prctl)
/* clang-format on */

/* The n-th call from now on fails, counted from 1. */
void faults_arm(unsigned n);

/* From now on nothing fails. Returns the name of the call that failed, NULL if none did. */
const char* faults_disarm(void);

/* Reap the processes that this one has forked since the last call, by fork(): those that delete in the background. */
void faults_reap_forks(void);

#endif
