#include "faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { FORKS_MAX = 16 };

struct shared {
    atomic_bool          armed;
    atomic_uint          count, fail_at;
    _Atomic(const char*) failed;
};

static struct shared* shared; /* NULL before the first faults_arm() */
static pid_t          owner;
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
        owner = getpid();
    }
    atomic_store(&shared->count, 0);
    atomic_store(&shared->fail_at, n);
    atomic_store(&shared->failed, NULL);
    atomic_store(&shared->armed, true);
}

const char* faults_disarm(void)
{
    atomic_store(&shared->armed, false);
    return atomic_load(&shared->failed);
}

static bool fails(const char* name)
{
    /* the guardian's own detaching takes things away, and there is no other way to do that */
    bool cleaning = getpid() == owner && strcmp(name, "umount2") == 0;
    if (shared == NULL || cleaning || !atomic_load(&shared->armed)
        || atomic_fetch_add(&shared->count, 1) + 1 != atomic_load(&shared->fail_at))
        return false;
    atomic_store(&shared->failed, name);
    errno = EIO;
    return true;
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

#define WRAP(type, name, parameters, arguments)                                                                        \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        return fails(#name) ? (type)-1 : (type)note_fork(#name, __real_##name arguments);                              \
    }
FAULT_TABLE(WRAP)

int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...);
int __real_openat(int dirfd, const char* path, int flags, ...);
int __wrap_openat(int dirfd, const char* path, int flags, ...);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

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
    return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

int __wrap_prctl(int option, ...)
{
    unsigned long arguments[4];
    va_list       list;
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        arguments[i] = va_arg(list, unsigned long);
    va_end(list);
    return fails("prctl") ? -1 : __real_prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
}
