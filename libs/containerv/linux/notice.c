#include "linux/notice.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include <cv/banned.h>

static int open_clock(struct linux_notice* notice, struct cv_error* err)
{
    long              ns    = LINUX_NOTICE_NOW_AND_THEN_MS * 1000000L;
    struct itimerspec often = { .it_interval.tv_nsec = ns, .it_value.tv_nsec = ns };

    cv_handle_closep(&notice->fd);
    notice->by_time = true;
    notice->fd      = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (notice->fd >= 0 && timerfd_settime(notice->fd, 0, &often, NULL) == 0)
        return 0;
    cv_error_errno(err, errno, "make a clock to look at a folder by", NULL);
    cv_handle_closep(&notice->fd);
    return CV_ERR_SYSTEM;
}

int linux_notice_watch(struct linux_notice* notice, int folder_fd, uint32_t events, struct cv_error* err)
{
    char path[64];
    cv_snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd);
    if (notice->by_time || inotify_add_watch(notice->fd, path, events | IN_ONLYDIR) >= 0)
        return 0;
    return open_clock(notice, err); /* there are no more watches, or there is no /proc */
}

int linux_notice_open(struct linux_notice* notice, int folder_fd, uint32_t events, struct cv_error* err)
{
    *notice = (struct linux_notice){ .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
    return notice->fd < 0 ? open_clock(notice, err) : linux_notice_watch(notice, folder_fd, events, err);
}

void linux_notice_take(const struct linux_notice* notice)
{
    char events[4096];
    while (read(notice->fd, events, sizeof(events)) > 0 && !notice->by_time) {}
}
