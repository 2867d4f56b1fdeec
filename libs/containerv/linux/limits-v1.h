/*
 * Groups in the hierarchies of cgroup version 1: <mount>/<place>/c-<id>. What others have there is never touched. `place` is the PATH of
 * cgroup-place.h; NULL: "containerv", which stays.
 */
#ifndef CV_LINUX_LIMITS_V1_H
#define CV_LINUX_LIMITS_V1_H

#include <cv/error.h>

#include "linux/limits.h"

/* Open the folder of all our groups in the controller's hierarchy. CV_ERR_NOT_FOUND: no hierarchy has it. */
int linux_v1_open_parent(
    enum linux_controller controller, const char* place, int* parent_fd_out, struct cv_error* err); /* makes it */

/* The same when it is there; CV_ERR_NOT_FOUND also when it is not. */
int linux_v1_find_parent(enum linux_controller controller, const char* place, int* parent_fd_out, struct cv_error* err);

/* linux_cgroup_place_sweep() in the controller's hierarchy. CV_ERR_NOT_FOUND: no hierarchy has it. */
int linux_v1_sweep_place(enum linux_controller controller, const char* place, struct cv_error* err);

/* Make and open the group of a container; the group has `parent_fd` from then on. */
int linux_v1_create(int parent_fd, const char* id, struct linux_limits_group* group_out, struct cv_error* err);

/* The folder of a mount of a hierarchy, or an error; CV_ERR_NOT_FOUND when another mount covers it. */
int linux_v1_open_mount(const char* target, struct cv_error* err);

/* Give a new group what it needs before it takes processes: cpuset's lists, from the one above. */
int linux_v1_prepare(int above_fd, int group_fd, struct cv_error* err);

int linux_v1_remove(int parent_fd, const char* id, struct cv_error* err); /* gone is fine */
/* The same for a dead owner's. CV_ERR_STATE: somebody with another run folder holds it; CV_ERR_NOT_FOUND: there is none. */
int linux_v1_sweep(int parent_fd, const char* id, struct cv_error* err);

#endif
