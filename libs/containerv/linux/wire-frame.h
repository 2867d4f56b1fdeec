/*
 * One frame of wire.h, put together from the parts in which it comes. Pure: bytes go in, from wherever they are. A frame takes memory for
 * what has come, not for what its length announces; what goes beyond the first 64 KiB is taken from an account that many frames share, so
 * that all together stay bounded and small ones always have room.
 */
#ifndef CV_LINUX_WIRE_FRAME_H
#define CV_LINUX_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

enum {
    WIRE_HEADER_BYTES = 4,
    WIRE_MAX_BYTES    = 20 << 20, /* config.json of 16 MiB and its wrapping */
    WIRE_FREE_BYTES   = 64 << 10  /* of each frame, on nobody's account */
};

struct wire_account {
    size_t used, most; /* bytes */
};

/* Zeroed: nothing has come yet. */
struct wire_frame {
    uint8_t  header[WIRE_HEADER_BYTES];
    size_t   received; /* with the header */
    size_t   length;   /* of the body; known once the header is there */
    uint8_t* body;
    size_t   capacity;
};

void wire_frame_header(size_t length, uint8_t header_out[WIRE_HEADER_BYTES]);

/* False: it is more than the account has left. */
bool wire_account_take(struct wire_account* account, size_t bytes);
/* What was taken for a block of so many bytes; 0 is fine. */
void wire_account_give(struct wire_account* account, size_t bytes);

/*
 * The next bytes. 1: the frame is complete, 0: there is more to come. CV_ERR_PROTOCOL for a length over the limit and for bytes after the
 * frame's end, CV_ERR_LIMIT when the account is empty.
 */
int wire_frame_feed(
    struct wire_frame* frame, const uint8_t* bytes, size_t count, struct wire_account* account, struct cv_error* err);

/* Frees the body, gives back what it took, and leaves the frame as new. */
void wire_frame_release(struct wire_frame* frame, struct wire_account* account);

#endif
