/* Small pieces of building a root that several files share. Run in PID 1. */
#ifndef CV_LINUX_PLACE_H
#define CV_LINUX_PLACE_H

#include <cv/error.h>

struct cv_mount_options;

/* Mount a detached mount on an open target. */
int linux_place(int mount_fd, int target_fd, const char* name, struct cv_error* err);

/* A new filesystem, detached. */
int linux_make_filesystem(
    const char* type, const struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err);

#endif
