/* What a process must shed before it watches over containers: what it has of its caller, which may be anything. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/macros.h>

#include "linux/guardian.h"

#include <cv/banned.h>

/* With further arguments it was started anew by itself (linux_container_settle). */
bool guardian_is_started_by_library(int argc)
{
    int       type   = 0;
    int       domain = 0;
    socklen_t length = sizeof(type);

    return argc >= 1 && getsockopt(GUARDIAN_MAIN_FD, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET
           && getsockopt(GUARDIAN_MAIN_FD, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

static int leave_descriptors(struct cv_error* err)
{
    int null_fd;

    if (syscall(SYS_close_range, GUARDIAN_MAIN_FD + 1, ~0U, 0) < 0)
        return cv_error_errno(err, errno, "close what was inherited", NULL);
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0)
        return cv_error_errno(err, errno, "open", "/dev/null");
    for (int fd = 0; fd < GUARDIAN_MAIN_FD; fd++) {
        if (dup2(null_fd, fd) < 0)
            return cv_error_errno(err, errno, "open a standard stream", "/dev/null");
    }
    if (null_fd > GUARDIAN_MAIN_FD)
        close(null_fd);
    if (fcntl(GUARDIAN_MAIN_FD, F_SETFD, FD_CLOEXEC) < 0)
        return cv_error_errno(err, errno, "set close-on-exec", "main socket");
    return 0;
}

static void do_nothing(int number)
{
    (void)number;
}

/*
 * Nothing but SIGKILL may end us before we have swept. Handlers, not SIG_IGN or a mask: exec sets them back, so that what we start has
 * the defaults.
 */
static void outlive_signals(void)
{
    static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP,
        SIGTTIN, SIGTTOU, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO, SIGPWR, SIGSTKFLT };
    struct sigaction action    = { .sa_handler = do_nothing, .sa_flags = SA_RESTART };
    sigset_t         none;

    for (int number = 1; number < SIGRTMIN; number++)
        signal(number, SIG_DFL);
    for (size_t i = 0; i < CV_ARRAY_LEN(numbers); i++)
        sigaction(numbers[i], &action, NULL);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        sigaction(number, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int guardian_settle(char** argv, struct cv_error* err)
{
    int result;

    setsid(); /* fails only for a group's leader, which then has no terminal of ours either */
    outlive_signals();
    umask(022);
    result = leave_descriptors(err);
    if (result < 0)
        return result;
    if (chdir("/") < 0)
        return cv_error_errno(err, errno, "leave the working folder", NULL);
    linux_container_settle(argv, GUARDIAN_MAIN_FD);
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 0) < 0)
        return cv_error_errno(err, errno, "protect the guardian", NULL);
    return 0;
}
