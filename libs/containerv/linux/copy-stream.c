#include "linux/copy-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/clock.h>

#include <cv/banned.h>

enum { BUFFER_BYTES = COPY_HEAD_BYTES + COPY_FRAME_MAX, KERNEL_MAX_FDS = 253 };

int copy_stream_init(struct copy_stream* stream, int fd, struct cv_error* err)
{
    *stream              = (struct copy_stream){ .fd = fd, .passed_fd = -1, .stall_ms = -1 };
    stream->out.bytes    = malloc(BUFFER_BYTES);
    stream->out.capacity = BUFFER_BYTES;
    stream->in           = malloc(BUFFER_BYTES);
    if (stream->out.bytes == NULL || stream->in == NULL)
        return cv_error_no_memory(err);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return cv_error_errno(err, errno, "prepare the copy's socket", NULL);
    return 0;
}

void copy_stream_release(struct copy_stream* stream)
{
    for (size_t i = 0; i < stream->fd_count; i++)
        close(stream->fds[i]);
    stream->fd_count = 0;
    free(stream->out.bytes);
    free(stream->in);
    stream->out.bytes = stream->in = NULL;
}

int copy_stream_take_fd(struct copy_stream* stream)
{
    if (stream->fd_count == 0)
        return -1;
    int fd = stream->fds[0];
    stream->fd_count--;
    memmove(stream->fds, stream->fds + 1, stream->fd_count * sizeof(stream->fds[0]));
    return fd;
}

static int lost(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_LOST, "the other end of the copy is gone");
    return cv_error_hint(err, "the container may have been stopped or destroyed meanwhile");
}

/* --- waiting -------------------------------------------------------------------------------------------------------------------- */

static int wait_for(struct copy_stream* stream, short events, short* ready_out, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(stream->stall_ms);
    for (;;) {
        struct pollfd entry = { .fd = stream->fd, .events = events };
        int           rc    = stream->tick != NULL ? stream->tick(stream->context, err) : 0;
        if (rc < 0)
            return rc;
        int got = poll(&entry, 1, COPY_STREAM_TICK_MS);
        if (got < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "wait for the other end of the copy", NULL);
        if (got > 0) {
            *ready_out = entry.revents;
            return 0;
        }
        if (cv_clock_left_ms(deadline_ms) == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "the copy has not moved for %lld ms", (long long)stream->stall_ms);
    }
}

/* --- in ------------------------------------------------------------------------------------------------------------------------- */

static int take_fds(struct copy_stream* stream, struct msghdr* header, struct cv_error* err)
{
    bool too_many = (header->msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr* at = CMSG_FIRSTHDR(header); at != NULL; at = CMSG_NXTHDR(header, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < (at->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + i * sizeof(int), sizeof(int));
            if (stream->fd_count < COPY_WINDOW) {
                stream->fds[stream->fd_count++] = fd;
            } else {
                close(fd);
                too_many = true;
            }
        }
    }
    return too_many ? cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy sends too many descriptors") : 0;
}

static void compact(struct copy_stream* stream)
{
    if (stream->in_start == 0)
        return;
    memmove(stream->in, stream->in + stream->in_start, stream->in_end - stream->in_start);
    stream->in_end -= stream->in_start;
    stream->in_start = 0;
}

/* What has come, without waiting. A frame always fits: the buffer is as large as the largest. */
static int receive(struct copy_stream* stream, struct cv_error* err)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(KERNEL_MAX_FDS * sizeof(int))];
    } control;
    compact(stream);
    struct iovec  part   = { stream->in + stream->in_end, BUFFER_BYTES - stream->in_end };
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t got = recvmsg(stream->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        stream->ended = true;
        return 0;
    }
    if (got < 0)
        return cv_error_errno(err, errno, "hear from the other end of the copy", NULL);
    stream->in_end += (size_t)got;
    return take_fds(stream, &header, err);
}

/* *got_out: there was a complete one. */
static int next_frame(struct copy_stream* stream, struct copy_frame* frame_out, bool* got_out, struct cv_error* err)
{
    size_t used = 0;
    int    rc = copy_frame_get(stream->in + stream->in_start, stream->in_end - stream->in_start, frame_out, &used, err);
    stream->in_start += used;
    *got_out = used > 0;
    return rc;
}

/* Frames that came while we wait to send. */
static int handle_all(struct copy_stream* stream, struct cv_error* err)
{
    struct copy_frame frame;
    bool              got = true;
    int               rc  = receive(stream, err);
    while (rc == 0 && got) {
        rc = next_frame(stream, &frame, &got, err);
        if (rc == 0 && got)
            rc = stream->handle(stream->context, &frame, err);
    }
    return rc;
}

int copy_stream_get(struct copy_stream* stream, struct copy_frame* frame_out, struct cv_error* err)
{
    bool  got   = false;
    short ready = 0;
    int   rc    = next_frame(stream, frame_out, &got, err);
    while (rc == 0 && !got) {
        rc = copy_stream_flush(stream, err);
        if (rc == 0 && stream->ended)
            return lost(err);
        if (rc == 0)
            rc = wait_for(stream, POLLIN, &ready, err);
        if (rc == 0)
            rc = receive(stream, err);
        if (rc == 0)
            rc = next_frame(stream, frame_out, &got, err);
    }
    return rc;
}

int copy_stream_handle(struct copy_stream* stream, struct cv_error* err)
{
    struct copy_frame frame;
    int               rc = copy_stream_get(stream, &frame, err);
    return rc == 0 ? stream->handle(stream->context, &frame, err) : rc;
}

/* --- out ------------------------------------------------------------------------------------------------------------------------ */

static ssize_t send_some(struct copy_stream* stream, size_t done)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(sizeof(int))];
    } control            = { .bytes = { 0 } };
    struct iovec  part   = { stream->out.bytes + done, stream->out.length - done };
    struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
    if (stream->passed_fd >= 0) {
        header.msg_control        = &control;
        header.msg_controllen     = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type  = SCM_RIGHTS;
        control.header.cmsg_len   = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &stream->passed_fd, sizeof(int));
    }
    return sendmsg(stream->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Room to send, or something to read first. */
static int wait_to_send(struct copy_stream* stream, struct cv_error* err)
{
    short ready = 0;
    int   rc    = wait_for(stream, stream->handle != NULL ? POLLIN | POLLOUT : POLLOUT, &ready, err);
    if (rc == 0 && (ready & POLLIN) != 0 && stream->handle != NULL)
        rc = handle_all(stream, err);
    if (rc == 0 && stream->ended)
        return lost(err);
    return rc;
}

int copy_stream_flush(struct copy_stream* stream, struct cv_error* err)
{
    size_t done = 0;
    int    rc   = 0;
    while (rc == 0 && done < stream->out.length) {
        ssize_t sent = send_some(stream, done);
        if (sent >= 0) {
            done += (size_t)sent;
            stream->passed_fd = -1;
        } else if (errno == EAGAIN) {
            rc = wait_to_send(stream, err);
        } else if (errno == EPIPE || errno == ECONNRESET) {
            rc = stream->handle != NULL ? handle_all(stream, err) : 0; /* its last words say why */
            rc = rc == 0 ? lost(err) : rc;
        } else if (errno != EINTR) {
            rc = cv_error_errno(err, errno, "talk to the other end of the copy", NULL);
        }
    }
    stream->out.length = 0;
    stream->passed_fd  = -1;
    return rc;
}

int copy_stream_reserve(struct copy_stream* stream, size_t size, struct cv_error* err)
{
    if (size > stream->out.capacity)
        return cv_error_set(err, CV_ERR_LIMIT, "a frame of %zu bytes is too large", size);
    return size > stream->out.capacity - stream->out.length ? copy_stream_flush(stream, err) : 0;
}

int copy_stream_put(struct copy_stream* stream, const struct copy_frame* frame, struct cv_error* err)
{
    int rc = copy_stream_reserve(stream, copy_frame_bound(frame), err);
    if (rc == 0)
        copy_frame_put(&stream->out, frame);
    return rc;
}

int copy_stream_pass(struct copy_stream* stream, const struct copy_frame* frame, int fd, struct cv_error* err)
{
    int rc = copy_stream_put(stream, frame, err);
    if (rc < 0)
        return rc;
    stream->passed_fd = fd; /* may come before its frame: the receiver keeps them in order */
    return copy_stream_flush(stream, err);
}
