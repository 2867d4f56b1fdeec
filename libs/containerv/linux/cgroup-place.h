/*
 * A chosen place for containers' groups (--cgroup-parent): the folder PATH below the root of a hierarchy, of either version.
 *
 * Parts of PATH that are missing are made, and marked by an extended attribute, so that whoever leaves the place last removes them, and
 * nobody removes what others have made. A part that somebody else uses as well, by a process or a group in it, stays. (Killed between the
 * making and the marking of a part, we leave an empty group that nobody removes.)
 *
 * PATH has the form of the specification's cgroupParent: "/a/b". Everything goes by descriptor and part by part, beneath the root,
 * through no symbolic link and no other mount.
 */
#ifndef CV_LINUX_CGROUP_PLACE_H
#define CV_LINUX_CGROUP_PLACE_H

#include <stdbool.h>

#include <cv/error.h>

/* How often a place is made anew whose last user removed it between our opening it and our making a group in it. */
enum { LINUX_CGROUP_PLACE_TRIES = 8 };

struct linux_cgroup_place {
    const char* path;
    int within_fd; /* PATH must be this group or below, else CV_ERR_PERMISSION before anything is made; -1: anywhere */
    /* for each part, from the top; may be NULL. */
    int (*prepare)(int above_fd, int part_fd, struct cv_error* err);
};

/* Open the place, made when it is missing. After a failure nothing that was made is left. */
int linux_cgroup_place_make(
    int root_fd, const struct linux_cgroup_place* place, int* place_fd_out, struct cv_error* err);

/* The same when it is there, else CV_ERR_NOT_FOUND. */
int linux_cgroup_place_open(int root_fd, const char* path, int* place_fd_out, struct cv_error* err);

/* Remove its parts from the deepest on, as far as they were made by us and are empty. */
int linux_cgroup_place_leave(int place_fd, const char* path, struct cv_error* err);

/* The same for a place that may be there in part only, or not at all. */
int linux_cgroup_place_sweep(int root_fd, const char* path, struct cv_error* err);

/* Was it that the place went away meanwhile? Then it can be made again. */
bool linux_cgroup_place_vanished(const struct cv_error* err);

/* Note the path in a container's run folder, before anything is made; read the note: CV_ERR_NOT_FOUND when there is none. */
int linux_cgroup_place_note(int run_folder_fd, const char* path, struct cv_error* err);
int linux_cgroup_place_noted(int run_folder_fd, char** path_out, struct cv_error* err);

#endif
