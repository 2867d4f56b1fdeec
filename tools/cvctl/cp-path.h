/* What the two arguments of `cvctl cp` mean. Pure. */
#ifndef CVCTL_CP_PATH_H
#define CVCTL_CP_PATH_H

#include <stdbool.h>

#include <cv/error.h>

struct cvctl_cp_path {
    char* container; /* its id; NULL: the path is the host's */
    char* path;      /* in a container always absolute */
    bool  archive;   /* "-": standard input or output, as a tar archive */
};

/*
 * docker's rule: "NAME:PATH" is in a container, unless it begins with '.' or '/' or has a slash before the colon; a path in a container
 * counts from its root. CV_ERR_INVALID for an empty path or name. Release also after a failure.
 */
int  cvctl_cp_path_parse(const char* text, struct cvctl_cp_path* path_out, struct cv_error* err);
void cvctl_cp_path_release(struct cvctl_cp_path* path);

/* One of the two must be in a container, the other on the host. */
int cvctl_cp_paths_check(
    const struct cvctl_cp_path* source, const struct cvctl_cp_path* destination, struct cv_error* err);

#endif
