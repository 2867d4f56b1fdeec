/* Our mount attribute bits as the kernel's, applied to a detached or attached mount by descriptor. */
#ifndef CV_LINUX_ATTR_H
#define CV_LINUX_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

/* MOUNT_ATTR_* of enum cv_mount_attr bits, as fsmount() takes them. */
uint64_t linux_attr_bits(uint32_t attributes);

/* Set and clear attributes of the mount, of all below it too when recursive. `name` is for the error. */
int linux_attr_apply(
    int mount_fd, uint32_t set, uint32_t clear, bool recursive, const char* name, struct cv_error* err);

/* What the host mounts or unmounts below later stays out of this copy, and out of all mounts in it. */
int linux_attr_private(int mount_fd, const char* name, struct cv_error* err);

/* Idmap a detached mount. A filesystem that can't is an error that names it. */
int linux_attr_idmap(int mount_fd, int userns_fd, bool recursive, const char* name, struct cv_error* err);

#endif
