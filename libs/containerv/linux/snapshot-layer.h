/* One file on its way from an upper into a layer: snapshot-commit.c and snapshot-xattr.c. */
#ifndef CV_LINUX_SNAPSHOT_LAYER_H
#define CV_LINUX_SNAPSHOT_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

struct layer_file {
    int         from_fd, to_fd;   /* -1: neither file nor folder */
    int         from_dir, to_dir; /* around it */
    const char* name;
    const char* path; /* in the container */
    uint32_t    shift;
    bool        user; /* as struct snapshot_job has them */
};

/* All but the overlay's own and the host's labels. */
int snapshot_copy_xattrs(const struct layer_file* file, struct cv_error* err);

/* CV_ERR_STATE: a container that goes on has put something else there, or nothing. */
int snapshot_changed(const struct layer_file* file, struct cv_error* err);

#endif
