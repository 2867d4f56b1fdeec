/*
 * Copies of files and whole trees between the host and a running container. Paths of the container mean what they mean inside: symbolic
 * links are followed there and never leave it, its mounts are seen, whatever processes in it do meanwhile. On the host a copy is done by
 * the calling process with its own rights. Since 0.1; back ends without CV_FEATURE_COPY lack it.
 *
 * Kept are modes, owners, times to the nanosecond, symbolic links, names of one file (hard links), holes, and extended attributes of the
 * user. namespace. Set-user-id and set-group-id bits come to the host only when asked for. FIFOs, sockets and devices are not copied,
 * nor what is on proc, sysfs and their like, nor on FUSE in the container: each is an error of its path.
 */
#ifndef CHEF_CONTAINERV_COPY_H
#define CHEF_CONTAINERV_COPY_H

#include <stddef.h>
#include <stdint.h>

#include <chef/containerv/error.h>
#include <chef/containerv/platform.h>
#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct containerv_container;

enum containerv_copy_direction { CV_COPY_TO_CONTAINER = 1, CV_COPY_TO_HOST = 2 };

/**
 * Owners are kept as the numbers that the container sees when the caller is root; else what comes to the host is the caller's, and what
 * goes into the container is its root's. The first two flags ask for one or the other.
 */
enum containerv_copy_flags {
    CV_COPY_OWNERS         = 1 << 0, /**< keep them; CV_ERR_PERMISSION when the caller is not root */
    CV_COPY_NO_OWNERS      = 1 << 1, /**< everything belongs to the caller, or to the container's root */
    CV_COPY_SETUID         = 1 << 2, /**< keep set-user-id and set-group-id bits, on the host too */
    CV_COPY_FOLLOW         = 1 << 3, /**< when the source itself is a symbolic link, copy what it leads to */
    CV_COPY_ONE_FILESYSTEM = 1 << 4  /**< of what is mounted below the source, only the empty folder */
};

struct containerv_copy_progress {
    uint32_t size;    /**< sizeof(struct containerv_copy_progress) of the library */
    uint64_t entries; /**< files, folders and links so far */
    uint64_t bytes;   /**< of content so far */
};

struct containerv_copy_options {
    uint32_t size;        /**< sizeof(struct containerv_copy_options) */
    uint32_t flags;       /**< enum containerv_copy_flags */
    uint64_t max_bytes;   /**< of content, CV_ERR_LIMIT beyond; 0: no limit */
    uint64_t max_entries; /**< 0: CV_COPY_MAX_ENTRIES */
    int64_t
        stall_ms; /**< CV_ERR_TIMEOUT when the container's side does nothing for that long; 0: one minute, < 0: no limit */

    /** Called about ten times a second, also while nothing moves. Non-zero: stop, with CV_ERR_CANCELLED. May be NULL. */
    int (*on_progress)(const struct containerv_copy_progress* progress, void* context);
    /** Called for each path that could not be copied, or not with all that is kept of it; the rest goes on. Non-zero: stop, with
     * CV_ERR_CANCELLED. `path` and `error` live until it returns. May be NULL. */
    int (*on_error)(const char* path, const struct containerv_error* error, void* context);
    void*
        context; /**< for both, which are called in the calling thread and may not call containerv_copy() for this container */
};

/** Files, folders and links in one copy unless options say otherwise: in a folder that grows while it is read there is no end. */
#define CV_COPY_MAX_ENTRIES UINT64_C(10000000)

/**
 * Copy `source` to `destination`, one of them a path of the host, the other an absolute one of the container.
 *
 * As `docker cp` does: when the destination is a folder, the copy goes into it under the source's name, or merges with it when the source
 * ends with "/."; when it does not exist (its parent must), the copy becomes it; a file there is replaced, with one rename, so that no
 * part of a file is ever seen under its own name. Folders that exist keep what they are and have.
 *
 * @param options NULL for none. Borrowed for the call.
 * @return 0; the code of the first path that failed, after all others were tried; or why the copy as a whole could not be:
 *         CV_ERR_NOT_FOUND, CV_ERR_INVALID, CV_ERR_STATE (not running, or paused), CV_ERR_PERMISSION, CV_ERR_LIMIT, CV_ERR_TIMEOUT,
 *         CV_ERR_CANCELLED, CV_ERR_LOST, CV_ERR_UNSUPPORTED. What was copied until then stays, in complete files.
 */
CV_PUBLIC int containerv_copy(struct containerv_container* container, enum containerv_copy_direction direction,
    const char* source, const char* destination, const struct containerv_copy_options* options);

/**
 * Copy between the container and a tar archive that is written to `stream`, or read from it. Both are done as they come, with a fixed amount
 * of memory. What is written has pax headers: names of any length, times to the nanosecond, large sizes and ids, user.* attributes
 * (SCHILY.xattr), holes, names of one file as hard links, devices and FIFOs as such (sockets are left out); owners are those that the
 * container sees. It is read by GNU tar and by every tar that knows pax.
 *
 * What is read is a tar archive of any form, not compressed. It goes into the folder `path`, which must exist, and merges with what is
 * there. An entry is an error of its path, and the rest goes on, when its name is absolute or has "..", when it would go through a symbolic
 * link, or when it is a device or a FIFO. A hard link can only be to what is in `path`.
 *
 * @param path In the container, absolute. To an archive: the top entry has its last component's name, or is "." when it ends with "/.".
 * @param stream A file, pipe or socket; borrowed for the call. CV_COPY_TO_HOST: to be written, CV_COPY_TO_CONTAINER: to be read.
 * @param options As of containerv_copy(). CV_COPY_OWNERS and CV_COPY_SETUID mean nothing for an archive that is written: it has all.
 * @return As containerv_copy(). CV_ERR_INVALID also for an archive that can't be read or is cut off: what was unpacked until then stays.
 *         After a failure of the whole, what was written has no end, so that nobody takes it for complete. Back ends without
 *         CV_FEATURE_ARCHIVE lack it.
 */
CV_PUBLIC int containerv_archive(struct containerv_container* container, enum containerv_copy_direction direction,
    const char* path, containerv_handle_t stream, const struct containerv_copy_options* options);

#ifdef __cplusplus
}
#endif

#endif
