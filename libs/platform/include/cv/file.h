/*
 * Whole files, folders and trees by path. Paths are UTF-8 and those of the host; a path inside a container's root
 * has no business here (the back end opens those beneath a descriptor). Nothing here follows a symbolic link at the
 * last component when it writes or removes, and nothing blocks on a FIFO or a device.
 */
#ifndef CV_FILE_H
#define CV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <cv/error.h>

enum cv_file_flags {
    CV_FILE_DURABLE   = 1 << 0, /* on the disk before the call returns (fsync of the file and of its folder) */
    CV_FILE_EXCLUSIVE = 1 << 1, /* CV_ERR_EXISTS when there already is one; else it is replaced */
};

/*
 * Read a whole regular file of at most `size_max` bytes. *data_out is malloc'ed and has a NUL after its *length_out
 * bytes; length_out may be NULL (then a file with a NUL inside is CV_ERR_INVALID, so that text can't be cut in
 * silence).
 *
 * CV_ERR_NOT_FOUND, CV_ERR_PERMISSION; CV_ERR_INVALID when it is no regular file (a folder, a FIFO); CV_ERR_LIMIT
 * when it is larger.
 */
int cv_file_read(const char* path, size_t size_max, char** data_out, size_t* length_out, struct cv_error* err);

/*
 * Write a whole file so that readers see the old content or the new, never a part: a temporary file beside it, then
 * a rename. `mode` are POSIX permission bits, exact (the umask does not matter), ignored on Windows, where the
 * folder's ACL is inherited.
 */
int cv_file_write(
    const char* path, const void* data, size_t length, unsigned mode, unsigned flags, struct cv_error* err);

/* Remove one file or symbolic link, not a folder. CV_ERR_NOT_FOUND when there is none. */
int cv_file_remove(const char* path, struct cv_error* err);

/* Make a folder and those above it (mkdir -p). The new ones get `mode`; one that exists is left alone. CV_ERR_EXISTS
 * when a component is something else than a folder. */
int cv_folder_make(const char* path, unsigned mode, struct cv_error* err);

/*
 * Remove a file or a folder with all that is in it. Never follows a link (the link is removed), never enters another
 * mount (CV_ERR_STATE, with its name: unmount first). Works on any depth with a bounded number of descriptors, and
 * on folders whose mode forbids reading them when they are ours. Succeeds when there is nothing. On failure a part
 * may be left.
 */
int cv_tree_remove(const char* path, struct cv_error* err);

/* False also when it can't be told (no permission). A symbolic link that leads nowhere does not exist. */
bool cv_path_exists(const char* path);
bool cv_path_is_folder(const char* path); /* follows symbolic links */

bool cv_path_is_absolute(const char* path);

/* `path` itself when absolute, else beneath the working folder. No component is looked at or removed. malloc'ed,
 * NULL on failure. */
char* cv_path_absolute(const char* path, struct cv_error* err);

/* "a" and "b" as "a/b", with one separator. `b` must be relative and not empty, else CV_ERR_INVALID: a join never
 * leaves `a` by an absolute `b`. (It may by ".."; whoever takes `b` from a stranger opens it beneath a descriptor.)
 * malloc'ed, NULL on failure. */
char* cv_path_join(const char* a, const char* b, struct cv_error* err);

#endif
