#include "faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FORKS_MAX = 16, NO_KIND = -1 };

struct shared {
    atomic_bool          armed;
    atomic_uint          count, fail_at;
    _Atomic(const char*) failed;
    atomic_long          kind; /* of a call of many kinds, else NO_KIND */
};

static struct shared* shared; /* NULL before the first faults_arm() */
static pid_t          owner, spared;
static pid_t          forks[FORKS_MAX];
static size_t         fork_count;

void faults_arm(unsigned n)
{
    if (shared == NULL) {
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED) {
            perror("mmap");
            exit(1);
        }
    }
    owner = getpid();
    atomic_store(&shared->count, 0);
    atomic_store(&shared->fail_at, n);
    atomic_store(&shared->failed, NULL);
    atomic_store(&shared->armed, true);
}

void faults_spare(void)
{
    spared = getpid();
}

const char* faults_disarm(void)
{
    static char text[64];
    const char* failed = atomic_load(&shared->failed);
    long        kind   = atomic_load(&shared->kind);
    atomic_store(&shared->armed, false);
    if (failed == NULL)
        return NULL;
    snprintf(text, sizeof(text), kind == NO_KIND ? "%s" : "%s %ld", failed, kind);
    return text;
}

static bool fails_of_kind(const char* name, long kind)
{
    /* the guardian's own detaching takes things away, and there is no other way to do that */
    bool cleaning = getpid() == owner && strcmp(name, "umount2") == 0;
    if (shared == NULL || cleaning || getpid() == spared || !atomic_load(&shared->armed)
        || atomic_fetch_add(&shared->count, 1) + 1 != atomic_load(&shared->fail_at))
        return false;
    atomic_store(&shared->kind, kind);
    atomic_store(&shared->failed, name);
    errno = EIO;
    return true;
}

static bool fails(const char* name)
{
    return fails_of_kind(name, NO_KIND);
}

void faults_reap_forks(void)
{
    while (fork_count > 0)
        waitpid(forks[--fork_count], NULL, 0);
}

static long note_fork(const char* name, long result)
{
    if (strcmp(name, "fork") == 0 && result > 0 && getpid() == owner && fork_count < FORKS_MAX)
        forks[fork_count++] = (pid_t)result;
    return result;
}

/* clang-format off */
#define WRAP(type, name, parameters, arguments)                                                                        \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        return fails(#name) ? (type)-1 : (type)note_fork(#name, __real_##name arguments);                              \
    }
/* clang-format on */
FAULT_TABLE(WRAP)

int   __real_open(const char* path, int flags, ...);
int   __wrap_open(const char* path, int flags, ...);
int   __real_openat(int dirfd, const char* path, int flags, ...);
int   __wrap_openat(int dirfd, const char* path, int flags, ...);
int   __real_fcntl(int fd, int command, ...);
int   __wrap_fcntl(int fd, int command, ...);
int   __real_prctl(int option, ...);
int   __wrap_prctl(int option, ...);
int   __real_setsockopt(int fd, int level, int name, const void* value, socklen_t size);
int   __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size);
int   __real_ioctl(int fd, unsigned long request, ...);
int   __wrap_ioctl(int fd, unsigned long request, ...);
long  __real_syscall(long number, ...);
long  __wrap_syscall(long number, ...);
DIR*  __real_opendir(const char* path);
DIR*  __wrap_opendir(const char* path);
DIR*  __real_fdopendir(int fd);
DIR*  __wrap_fdopendir(int fd);
FILE* __real_fopen(const char* path, const char* mode);
FILE* __wrap_fopen(const char* path, const char* mode);

int __wrap_open(const char* path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return fails("open") ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int dirfd, const char* path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
    va_end(list);
    return fails("openat") ? -1 : __real_openat(dirfd, path, flags, mode);
}

/* An argument that isn't there is read as whatever the register holds, and ignored by the kernel, as in the C library itself. */
int __wrap_fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    void* argument = va_arg(list, void*);
    va_end(list);
    return fails_of_kind("fcntl", command) ? -1 : __real_fcntl(fd, command, argument);
}

int __wrap_prctl(int option, ...)
{
    unsigned long arguments[4];
    va_list       list;
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        arguments[i] = va_arg(list, unsigned long);
    va_end(list);
    return fails_of_kind("prctl", option)
               ? -1
               : __real_prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
}

int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t size)
{
    return fails_of_kind("setsockopt", name) ? -1 : __real_setsockopt(fd, level, name, value, size);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void* argument = va_arg(list, void*);
    va_end(list);
    return fails_of_kind("ioctl", (long)request) ? -1 : __real_ioctl(fd, request, argument);
}

/* Six words are passed on, however many came: what is beyond them is our caller's, and nobody looks at it. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
    long    a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    bool can_fail = number != SYS_waitid && number != SYS_wait4;
    return can_fail && fails_of_kind("syscall", number) ? -1
                                                        : __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

DIR* __wrap_opendir(const char* path)
{
    return fails("opendir") ? NULL : __real_opendir(path);
}

DIR* __wrap_fdopendir(int fd)
{
    return fails("fdopendir") ? NULL : __real_fdopendir(fd);
}

FILE* __wrap_fopen(const char* path, const char* mode)
{
    return fails("fopen") ? NULL : __real_fopen(path, mode);
}
