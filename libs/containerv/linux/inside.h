/* Paths inside a container's root: always beneath a descriptor of it, symbolic links resolved within, no magic links. The one place for
 * it, used while the root is built. */
#ifndef CV_LINUX_INSIDE_H
#define CV_LINUX_INSIDE_H

#include <stdbool.h>

#include <cv/error.h>

/* Open (O_PATH) what `path` names inside. CV_ERR_NOT_FOUND when it is not there. */
int inside_open(int root_fd, const char* path, int* fd_out, struct cv_error* err);

/* The same, refusing every symbolic link on the way: for /proc and /sys, whose content others trust. */
int inside_open_strict(int root_fd, const char* path, int* fd_out, struct cv_error* err);

/* Open the place of a mount, made when it is missing: a folder, or an empty file. */
int inside_make(int root_fd, const char* path, bool folder, int* fd_out, struct cv_error* err);

#endif
