/*
 * What the two ends of a copy say to each other: a stream of frames, each a 32-bit little-endian length, a kind and that many bytes.
 * Pure: only the bytes. One end is a process in the container, the other the caller's, and what comes from the container is a stranger's
 * word: everything is checked here, so that a frame which was read holds one-component names, known kinds, and numbers in their ranges.
 *
 *   sender:   BEGIN, then one tree of FILE, SYMLINK, LINK and ENTER ... LEAVE, with FAILED for what it could not read, then END
 *   receiver: ACK for files that came as descriptors, FAILED for what it could not write, then DONE
 *   either:   FATAL, the last it says
 *
 * To an archive (archive.h) also go NODE for devices and FIFOs. From one comes a FILE without descriptor, its content in DATA behind it, and
 * LINK may name the first name by its path below where the copy begins.
 *
 * Those who work on a container's upper (snapshot.h) tell the caller CHANGE, COUNT and at the end DONE or FATAL in the same form.
 */
#ifndef CV_LINUX_COPY_FORMAT_H
#define CV_LINUX_COPY_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

enum {
    COPY_FRAME_MAX   = 512 << 10, /* bytes of one frame behind its head */
    COPY_HEAD_BYTES  = 5,
    COPY_NAME_MAX    = 255,       /* NAME_MAX */
    COPY_TARGET_MAX  = 4095,      /* of a symbolic link */
    COPY_PATH_MAX    = 16 << 10,  /* of a path in the tree */
    COPY_DEPTH_MAX   = 512,       /* folders in folders: each is a descriptor at both ends */
    COPY_XATTRS_MAX  = 128,       /* of one file */
    COPY_XATTR_BYTES = 256 << 10, /* of them all */
    COPY_INLINE_MAX  = 64 << 10,  /* a file's content within its frame; larger ones are handed over as descriptors */
    COPY_LINKS_MAX   = 65536,     /* files with several names in one copy */
    COPY_WINDOW      = 16         /* descriptors on the way and not yet acknowledged */
};

enum copy_kind {
    COPY_BEGIN   = 1,
    COPY_ENTER   = 2,
    COPY_LEAVE   = 3,
    COPY_FILE    = 4,
    COPY_SYMLINK = 5,
    COPY_LINK    = 6,
    COPY_END     = 7,
    COPY_FAILED  = 8,
    COPY_ACK     = 9,
    COPY_DONE    = 10,
    COPY_FATAL   = 11,
    COPY_CHANGE  = 12,
    COPY_COUNT   = 13,
    COPY_NODE    = 14, /* to an archive only */
    COPY_DATA    = 15  /* from an archive only */
};

/* What is kept of a file besides its content. Ids are those that the container sees. */
struct copy_meta {
    uint32_t mode; /* permission bits, 07777 */
    uint32_t uid, gid;
    int64_t  atime_s, mtime_s;
    uint32_t atime_ns, mtime_ns;
};

/* One frame. Texts and bytes are borrowed from the buffer that it was read from; texts end with a NUL. */
struct copy_frame {
    enum copy_kind   kind;
    bool             folder;   /* BEGIN: the source is a folder */
    bool             contents; /* BEGIN: what is in it, not itself */
    bool             passed;   /* FILE: a descriptor has come, there is no data */
    bool             streamed; /* FILE: DATA follows, until it has `size` bytes */
    bool             finished; /* ACK: with that file */
    struct copy_meta meta;     /* ENTER, FILE, SYMLINK, NODE */
    const char*      name;     /* BEGIN ("" when the path has none), ENTER, FILE, SYMLINK, LINK */
    const char*      target;   /* SYMLINK; LINK: the first name's path when `link` is 0 */
    uint32_t         link;     /* FILE, LINK: number of a file with several names, from 1; FILE: 0 for none */
    uint64_t         size;     /* FILE: of the content; ACK, COUNT: bytes since the last one */
    const uint8_t*   data;     /* FILE: `size` bytes unless passed or streamed; DATA */
    const uint8_t*   xattrs;   /* ENTER, FILE: for copy_xattr_next() */
    size_t           xattrs_length;
    const char*      path;    /* FAILED, CHANGE */
    uint64_t         entries; /* COUNT: since the last one, with `size` bytes */
    uint64_t         hole;    /* DATA: bytes of a hole before it */
    uint32_t         type;    /* NODE: S_IFCHR, S_IFBLK or S_IFIFO */
    uint32_t         major, minor;
    char             change; /* CHANGE: 'A', 'C' or 'D' */
    struct cv_error  error;  /* FAILED, FATAL */
};

/* Where frames are put together. One that does not fit is left out and remembered as `full`. */
struct copy_buffer {
    uint8_t* bytes;
    size_t   length, capacity;
    bool     full;
};

/* Append a frame. For a FILE that is not passed `data` may be NULL: then its bytes are left out, and the caller appends exactly `size`.
 * Texts of errors that are too long are cut; that names and targets are not is up to the caller. */
void copy_frame_put(struct copy_buffer* buffer, const struct copy_frame* frame);

/* Bytes that copy_frame_put() may need at most for this frame. */
size_t copy_frame_bound(const struct copy_frame* frame);

/*
 * Read the frame at the beginning of `bytes`. *used_out is its length, 0 when it is not complete yet. CV_ERR_PROTOCOL for anything that
 * no sender of ours would write.
 */
int copy_frame_get(
    const uint8_t* bytes, size_t length, struct copy_frame* frame_out, size_t* used_out, struct cv_error* err);

/* Extended attributes, one after the other; built with copy_xattr_put() into a buffer of their own. */
struct copy_xattr {
    const char*    name;
    const uint8_t* value;
    size_t         length;
};
void copy_xattr_put(struct copy_buffer* buffer, const struct copy_xattr* xattr);
/* False at the end. `*rest` and `*length` start as the frame's xattrs. */
bool copy_xattr_next(const uint8_t** rest, size_t* length, struct copy_xattr* xattr_out);

/* Whether an attribute of this name is copied: user.*, without what overlayfs would take for its own. */
bool copy_xattr_is_carried(const char* name);

/* A path below a folder: proper names with a slash between each two. */
bool copy_path_is_proper(const char* path);

/* One component of a path that may be made: not empty, ".", "..", with a slash, or too long. */
bool copy_name_is_proper(const char* name, size_t length);

#endif
