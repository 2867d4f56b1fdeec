/* The mounts of a container: making filesystems, finding their places in the root, in the order of the description. Run in PID 1. */
#ifndef CV_LINUX_MOUNTS_H
#define CV_LINUX_MOUNTS_H

#include <cv/error.h>

struct linux_setup;

/* What must be known before the root is attached, as the host's /proc is still to be seen. Release it also after a failure. */
int  linux_mounts_prepare(struct linux_setup* setup, struct cv_error* err);
void linux_mounts_release(struct linux_setup* setup);

int linux_mounts_make(struct linux_setup* setup, struct cv_error* err);

/* When nothing is made in them any more: those that had to be writable until now. */
int linux_mounts_finish(struct linux_setup* setup, struct cv_error* err);

#endif
