/*
 * cv-archive: the caller's end of a copy when that goes to or comes from a tar archive. A program of its own, since it has the library
 * that reads archives in it: it gets three descriptors, opens nothing, and can do little else than read and write them
 * (archive-sandbox.c). It ends with the caller.
 *
 * On ARCHIVE_MAIN_FD, a stream socket, it is sent one struct archive_job with two descriptors beside it: the socket of the container's
 * end (copy-format.h), and the archive. There it tells FAILED, COUNT and at the end DONE or FATAL.
 */
#ifndef CV_LINUX_ARCHIVE_H
#define CV_LINUX_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "linux/copy.h"

enum { ARCHIVE_MAIN_FD = 3, ARCHIVE_VERSION = 1, ARCHIVE_FDS = 2 };

struct archive_job {
    uint32_t version;
    uint32_t to_archive;
    int64_t  stall_ms;
    uint64_t max_bytes, max_entries;
};

/* To or from the archive, whose descriptor is borrowed. `job` says how to count and to whom to tell what failed. */
int archive_pack(struct copy_stream* stream, const struct copy_job* job, int archive_fd, struct cv_error* err);
int archive_unpack(struct copy_stream* stream, const struct copy_job* job, int archive_fd, struct cv_error* err);

/* From now on no file can be opened, no program started, nothing connected; no capabilities. Of all threads. */
int archive_confine(struct cv_error* err);

#endif
