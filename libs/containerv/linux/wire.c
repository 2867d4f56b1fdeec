/* The framing of wire.h. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/wire.h"

#include <cv/banned.h>

enum {
    KERNEL_MAX_FDS = 253,      /* SCM_MAX_FD: room for whatever can come, so that it can be closed */
    READ_BYTES     = 64 << 10, /* at a time */
    READS          = 8         /* in a row, then others have their turn */
};

/* Room for descriptors, aligned as the kernel wants it. */
union control {
    struct cmsghdr header;
    char           bytes[CMSG_SPACE(KERNEL_MAX_FDS * sizeof(int))];
};

void wire_message_release(struct wire_message* message)
{
    for (size_t i = 0; i < message->fd_count; i++) {
        if (message->fds[i] >= 0)
            close(message->fds[i]);
    }
    free(message->bytes);
    memset(message, 0, sizeof(*message));
}

static void attach_fds(struct msghdr* header, union control* control, const int* fds, size_t fd_count)
{
    struct cmsghdr* attached;

    memset(control, 0, sizeof(*control));
    header->msg_control    = control->bytes;
    header->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    attached               = CMSG_FIRSTHDR(header);
    attached->cmsg_level   = SOL_SOCKET;
    attached->cmsg_type    = SCM_RIGHTS;
    attached->cmsg_len     = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(attached), fds, fd_count * sizeof(int));
}

static int send_failed(struct cv_error* err)
{
    if (errno == EPIPE || errno == ECONNRESET)
        return cv_error_set(err, CV_ERR_LOST, "the other end of the guardian's connection is gone");
    if (errno == EAGAIN)
        return cv_error_set(err, CV_ERR_TIMEOUT, "the other end of the guardian's connection does not read");
    return cv_error_errno(err, errno, "send to the guardian's connection", NULL);
}

/* Skip what was sent of the two parts. */
static void advance(struct msghdr* header, size_t sent)
{
    while (sent > 0 && header->msg_iovlen > 0) {
        struct iovec* part = header->msg_iov;
        size_t        step = sent < part->iov_len ? sent : part->iov_len;
        part->iov_base     = (uint8_t*)part->iov_base + step;
        part->iov_len -= step;
        sent -= step;
        if (part->iov_len > 0)
            return;
        header->msg_iov++;
        header->msg_iovlen--;
    }
}

int wire_send(int socket_fd, const uint8_t* bytes, size_t length, const int* fds, size_t fd_count, struct cv_error* err)
{
    uint8_t       head[WIRE_HEADER_BYTES];
    struct iovec  parts[2] = { { head, sizeof(head) }, { (uint8_t*)bytes, length } };
    struct msghdr header   = { .msg_iov = parts, .msg_iovlen = 2 };
    size_t        left     = sizeof(head) + length;
    union control control;

    if (length > WIRE_MAX_BYTES)
        return cv_error_set(err, CV_ERR_LIMIT, "a message of %zu bytes is over %d", length, (int)WIRE_MAX_BYTES);
    if (fd_count > WIRE_MAX_FDS)
        return cv_error_set(err, CV_ERR_LIMIT, "%zu descriptors are over %d", fd_count, (int)WIRE_MAX_FDS);
    wire_frame_header(length, head);
    if (fd_count > 0)
        attach_fds(&header, &control, fds, fd_count);
    while (left > 0) {
        ssize_t sent = sendmsg(socket_fd, &header, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return send_failed(err);
        header.msg_control    = NULL;
        header.msg_controllen = 0;
        left -= (size_t)sent;
        advance(&header, (size_t)sent);
    }
    return 0;
}

/* Take the descriptors over; those that are too many are closed. */
static int take_fds(struct msghdr* header, struct wire_message* message, struct cv_error* err)
{
    bool too_many = false;

    for (struct cmsghdr* at = CMSG_FIRSTHDR(header); at != NULL; at = CMSG_NXTHDR(header, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < (at->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + i * sizeof(int), sizeof(int));
            if (message->fd_count < WIRE_MAX_FDS) {
                message->fds[message->fd_count++] = fd;
            } else {
                close(fd);
                too_many = true;
            }
        }
    }
    if (too_many || (header->msg_flags & MSG_CTRUNC) != 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a message came with more descriptors than can be taken");
    return 0;
}

static int wait_readable(int socket_fd, int64_t deadline_ms, struct cv_error* err)
{
    for (;;) {
        struct pollfd entry = { .fd = socket_fd, .events = POLLIN };
        int           ready = poll(&entry, 1, (int)cv_clock_left_ms(deadline_ms));
        if (ready > 0)
            return 0;
        if (ready == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "no answer in time");
        if (errno != EINTR)
            return cv_error_errno(err, errno, "wait for the guardian's connection", NULL);
    }
}

/* Read exactly `length` bytes. `message` takes descriptors that come with them; where there must be none it is NULL. */
static int receive_bytes(int socket_fd, int64_t deadline_ms, uint8_t* bytes, size_t length,
    struct wire_message* message, struct cv_error* err)
{
    union control control;

    for (size_t done = 0; done < length;) {
        struct iovec  part   = { bytes + done, length - done };
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
        int           result = deadline_ms < 0 ? 0 : wait_readable(socket_fd, deadline_ms, err);
        ssize_t       got;

        if (result < 0)
            return result;
        header.msg_control    = message != NULL ? control.bytes : NULL;
        header.msg_controllen = message != NULL ? sizeof(control.bytes) : 0;
        got                   = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return cv_error_set(err, CV_ERR_LOST, "the other end of the guardian's connection is gone");
        if (got < 0)
            return cv_error_errno(err, errno, "read from the guardian's connection", NULL);
        result = message != NULL ? take_fds(&header, message, err) : 0;
        if (result == 0 && (header.msg_flags & MSG_CTRUNC) != 0)
            result = cv_error_set(err, CV_ERR_PROTOCOL, "descriptors came in the middle of a message");
        if (result < 0)
            return result;
        done += (size_t)got;
    }
    return 0;
}

static int receive_into(int socket_fd, int64_t deadline_ms, struct wire_message* message, struct cv_error* err)
{
    uint8_t head[WIRE_HEADER_BYTES];
    int     result = receive_bytes(socket_fd, deadline_ms, head, sizeof(head), message, err);

    if (result < 0)
        return result;
    message->length = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (message->length > WIRE_MAX_BYTES)
        return cv_error_set(
            err, CV_ERR_PROTOCOL, "a message of %zu bytes is over %d", message->length, (int)WIRE_MAX_BYTES);
    message->bytes = malloc(message->length + 1);
    if (message->bytes == NULL)
        return cv_error_no_memory(err);
    return receive_bytes(socket_fd, deadline_ms, message->bytes, message->length, NULL, err);
}

int wire_receive(int socket_fd, int64_t timeout_ms, struct wire_message* message_out, struct cv_error* err)
{
    struct wire_message message = { .bytes = NULL };
    int                 result  = receive_into(socket_fd, cv_clock_deadline_ms(timeout_ms), &message, err);

    if (result < 0) {
        wire_message_release(&message);
        return result;
    }
    *message_out = message;
    return 0;
}

static int lost_or_errno(ssize_t got, struct cv_error* err)
{
    if (got == 0 || errno == ECONNRESET)
        return cv_error_set(err, CV_ERR_LOST, "the other end of the guardian's connection is gone");
    return cv_error_errno(err, errno, "read from the guardian's connection", NULL);
}

/* 0: nothing is there; else how much it was. */
static ssize_t read_some(int socket_fd, struct wire_reader* reader, uint8_t* bytes, struct cv_error* err)
{
    bool          is_first = reader->frame.received == 0;
    union control control;
    struct iovec  part   = { bytes, READ_BYTES };
    struct msghdr header = { .msg_iov = &part,
        .msg_iovlen                   = 1,
        .msg_control                  = is_first ? control.bytes : NULL,
        .msg_controllen               = is_first ? sizeof(control.bytes) : 0 };
    ssize_t       got;
    int           rc;

    do
        got = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got <= 0)
        return lost_or_errno(got, err);
    rc = is_first ? take_fds(&header, &reader->message, err) : 0;
    if (rc == 0 && (header.msg_flags & MSG_CTRUNC) != 0)
        rc = cv_error_set(err, CV_ERR_PROTOCOL, "descriptors came in the middle of a message");
    return rc < 0 ? rc : got;
}

int wire_read(int socket_fd, struct wire_reader* reader, struct wire_account* account, struct cv_error* err)
{
    uint8_t bytes[READ_BYTES];
    int     rc = 0;

    for (int i = 0; i < READS && rc == 0; i++) {
        ssize_t got = read_some(socket_fd, reader, bytes, err);
        if (got <= 0)
            return (int)got;
        rc = wire_frame_feed(&reader->frame, bytes, (size_t)got, account, err);
    }
    if (rc > 0) {
        reader->message.bytes  = reader->frame.body;
        reader->message.length = reader->frame.length;
    }
    return rc;
}

void wire_reader_release(struct wire_reader* reader, struct wire_account* account)
{
    reader->message.bytes = NULL; /* the frame's */
    wire_message_release(&reader->message);
    wire_frame_release(&reader->frame, account);
}

int wire_write(int socket_fd, struct wire_writer* writer, struct cv_error* err)
{
    while (writer->sent < writer->length) {
        struct iovec  part   = { writer->bytes + writer->sent, writer->length - writer->sent };
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
        union control control;
        ssize_t       sent;
        if (writer->fd >= 0)
            attach_fds(&header, &control, &writer->fd, 1);
        sent = sendmsg(socket_fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return 0;
        if (sent < 0)
            return send_failed(err);
        cv_handle_closep(&writer->fd);
        writer->sent += (size_t)sent;
    }
    return 1;
}

void wire_writer_release(struct wire_writer* writer)
{
    cv_handle_closep(&writer->fd);
    free(writer->bytes);
    *writer = (struct wire_writer){ .fd = -1 };
}
