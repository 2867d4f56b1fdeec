/* One file of a copy: what may be opened, its content with its holes, what is kept of it besides. Everything by descriptor. */
#ifndef CV_LINUX_COPY_FILE_H
#define CV_LINUX_COPY_FILE_H

#include <sys/stat.h>

#include "linux/copy-format.h"

/* Open a path: beneath `root_fd` as its root, no magic links; AT_FDCWD: as the calling process sees it. -1 and errno. */
int copy_open_path(int root_fd, const char* path, int flags);

/* Verdicts about filesystems, remembered by device number. Starts as all zero. */
struct copy_filesystems {
    struct {
        dev_t device;
        bool  known; /* and good */
    } seen[16];
    size_t next;
    bool   allow_fuse; /* the caller's own */
};

/*
 * Whether files on this filesystem are copied. Those that are the kernel's own state (proc, sysfs, cgroups) are not: reading there can
 * have no end, or effects. Nor is FUSE inside a container, since whoever serves it could keep us waiting. CV_ERR_UNSUPPORTED.
 */
int copy_filesystem_check(
    struct copy_filesystems* filesystems, int fd, const struct stat* info, const char* path, struct cv_error* err);

/* The attributes that are carried, for copy_xattr_next(). CV_ERR_LIMIT when there are too many. */
int copy_xattrs_read(int fd, struct copy_buffer* buffer, const char* path, struct cv_error* err);

void copy_meta_from(const struct stat* info, struct copy_meta* meta_out);

/* Says what was copied since the last call; < 0 ends it. */
typedef int (*copy_moved)(void* context, uint64_t bytes, struct cv_error* err);

/*
 * Exactly `size` bytes, holes as holes, into a new file. CV_ERR_STATE when there are less by now; what was added meanwhile is not for
 * us, so that a file which grows and grows has an end.
 */
int copy_file_data(
    int from_fd, int to_fd, uint64_t size, const char* path, copy_moved moved, void* context, struct cv_error* err);

#endif
