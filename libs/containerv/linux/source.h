/* Host side of mounts: opening what comes from the host as detached mounts with owners mapped. Runs in the guardian. */
#ifndef CV_LINUX_SOURCE_H
#define CV_LINUX_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

#include "linux/idrange.h"
#include "spec/spec.h"

struct linux_source_context {
    const struct linux_idrange* range;     /* NULL: no user namespace, nothing is idmapped */
    int                         userns_fd; /* of the container, -1 without */
    int                         home_fd;   /* the container's folder in the state folder: holds the upper */
    const struct cv_spec*       spec;
    bool                        kept;     /* the upper is to be there again for another start */
    int*                        upper_fd; /* gets an upper of limited size, to be closed with the container */
    int                         root_fd;  /* of the container, for the names in its files; -1 before it is there */
};

/* Ids of the container as they are on the host. CV_ERR_INVALID when it has not so many; `who` is for the text. */
int linux_source_ids(const struct linux_source_context* context, uint32_t uid, uint32_t gid, const char* who,
    uint32_t* uid_out, uint32_t* gid_out, struct cv_error* err);

/* The root as one detached mount: the root folder itself, or an overlay of the layers with a throw-away upper. */
int linux_source_root(
    const struct cv_spec* spec, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err);

/* The source of a bind mount, detached, with all attributes set. With x-containerv.chown its files are given to the container's user. */
int linux_source_bind(const struct cv_spec_mount* mount, const struct linux_source_context* context, int* mount_fd_out,
    struct cv_error* err);

/* A device node of the host, detached. */
int linux_source_device(const char* host_path, int* mount_fd_out, struct cv_error* err);

/* upper.c, in the place where layers are put together: the two folders of an upper; a tmpfs with them, attached as "upper"; and whether
 * nothing more can be written to it. */
int  linux_upper_make_folders(int place_fd, bool kept, struct cv_error* err); /* kept: they may be there already */
int  linux_upper_mount(uint64_t bytes, const struct linux_idrange* range, int* upper_fd_out, struct cv_error* err);
bool linux_upper_is_full(int upper_fd);

/* Once a guardian: a mount namespace of its own with a place where layers are put together. */
int linux_source_prepare(struct cv_error* err);

#endif
