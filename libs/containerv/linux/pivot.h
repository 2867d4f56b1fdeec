/* Leaving the host's root for the container's. Run in PID 1. */
#ifndef CV_LINUX_PIVOT_H
#define CV_LINUX_PIVOT_H

#include <cv/error.h>

struct linux_setup;

enum { LINUX_PIVOT_VIEWS = 2 };

/* The host's /sys and /proc, when they can't be left together with its root; -1. */
struct linux_pivot {
    int view_fds[LINUX_PIVOT_VIEWS];
};

#define LINUX_PIVOT_INIT                                                                                               \
    {                                                                                                                  \
        {                                                                                                              \
            -1, -1                                                                                                     \
        }                                                                                                              \
    }

/* Before the root is attached. Release it also after a failure. */
int  linux_pivot_prepare(const struct linux_setup* setup, struct linux_pivot* pivot_out, struct cv_error* err);
void linux_pivot_release(struct linux_pivot* pivot);

/* Make the attached root the root, with the propagation that linux.rootfsPropagation asks for. */
int linux_pivot_away(const struct linux_setup* setup, const struct linux_pivot* pivot, struct cv_error* err);

#endif
