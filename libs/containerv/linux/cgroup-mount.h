/* Mounts of type "cgroup" on machines with hierarchies of version 1. Run in PID 1. */
#ifndef CV_LINUX_CGROUP_MOUNT_H
#define CV_LINUX_CGROUP_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

#include "linux/cgroup-mount-plan.h"

/* Look at the machine, by /proc/self: the caller is in the container's groups. */
int linux_cgroup_mounts_look(struct linux_cgroup_mounts* plan_out, struct cv_error* err);

/*
 * A folder and a mount in `folder_fd` for each hierarchy, and the links. `fresh`: the caller is in a cgroup namespace, whose top is the
 * container's group; else that group is bound. `set`: attributes of each, enum cv_mount_attr.
 */
int linux_cgroup_mounts_make(
    const struct linux_cgroup_mounts* plan, bool fresh, uint32_t set, int folder_fd, struct cv_error* err);

/* The container's group in the hierarchy of version 2, bound. */
int linux_cgroup_mounts_bind2(
    const struct linux_cgroup_mounts* plan, uint32_t set, int* mount_fd_out, struct cv_error* err);

#endif
