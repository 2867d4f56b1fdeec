#include "linux/wire-frame.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>

#include <cv/banned.h>

void wire_frame_header(size_t length, uint8_t header_out[WIRE_HEADER_BYTES])
{
    for (size_t i = 0; i < WIRE_HEADER_BYTES; i++)
        header_out[i] = (uint8_t)(length >> (8 * i) & 0xff);
}

static size_t on_account(size_t bytes)
{
    return bytes > WIRE_FREE_BYTES ? bytes - WIRE_FREE_BYTES : 0;
}

bool wire_account_take(struct wire_account* account, size_t bytes)
{
    if (on_account(bytes) > account->most - account->used)
        return false;
    account->used += on_account(bytes);
    return true;
}

void wire_account_give(struct wire_account* account, size_t bytes)
{
    account->used -= on_account(bytes);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int out_of_account(const struct wire_account* account, struct cv_error* err)
{
    cv_error_set(
        err, CV_ERR_LIMIT, "messages that are not complete yet hold %zu of %zu bytes", account->used, account->most);
    return cv_error_hint(err, "try again when other requests have been served");
}

/* Twice as much each time, so that it takes few copies, and never more than it becomes. */
static int make_room(struct wire_frame* frame, size_t needed, struct wire_account* account, struct cv_error* err)
{
    size_t   capacity = smaller(frame->length, needed * 2);
    uint8_t* body;

    if (frame->body != NULL && needed <= frame->capacity)
        return 0;
    wire_account_give(account, frame->capacity);
    if (!wire_account_take(account, capacity)) {
        wire_account_take(account, frame->capacity);
        return out_of_account(account, err);
    }
    body = realloc(frame->body, capacity + 1); /* one more: it may be empty */
    if (body == NULL) {
        wire_account_give(account, capacity);
        wire_account_take(account, frame->capacity);
        return cv_error_no_memory(err);
    }
    frame->body     = body;
    frame->capacity = capacity;
    return 0;
}

static int feed_header(struct wire_frame* frame, const uint8_t* bytes, size_t count, struct cv_error* err)
{
    memcpy(frame->header + frame->received, bytes, count);
    frame->received += count;
    if (frame->received < WIRE_HEADER_BYTES)
        return 0;
    for (size_t i = 0; i < WIRE_HEADER_BYTES; i++)
        frame->length |= (size_t)frame->header[i] << (8 * i);
    if (frame->length > WIRE_MAX_BYTES)
        return cv_error_set(
            err, CV_ERR_PROTOCOL, "a message of %zu bytes is over %d", frame->length, (int)WIRE_MAX_BYTES);
    return 0;
}

static int feed_body(
    struct wire_frame* frame, const uint8_t* bytes, size_t count, struct wire_account* account, struct cv_error* err)
{
    size_t before = frame->received - WIRE_HEADER_BYTES;
    int    rc;

    if (count > frame->length - before)
        return cv_error_set(
            err, CV_ERR_PROTOCOL, "%zu bytes came after the end of a message", count - (frame->length - before));
    rc = make_room(frame, before + count, account, err);
    if (rc < 0)
        return rc;
    if (count > 0)
        memcpy(frame->body + before, bytes, count);
    frame->received += count;
    return before + count == frame->length ? 1 : 0;
}

int wire_frame_feed(
    struct wire_frame* frame, const uint8_t* bytes, size_t count, struct wire_account* account, struct cv_error* err)
{
    size_t of_header = frame->received < WIRE_HEADER_BYTES ? smaller(count, WIRE_HEADER_BYTES - frame->received) : 0;
    int    rc        = of_header > 0 ? feed_header(frame, bytes, of_header, err) : 0;

    if (rc < 0 || frame->received < WIRE_HEADER_BYTES)
        return rc;
    return feed_body(frame, bytes + of_header, count - of_header, account, err);
}

void wire_frame_release(struct wire_frame* frame, struct wire_account* account)
{
    free(frame->body);
    wire_account_give(account, frame->capacity);
    memset(frame, 0, sizeof(*frame));
}
