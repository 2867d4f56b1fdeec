/*
 * Messages between libcontainerv and its guardian: a 32-bit little-endian length and that many bytes of protobuf over a stream socket,
 * descriptors with the first byte. Used by both ends. A caller blocks (wire_send, wire_receive); the guardian never does (wire_read,
 * wire_write). Close-on-exec on all that is received.
 */
#ifndef CV_LINUX_WIRE_H
#define CV_LINUX_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "linux/wire-frame.h"

enum { WIRE_MAX_FDS = 250 /* SCM_MAX_FD is 253 */ };

struct wire_message {
    uint8_t* bytes;
    size_t   length;
    int      fds[WIRE_MAX_FDS];
    size_t   fd_count;
};

/* Close the descriptors that are left (taken ones are -1) and free the bytes. */
void wire_message_release(struct wire_message* message);

int wire_send(
    int socket_fd, const uint8_t* bytes, size_t length, const int* fds, size_t fd_count, struct cv_error* err);

/* timeout_ms < 0: none. CV_ERR_LOST when the other end is gone, CV_ERR_TIMEOUT, CV_ERR_PROTOCOL. */
int wire_receive(int socket_fd, int64_t timeout_ms, struct wire_message* message_out, struct cv_error* err);

/* A message that comes. Zeroed: nothing of it has come. */
struct wire_reader {
    struct wire_frame   frame;
    struct wire_message message; /* its descriptors from the first byte on, its bytes once they are complete */
};

/*
 * Take what has come, without waiting. 1: the message is complete, 0: there is more to come; errors as of wire_receive, and CV_ERR_LIMIT
 * when the account has no room. Release the reader in any case.
 */
int  wire_read(int socket_fd, struct wire_reader* reader, struct wire_account* account, struct cv_error* err);
void wire_reader_release(struct wire_reader* reader, struct wire_account* account);

/* A message that goes out. */
struct wire_writer {
    uint8_t* bytes; /* malloc'ed; the header and the body */
    size_t   length, sent;
    int      fd; /* goes with the first byte; -1: none */
};

/* Send what there is room for, without waiting. 1: it is sent, 0: not all of it. CV_ERR_LOST when the other end is gone. */
int  wire_write(int socket_fd, struct wire_writer* writer, struct cv_error* err);
void wire_writer_release(struct wire_writer* writer); /* closes the descriptor, frees the bytes */

#endif
