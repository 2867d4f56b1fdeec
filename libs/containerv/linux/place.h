/* Small pieces of building a root that several files share. Run in PID 1. */
#ifndef CV_LINUX_PLACE_H
#define CV_LINUX_PLACE_H

#include <stdbool.h>

#include <cv/error.h>

struct cv_mount_options;
struct linux_setup;

/* Mount a detached mount on an open target. */
int linux_place(int mount_fd, int target_fd, const char* name, struct cv_error* err);

/* mounts.c: open the place of a mount in the container's root, made when it is missing. Never one in its /proc. */
int linux_open_place(
    const struct linux_setup* setup, const char* path, bool folder, int* target_out, struct cv_error* err);

/* filesystem.c: a new filesystem, detached. Also the guardian makes some. `source` as in mount(2), NULL: none. */
int linux_make_filesystem_of(const char* type, const char* source, const struct cv_mount_options* options,
    int* mount_fd_out, struct cv_error* err);
int linux_make_filesystem(
    const char* type, const struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err);

#endif
