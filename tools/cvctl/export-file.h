/* The file that an archive is written to: complete, or not there. */
#ifndef CVCTL_EXPORT_FILE_H
#define CVCTL_EXPORT_FILE_H

#include <stdbool.h>

#include <cv/error.h>
#include <cv/handle.h>

struct cvctl_export_file {
    containerv_handle_t handle;
    const char*         path;      /* borrowed */
    char*               temporary; /* NULL: it is no regular file and is written to as it is */
};

/* Mode 0600: an archive of a whole tree has its secrets. */
int cvctl_export_file_open(const char* path, struct cvctl_export_file* file_out, struct cv_error* err);
/* Puts it in its place, over what is there, unless it was `failed`. */
int cvctl_export_file_close(struct cvctl_export_file* file, bool failed, struct cv_error* err);

#endif
