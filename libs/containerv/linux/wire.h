/*
 * Messages between libcontainerv and its guardian: a 32-bit little-endian length and that many bytes of protobuf over a stream socket,
 * descriptors with the first byte. Used by both ends (client.c, guardian.c). Blocking; close-on-exec on all that is received.
 */
#ifndef CV_LINUX_WIRE_H
#define CV_LINUX_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

enum {
    WIRE_MAX_BYTES = 20 << 20, /* config.json of 16 MiB and its wrapping */
    WIRE_MAX_FDS   = 250       /* SCM_MAX_FD is 253 */
};

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

#endif
