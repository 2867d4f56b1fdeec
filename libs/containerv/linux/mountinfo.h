/* The mounts that this process sees. */
#ifndef CV_LINUX_MOUNTINFO_H
#define CV_LINUX_MOUNTINFO_H

#include <cv/error.h>

#include "linux/mountinfo-parse.h"

/* Read /proc/self/mountinfo. mountinfo_release() frees the result. */
int linux_mountinfo_read(struct mountinfo* info_out, struct cv_error* err);

/*
 * Open the root of the cgroup version 2 tree as this process sees it (a path descriptor, O_CLOEXEC). Each mount of that type is tried
 * in turn, and the opened folder is checked to be one. CV_ERR_UNSUPPORTED, with a hint, when there is none.
 */
int linux_mountinfo_open_cgroup2(int* root_fd_out, struct cv_error* err);

#endif
