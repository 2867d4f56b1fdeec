/* Where a copy goes, by the rules of `docker cp`, decided from what is known about both ends. Pure. */
#ifndef CV_LINUX_COPY_PLAN_H
#define CV_LINUX_COPY_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <cv/error.h>

/* A path as it was written, taken apart: "/a/b/" is "b" in "/a" and has a slash at its end. */
struct copy_path {
    char* parent;   /* "/" or "." where none is written */
    char* name;     /* "" when the path ends in "/", "." or "..", so that only its content can be meant */
    bool  slash;    /* it ends with a slash: must be a folder */
    bool  contents; /* it ends with "/.", or has no name: what is in the folder, not the folder itself */
};

/* CV_ERR_INVALID for an empty path and for one of which a component is too long. Release also after a failure. */
int  copy_path_parse(const char* path, struct copy_path* path_out, struct cv_error* err);
void copy_path_release(struct copy_path* path);

enum copy_found { COPY_FOUND_NOTHING, COPY_FOUND_FOLDER, COPY_FOUND_OTHER };

/* What the receiver does with the first entry of the tree. */
enum copy_place {
    COPY_PLACE_AS,    /* it becomes the destination: its parent and its name */
    COPY_PLACE_BELOW, /* it goes into the destination, which is a folder, under the source's name */
    COPY_PLACE_MERGE  /* its content goes into the destination, which is a folder */
};

/* `found` is what the destination is, symbolic links followed. */
int copy_place_choose(bool source_is_folder, bool source_contents, const struct copy_path* destination,
    enum copy_found found, enum copy_place* place_out, struct cv_error* err);

/* The permission bits that a file gets. Bits that make a program run as its file's owner come along only with that owner, or when asked
 * for, and never to the host without being asked for. */
unsigned copy_mode(unsigned mode, bool to_host, bool owners_kept, bool setuid_asked);

#endif
