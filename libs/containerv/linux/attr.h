/* Our mount attribute bits as the kernel's, applied to a detached or attached mount by descriptor. */
#ifndef CV_LINUX_ATTR_H
#define CV_LINUX_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

#include "spec/mountopts.h"

/* MOUNT_ATTR_* of enum cv_mount_attr bits, as fsmount() takes them. */
uint64_t linux_attr_bits(uint32_t attributes);

/* Set and clear attributes of the mount, of all below it too when recursive. `name` is for the error. */
int linux_attr_apply(
    int mount_fd, uint32_t set, uint32_t clear, bool recursive, const char* name, struct cv_error* err);

/* What the host mounts or unmounts below later stays out of this copy, and out of all mounts in it. */
int linux_attr_private(int mount_fd, const char* name, struct cv_error* err);

/* How what is mounted later spreads. `name` is for the error. */
int linux_attr_propagate(
    int mount_fd, enum cv_mount_propagation propagation, bool recursive, const char* name, struct cv_error* err);

/* linux.rootfsPropagation's word, with or without "r" in front. False for NULL and others. */
bool linux_attr_propagation_word(const char* word, enum cv_mount_propagation* propagation_out, bool* recursive_out);

/* Idmap a detached mount. A filesystem that can't is an error that names it. */
int linux_attr_idmap(int mount_fd, int userns_fd, bool recursive, const char* name, struct cv_error* err);

#endif
