/*
 * Starting the guardian without a trace in the calling process: a short-lived helper that shares our memory starts it and ends, so the
 * guardian is the child of init (or of the nearest subreaper). The helper ends without SIGCHLD, and only a wait with __WALL, ours, sees
 * it. One clone that execs would not do: exec sets the signal of a child's end back to SIGCHLD.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/str.h>
#include <cv/strv.h>

#include "linux/client.h"
#include "linux/programs.h"

#include <cv/banned.h>

enum { STACK_BYTES = 64 * 1024, MAIN_FD = 3 };

/* Read and written by the helper and the new process while the calling thread waits. */
struct launch {
    const char* path;
    char**      environment;
    int         main_fd;
    char*       stacks; /* two of STACK_BYTES */
    pid_t       pid;
    int         error_number;
};

static int run_guardian(void* data)
{
    struct launch* launch = data;
    const char*    slash  = strrchr(launch->path, '/');
    char*          argv[] = { (char*)(slash != NULL ? slash + 1 : launch->path), NULL };
    sigset_t       none;

    if (launch->main_fd == MAIN_FD) {
        fcntl(MAIN_FD, F_SETFD, 0);
    } else if (dup2(launch->main_fd, MAIN_FD) < 0) {
        launch->error_number = errno;
        return 127;
    }
    /* what another thread opened without close-on-exec stays here; a kernel without it leaves that to the guardian */
    syscall(SYS_close_range, MAIN_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int number = 1; number <= SIGRTMAX;
         number++) /* none of the caller's handlers may run in memory that is its own */
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(launch->path, argv, launch->environment);
    launch->error_number = errno;
    return 127;
}

static int run_helper(void* data)
{
    struct launch* launch = data;

    launch->pid =
        clone(run_guardian, launch->stacks + 2 * (size_t)STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, launch);
    if (launch->pid < 0)
        launch->error_number = errno;
    else if (launch->error_number != 0)
        waitpid(launch->pid, NULL, 0);
    return 0;
}

/* Both run with all signals blocked. */
static int launch_all(struct launch* launch, struct cv_error* err)
{
    sigset_t all, before;
    pid_t    helper;
    int      error_number;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    helper       = clone(run_helper, launch->stacks + STACK_BYTES, CLONE_VM | CLONE_VFORK, launch);
    error_number = errno;
    if (helper > 0) {
        while (waitpid(helper, NULL, __WALL) < 0 && errno == EINTR) {}
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (helper < 0)
        return cv_error_errno(err, error_number, "start the guardian's helper", NULL);
    if (launch->error_number != 0)
        return cv_error_errno(err, launch->error_number, "start the guardian", launch->path);
    return 0;
}

/* Our settings, and where a plain user's folders are. The rest may hold secrets and has no business in a container's first process. */
static int guardian_environment(struct cv_strv* list, struct cv_error* err)
{
    static const char* const wanted[] = { "CONTAINERV_", "HOME=", "XDG_RUNTIME_DIR=", "XDG_STATE_HOME=" };

    if (getauxval(AT_SECURE) != 0)
        return 0;
    for (char** at = environ; at != NULL && *at != NULL; at++) {
        for (size_t i = 0; i < CV_ARRAY_LEN(wanted); i++)
            if (strncmp(*at, wanted[i], strlen(wanted[i])) == 0 && cv_strv_append(list, *at) < 0)
                return cv_error_no_memory(err);
    }
    return 0;
}

int linux_client_start(const char* path, int main_fd, pid_t* pid_out, struct cv_error* err)
{
    static char*   nothing[] = { NULL };
    struct cv_strv list      = { .items = NULL };
    struct launch  launch    = { .path = path, .main_fd = main_fd };
    int            result    = guardian_environment(&list, err);

    launch.environment = list.count > 0 ? list.items : nothing;
    launch.stacks =
        mmap(NULL, 2 * (size_t)STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (result == 0 && launch.stacks == MAP_FAILED)
        result = cv_error_no_memory(err);
    if (result == 0)
        result = launch_all(&launch, err);
    if (launch.stacks != MAP_FAILED)
        munmap(launch.stacks, 2 * (size_t)STACK_BYTES);
    cv_strv_release(&list);
    if (result == 0)
        *pid_out = launch.pid;
    return result;
}

int linux_client_program(char** path_out, struct cv_error* err)
{
    return linux_program_find("cv-guardian", "CONTAINERV_GUARDIAN", path_out, err);
}

int linux_client_supervisor(char** path_out, struct cv_error* err)
{
    return linux_program_find("cv-supervisor", "CONTAINERV_SUPERVISOR", path_out, err);
}

int linux_client_archiver(char** path_out, struct cv_error* err)
{
    return linux_program_find("cv-archive", "CONTAINERV_ARCHIVER", path_out, err);
}
