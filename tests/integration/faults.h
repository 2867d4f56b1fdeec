/*
 * Faults in system calls. The program is linked so that the calls of this table come here first (-Wl,--wrap=NAME, see CMakeLists.txt,
 * which reads the names from here); the chosen one fails with EIO and isn't done. The count is in memory that forks and clones share.
 * Waiting for a child is left out: there is no other way to be rid of it, and the kernel has no such error.
 */
#ifndef CV_TEST_FAULTS_H
#define CV_TEST_FAULTS_H

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* clang-format off */
#define FAULT_TABLE(CALL) \
    CALL(int, access, (const char* p, int m), (p, m)) \
    CALL(int, stat, (const char* p, struct stat* s), (p, s)) \
    CALL(int, lstat, (const char* p, struct stat* s), (p, s)) \
    CALL(int, fstatfs, (int fd, struct statfs* s), (fd, s)) \
    CALL(int, statvfs, (const char* p, struct statvfs* s), (p, s)) \
    CALL(int, chmod, (const char* p, mode_t m), (p, m)) \
    CALL(int, fchown, (int fd, uid_t u, gid_t g), (fd, u, g)) \
    CALL(int, fsync, (int fd), (fd)) \
    CALL(int, unlink, (const char* p), (p)) \
    CALL(int, unlinkat, (int d, const char* p, int f), (d, p, f)) \
    CALL(ssize_t, readlinkat, (int d, const char* p, char* b, size_t n), (d, p, b, n)) \
    CALL(ssize_t, pread, (int fd, void* b, size_t n, off_t o), (fd, b, n, o)) \
    CALL(int, poll, (struct pollfd* p, nfds_t n, int t), (p, n, t)) \
    CALL(int, kill, (pid_t p, int n), (p, n)) \
    CALL(int, bind, (int fd, const struct sockaddr* a, socklen_t n), (fd, a, n)) \
    CALL(int, shutdown, (int fd, int h), (fd, h)) \
    CALL(int, setrlimit, (__rlimit_resource_t r, const struct rlimit* l), (r, l)) \
    CALL(int, setdomainname, (const char* n, size_t s), (n, s)) \
    CALL(int, setfsuid, (uid_t u), (u)) \
    CALL(int, setfsgid, (gid_t g), (g)) \
    CALL(ssize_t, getrandom, (void* b, size_t n, unsigned f), (b, n, f)) \
    CALL(int, mkdir, (const char* p, mode_t m), (p, m)) \
    CALL(int, fsetxattr, (int fd, const char* n, const void* v, size_t s, int f), (fd, n, v, s, f)) \
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
/* with more arguments at times, or with a pointer as result: written out in faults.c */
#define FAULT_TABLE_OTHER(CALL) \
    CALL(open) CALL(openat) CALL(fcntl) CALL(prctl) CALL(ioctl) CALL(setsockopt) CALL(syscall) CALL(opendir) CALL(fdopendir) CALL(fopen)
/* clang-format on */

/* The n-th call from now on fails, counted from 1. */
void faults_arm(unsigned n);

/* Calls of this process, but not of its children, neither count nor fail. */
void faults_spare(void);

/* From now on nothing fails. Returns what failed, NULL if nothing did: "mkdirat", or "prctl 15" and "syscall 436" for calls of many
 * kinds. Static memory. */
const char* faults_disarm(void);

/* Reap the processes that this one has forked since the last call, by fork(): those that delete in the background. */
void faults_reap_forks(void);

#endif
