/* What the POSIX side of the platform library has besides the common contract, for back ends that are POSIX only
 * themselves. */
#ifndef CV_POSIX_H
#define CV_POSIX_H

#include <stddef.h>

#include <cv/error.h>

/* cv_tree_remove() of `name`, one component without a slash, in the folder `dirfd`. */
int cv_tree_remove_at(int dirfd, const char* name, struct cv_error* err);

/* cv_file_read() and cv_file_write() relative to a folder; `path` may have slashes and is then trusted. */
int cv_file_read_at(
    int dirfd, const char* path, size_t size_max, char** data_out, size_t* length_out, struct cv_error* err);
int cv_file_write_at(
    int dirfd, const char* path, const void* data, size_t length, unsigned mode, unsigned flags, struct cv_error* err);

#endif
