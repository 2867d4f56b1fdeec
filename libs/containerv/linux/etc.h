/* /etc/hosts, hostname and resolv.conf: small files of ours, bound over the root's own (nothing of the root is written). Run in PID 1. */
#ifndef CV_LINUX_ETC_H
#define CV_LINUX_ETC_H

#include <cv/error.h>

struct linux_setup;

enum { LINUX_ETC_FILES = 3 };

struct linux_etc {
    int mount_fds[LINUX_ETC_FILES]; /* detached, -1: not ours to give */
};

#define LINUX_ETC_INIT                                                                                                 \
    {                                                                                                                  \
        {                                                                                                              \
            -1, -1, -1                                                                                                 \
        }                                                                                                              \
    }

/* Make the files while the host's root is still there. */
int  linux_etc_prepare(struct linux_etc* etc, const struct linux_setup* setup, struct cv_error* err);
int  linux_etc_place(struct linux_etc* etc, const struct linux_setup* setup, struct cv_error* err);
void linux_etc_release(struct linux_etc* etc);

#endif
