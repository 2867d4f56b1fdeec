#include "linux/notice.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include <cv/banned.h>

static int use_source(struct linux_notice* notice, struct cv_error* err)
{
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl(notice->fd, EPOLL_CTL_ADD, notice->source_fd, &event) < 0
               ? cv_error_errno(err, errno, "wait for changes in a folder", NULL)
               : 0;
}

/* Instead of what there was. */
static int use_clock(struct linux_notice* notice, struct cv_error* err)
{
    long              ns    = LINUX_NOTICE_NOW_AND_THEN_MS * 1000000L;
    struct itimerspec often = { .it_interval.tv_nsec = ns, .it_value.tv_nsec = ns };

    cv_handle_closep(&notice->source_fd);
    notice->by_time   = true;
    notice->source_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (notice->source_fd < 0 || timerfd_settime(notice->source_fd, 0, &often, NULL) < 0)
        return cv_error_errno(err, errno, "make a clock to look at a folder by", NULL);
    return use_source(notice, err);
}

int linux_notice_watch(struct linux_notice* notice, int folder_fd, uint32_t events, struct cv_error* err)
{
    char path[64];
    cv_snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd);
    if (notice->by_time || inotify_add_watch(notice->source_fd, path, events | IN_ONLYDIR) >= 0)
        return 0;
    return use_clock(notice, err); /* there are no more watches, or there is no /proc */
}

int linux_notice_open(struct linux_notice* notice, int folder_fd, uint32_t events, struct cv_error* err)
{
    int rc;
    *notice = (struct linux_notice){ .fd = epoll_create1(EPOLL_CLOEXEC), .source_fd = -1 };
    if (notice->fd < 0)
        return cv_error_errno(err, errno, "wait for changes in a folder", NULL);
    notice->source_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (notice->source_fd < 0)
        return use_clock(notice, err);
    rc = use_source(notice, err);
    return rc == 0 ? linux_notice_watch(notice, folder_fd, events, err) : rc;
}

void linux_notice_take(const struct linux_notice* notice)
{
    char events[4096];
    while (read(notice->source_fd, events, sizeof(events)) > 0 && !notice->by_time) {}
}

void linux_notice_close(struct linux_notice* notice)
{
    cv_handle_closep(&notice->source_fd);
    cv_handle_closep(&notice->fd);
}
