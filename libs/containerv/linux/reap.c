#include "linux/reap.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>

int linux_reap(int pidfd, int64_t timeout_ms, siginfo_t* info_out, struct rusage* usage_out, struct cv_error* err)
{
    int64_t       deadline_ms = cv_clock_deadline_ms(timeout_ms);
    siginfo_t     info        = { .si_pid = 0 };
    struct rusage usage;
    for (;;) {
        int64_t left_ms =
            cv_clock_left_ms(deadline_ms); /* before the look: the last one is after the end of the time */
        struct pollfd entry = { .fd = pidfd, .events = POLLIN };
        /* the raw call: the C library's has no place for the usage */
        int rc = (int)syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG | __WALL, &usage);
        if (rc < 0)
            return cv_error_errno(err, errno, "wait for the end of a process", NULL);
        if (info.si_pid != 0)
            break;
        if (left_ms == 0) {
            cv_error_set(err, CV_ERR_TIMEOUT, "a process that was killed has not ended within %d ms", (int)timeout_ms);
            cv_error_step(err, "wait for the end of a process");
            cv_error_hint(err, "a filesystem that does not answer may keep it; it is taken away when it ends");
            return CV_ERR_TIMEOUT; /* err may be NULL */
        }
        poll(&entry, 1, (int)left_ms); /* whatever it says: the next look decides */
    }
    if (info_out != NULL)
        *info_out = info;
    if (usage_out != NULL)
        *usage_out = usage;
    return 0;
}
