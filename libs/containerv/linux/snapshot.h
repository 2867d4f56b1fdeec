/*
 * What a container has changed: its upper, read beneath the overlay. Runs in a fork of the guardian, which has the upper's descriptor
 * and, for a plain user, the user namespace that its owners belong to. Names and attributes in there are the container's: nothing is
 * opened by more than one component, and no symbolic link is followed.
 */
#ifndef CV_LINUX_SNAPSHOT_H
#define CV_LINUX_SNAPSHOT_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cv/error.h>
#include <cv/strv.h>

#include "linux/copy-format.h"

struct copy_stream;

struct snapshot_job {
    int                   upper_fd;
    int                   folder_fd; /* where a layer is made, empty; -1: changes are told */
    bool                  user;      /* the overlay has its marks in user.overlay.*, else in trusted.overlay.* */
    uint32_t              shift;     /* owners are that much above what the container sees */
    const struct cv_strv* layers;    /* paths on the host, lowest first */
    const struct cv_strv* places;    /* paths that were made for mounts, as the container sees them; for a diff */
    struct copy_stream*   stream;    /* to the caller */
};

/* Tell a CHANGE for each path. */
int snapshot_diff(const struct snapshot_job* job, struct cv_error* err);

/* Make the layer, telling COUNT. After a failure the folder is empty again. */
int snapshot_commit(const struct snapshot_job* job, struct cv_error* err);

/* --- what both do --------------------------------------------------------------------------------------------------------------- */

/* A walk through the upper without recursion. The entry at hand is `name` in the folder `dirfd`; `path` is "/a/b". */
struct snapshot_walk {
    const struct snapshot_job* job;
    void*                      context;
    /* Everything but folders. */
    int (*entry)(
        struct snapshot_walk* walk, int dirfd, const char* name, const struct stat* info, struct cv_error* err);
    /* A folder, before and after what is in it. What was entered is left, also when the walk fails. */
    int (*enter)(struct snapshot_walk* walk, int fd, const char* name, const struct stat* info, struct cv_error* err);
    int (*leave)(struct snapshot_walk* walk, struct cv_error* err);

    struct snapshot_level {
        DIR*   stream;
        size_t path_length;
    } levels[COPY_DEPTH_MAX];
    size_t depth;
    char   path[COPY_PATH_MAX + 1];
    size_t path_length;
};

/* `walk` has the first five members. */
int snapshot_walk_run(struct snapshot_walk* walk, struct cv_error* err);
/* Append a component; CV_ERR_LIMIT. */
int  snapshot_walk_push(struct snapshot_walk* walk, const char* name, struct cv_error* err);
void snapshot_walk_cut(struct snapshot_walk* walk, size_t length);

/* The overlay's marks: a name that is not there any more, and a folder under which the layers below are not seen. */
bool        snapshot_is_whiteout(const struct stat* info);
int         snapshot_is_opaque(int fd, bool user, bool* opaque_out, const char* path, struct cv_error* err);
const char* snapshot_mark(bool user); /* the name of the attribute */

/* CV_ERR_CANCELLED when the caller is gone or does not want it any more. */
int snapshot_check_caller(const struct snapshot_job* job, struct cv_error* err);

#endif
