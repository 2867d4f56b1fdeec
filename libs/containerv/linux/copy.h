/*
 * A copy of a file or a tree, by two processes: one sends what it reads beneath a descriptor, the other writes beneath one of its own. On
 * the host's side it is the calling process, with exactly the caller's rights; on the container's side one that has joined its
 * namespaces (copy-helper.c), so that paths mean what they mean there. Neither follows a symbolic link below the path it was given.
 *
 * What happens to one path (no permission, a device, a name in the way) is reported, and the rest goes on. A function here fails only
 * when the copy as a whole can't go on.
 */
#ifndef CV_LINUX_COPY_H
#define CV_LINUX_COPY_H

#include "linux/copy-file.h"
#include "linux/copy-stream.h"

struct copy_job {
    int         root_fd; /* AT_FDCWD: the host */
    const char* path;    /* the source, or the destination */
    bool        on_host; /* this end is the caller's: it counts, and tells the caller */
    bool        to_host;
    bool        owners;                 /* keep them; else everything belongs to who writes */
    bool        setuid;                 /* see copy_mode() */
    bool        follow;                 /* the source itself may be a symbolic link */
    bool        nodes;                  /* send devices and FIFOs as such */
    bool        one_filesystem;         /* of what is mounted below the source, only the empty folder */
    uint64_t    max_bytes, max_entries; /* UINT64_MAX: none */

    /* On the host's end. < 0 with err filled ends the copy. */
    int (*failed)(void* context, const char* path, const struct cv_error* failure, struct cv_error* err);
    int (*moved)(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err);
    void* context;
};

/* Not thread-safe on one stream; copies are independent. */
int copy_send(struct copy_stream* stream, const struct copy_job* job, struct cv_error* err);
int copy_receive(struct copy_stream* stream, const struct copy_job* job, struct cv_error* err);

/* What both ends do the same: copy-end.c. */
struct copy_end {
    struct copy_stream*     stream;
    const struct copy_job*  job;
    struct copy_filesystems filesystems;
    char*                   path; /* of the entry at hand, for people; COPY_PATH_MAX + 1 bytes */
    size_t                  path_length;
    uint64_t                entries, bytes;
};

int  copy_end_init(struct copy_end* end, struct copy_stream* stream, const struct copy_job* job, struct cv_error* err);
void copy_end_release(struct copy_end* end);
/* Add a component; false when the path gets too long. Cut it back by setting path_length to what it was before. */
bool copy_end_push(struct copy_end* end, const char* name);
void copy_end_cut(struct copy_end* end, size_t length);
/* Tell the caller what happened to the path at hand, through the other end where need be. < 0: the copy ends. */
int copy_end_report(struct copy_end* end, const struct cv_error* failure, struct cv_error* err);
/* Count on the host's end, and look whether the caller wants to go on. CV_ERR_LIMIT. */
int copy_end_count(struct copy_end* end, uint64_t entries, uint64_t bytes, struct cv_error* err);
/* The other end's FAILED and FATAL; anything else is CV_ERR_PROTOCOL. */
int copy_end_other(struct copy_end* end, const struct copy_frame* frame, struct cv_error* err);

#endif
