/*
 * One end of a copy's socket: frames and descriptors out and in, with buffers of a fixed size. Both ends run the same code: an end that
 * can't send, because the other does not read, takes in what the other says meanwhile, so that they never wait for each other.
 */
#ifndef CV_LINUX_COPY_STREAM_H
#define CV_LINUX_COPY_STREAM_H

#include "linux/copy-format.h"

enum { COPY_STREAM_TICK_MS = 100 };

struct copy_stream {
    int                fd; /* non-blocking from copy_stream_init() on; borrowed */
    struct copy_buffer out;
    int                passed_fd; /* goes with the first byte that is sent next, -1: none; borrowed */
    uint8_t*           in;
    size_t             in_start, in_end;
    int                fds[COPY_WINDOW]; /* those that came, oldest first */
    size_t             fd_count;
    bool               ended; /* the other end has closed */

    /* Called each COPY_STREAM_TICK_MS while waiting; < 0 with err filled ends it. May be NULL. */
    int (*tick)(void* context, struct cv_error* err);
    /* Called for each frame that comes in while we wait to send. Required for an end that may wait so. */
    int (*handle)(void* context, const struct copy_frame* frame, struct cv_error* err);
    void*   context;
    int64_t stall_ms; /* CV_ERR_TIMEOUT when nothing moves for that long; < 0: no limit */
};

/* Release it also after a failure. */
int  copy_stream_init(struct copy_stream* stream, int fd, struct cv_error* err);
void copy_stream_release(struct copy_stream* stream); /* closes descriptors that nobody has taken */

/* Append a frame; sends what is in the way first. */
int copy_stream_put(struct copy_stream* stream, const struct copy_frame* frame, struct cv_error* err);

/* The same with a descriptor, which is sent at once. */
int copy_stream_pass(struct copy_stream* stream, const struct copy_frame* frame, int fd, struct cv_error* err);

/* Make room for `size` bytes in stream->out. */
int copy_stream_reserve(struct copy_stream* stream, size_t size, struct cv_error* err);

int copy_stream_flush(struct copy_stream* stream, struct cv_error* err);

/* Read the next frame; what is to be sent is sent before waiting. Its texts live until the next call on the stream. CV_ERR_LOST at the
 * end of the stream. */
int copy_stream_get(struct copy_stream* stream, struct copy_frame* frame_out, struct cv_error* err);

/* Wait for one more frame and give it to `handle`. */
int copy_stream_handle(struct copy_stream* stream, struct cv_error* err);

/* Take the oldest descriptor that came, -1 when none has. */
int copy_stream_take_fd(struct copy_stream* stream);

#endif
