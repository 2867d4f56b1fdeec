/* A descriptor that is readable when something in a folder has changed: inotify; or now and then, where the system has no inotify instance
 * or watch left (fs.inotify.max_user_instances). */
#ifndef CV_LINUX_NOTICE_H
#define CV_LINUX_NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/inotify.h>

#include <cv/error.h>

enum { LINUX_NOTICE_NOW_AND_THEN_MS = 250 };

struct linux_notice {
    int  fd; /* the same for its whole life, so that it can be waited for anywhere; -1: none */
    int  source_fd;
    bool by_time;
};

#define LINUX_NOTICE_INIT                                                                                              \
    {                                                                                                                  \
        .fd = -1, .source_fd = -1                                                                                      \
    }

/* `events`: IN_... of inotify. Close it after a failure, too. */
int linux_notice_open(struct linux_notice* notice, int folder_fd, uint32_t events, struct cv_error* err);
/* A further folder. */
int  linux_notice_watch(struct linux_notice* notice, int folder_fd, uint32_t events, struct cv_error* err);
void linux_notice_take(const struct linux_notice* notice); /* not readable any more, until there is something new */
void linux_notice_close(struct linux_notice* notice);

#endif
