/* The frames of copy-format.h. */
#include "linux/copy-format.h"

#include <string.h>

#include <cv/macros.h>

#include <cv/banned.h>

enum {
    FLAG_FOLDER       = 1 << 0,
    FLAG_CONTENTS     = 1 << 1,
    FLAG_PASSED       = 1 << 0,
    FLAG_STREAMED     = 1 << 1,
    FLAG_FINISHED     = 1 << 0,
    NANOSECONDS       = 1000000000,
    MODE_BITS         = 07777,
    TYPE_FIFO         = 0010000, /* the numbers of every Linux, which Windows has no names for */
    TYPE_CHR          = 0020000,
    TYPE_BLK          = 0060000,
    FRAME_TEXTS_BOUND = 64 + CV_ERROR_STEP_MAX + CV_ERROR_OBJECT_MAX + CV_ERROR_HINT_MAX + CV_ERROR_TEXT_MAX
};

/* --- writing -------------------------------------------------------------------------------------------------------------------- */

static void put_bytes(struct copy_buffer* buffer, const void* bytes, size_t length)
{
    if (buffer->full || length > buffer->capacity - buffer->length) {
        buffer->full = true;
        return;
    }
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void put_number(struct copy_buffer* buffer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    put_bytes(buffer, bytes, size);
}

/* Cut at `max`. With its NUL, so that whoever reads it can use it where it is. */
static void put_text(struct copy_buffer* buffer, const char* text, size_t max)
{
    size_t length = text != NULL ? strnlen(text, max) : 0;
    put_number(buffer, length, 2);
    put_bytes(buffer, text, length);
    put_number(buffer, 0, 1);
}

static void put_meta(struct copy_buffer* buffer, const struct copy_meta* meta)
{
    put_number(buffer, meta->mode, 4);
    put_number(buffer, meta->uid, 4);
    put_number(buffer, meta->gid, 4);
    put_number(buffer, (uint64_t)meta->atime_s, 8);
    put_number(buffer, meta->atime_ns, 4);
    put_number(buffer, (uint64_t)meta->mtime_s, 8);
    put_number(buffer, meta->mtime_ns, 4);
}

static void put_xattrs(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_number(buffer, frame->xattrs_length, 4);
    put_bytes(buffer, frame->xattrs, frame->xattrs_length);
}

static void put_error(struct copy_buffer* buffer, const struct cv_error* error)
{
    put_number(buffer, (uint32_t)error->code, 4);
    put_number(buffer, (uint32_t)error->domain, 4);
    put_number(buffer, (uint64_t)error->number, 8);
    put_text(buffer, error->step, sizeof(error->step) - 1);
    put_text(buffer, error->object, sizeof(error->object) - 1);
    put_text(buffer, error->hint, sizeof(error->hint) - 1);
    put_text(buffer, error->text, sizeof(error->text) - 1);
}

static void put_begin(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_number(buffer, (frame->folder ? FLAG_FOLDER : 0) | (frame->contents ? FLAG_CONTENTS : 0), 1);
    put_text(buffer, frame->name, COPY_NAME_MAX);
}

static void put_enter(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_meta(buffer, &frame->meta);
    put_text(buffer, frame->name, COPY_NAME_MAX);
    put_xattrs(buffer, frame);
}

static void put_file(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_enter(buffer, frame);
    put_number(buffer, (frame->passed ? FLAG_PASSED : 0) | (frame->streamed ? FLAG_STREAMED : 0), 1);
    put_number(buffer, frame->link, 4);
    put_number(buffer, frame->size, 8);
    if (!frame->passed && !frame->streamed && frame->data != NULL)
        put_bytes(buffer, frame->data, (size_t)frame->size);
}

static void put_symlink(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_meta(buffer, &frame->meta);
    put_text(buffer, frame->name, COPY_NAME_MAX);
    put_text(buffer, frame->target, COPY_TARGET_MAX);
}

static void put_link(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_text(buffer, frame->name, COPY_NAME_MAX);
    put_number(buffer, frame->link, 4);
    if (frame->link == 0)
        put_text(buffer, frame->target, COPY_PATH_MAX);
}

static void put_node(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_enter(buffer, frame);
    put_number(buffer, frame->type, 4);
    put_number(buffer, frame->major, 4);
    put_number(buffer, frame->minor, 4);
}

static void put_data(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_number(buffer, frame->hole, 8);
    put_number(buffer, frame->size, 4);
    put_bytes(buffer, frame->data, (size_t)frame->size);
}

static void put_failed(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_text(buffer, frame->path, COPY_PATH_MAX);
    put_error(buffer, &frame->error);
}

static void put_ack(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_number(buffer, frame->finished ? FLAG_FINISHED : 0, 1);
    put_number(buffer, frame->size, 8);
}

static void put_change(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_number(buffer, (uint8_t)frame->change, 1);
    put_text(buffer, frame->path, COPY_PATH_MAX);
}

static void put_count(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_number(buffer, frame->entries, 8);
    put_number(buffer, frame->size, 8);
}

static void put_fatal(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    put_error(buffer, &frame->error);
}

static void put_nothing(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    (void)buffer, (void)frame;
}

static void (*const writers[])(struct copy_buffer* buffer, const struct copy_frame* frame) = {
    [COPY_BEGIN]   = put_begin,
    [COPY_ENTER]   = put_enter,
    [COPY_LEAVE]   = put_nothing,
    [COPY_FILE]    = put_file,
    [COPY_SYMLINK] = put_symlink,
    [COPY_LINK]    = put_link,
    [COPY_END]     = put_nothing,
    [COPY_FAILED]  = put_failed,
    [COPY_ACK]     = put_ack,
    [COPY_DONE]    = put_nothing,
    [COPY_FATAL]   = put_fatal,
    [COPY_CHANGE]  = put_change,
    [COPY_COUNT]   = put_count,
    [COPY_NODE]    = put_node,
    [COPY_DATA]    = put_data,
};

void copy_frame_put(struct copy_buffer* buffer, const struct copy_frame* frame)
{
    bool open = frame->kind == COPY_FILE && !frame->passed && !frame->streamed
                && frame->data == NULL; /* the caller appends the data */
    size_t start = buffer->length;
    put_number(buffer, 0, 4);
    put_number(buffer, frame->kind, 1);
    writers[frame->kind](buffer, frame);
    size_t end     = buffer->length;
    buffer->length = start;
    if (buffer->full)
        return;
    put_number(buffer, end - start - COPY_HEAD_BYTES + (open ? (size_t)frame->size : 0), 4);
    buffer->length = end;
}

size_t copy_frame_bound(const struct copy_frame* frame)
{
    size_t bound = COPY_HEAD_BYTES + 64 + COPY_NAME_MAX;
    if (frame->kind == COPY_SYMLINK)
        bound += COPY_TARGET_MAX + 8;
    if (frame->kind == COPY_FAILED || frame->kind == COPY_FATAL || frame->kind == COPY_CHANGE)
        bound += FRAME_TEXTS_BOUND + COPY_PATH_MAX;
    if (frame->kind == COPY_LINK)
        bound += COPY_PATH_MAX + 8;
    if (frame->kind == COPY_DATA || (frame->kind == COPY_FILE && !frame->passed && !frame->streamed))
        bound += (size_t)frame->size;
    return bound + frame->xattrs_length;
}

void copy_xattr_put(struct copy_buffer* buffer, const struct copy_xattr* xattr)
{
    put_text(buffer, xattr->name, COPY_NAME_MAX);
    put_number(buffer, xattr->length, 4);
    put_bytes(buffer, xattr->value, xattr->length);
}

/* --- reading -------------------------------------------------------------------------------------------------------------------- */

/* What is left of a frame. After the first failure everything read is 0 and empty. */
struct input {
    const uint8_t* at;
    size_t         left;
    bool           bad;
};

static const uint8_t* take_bytes(struct input* input, uint64_t length)
{
    const uint8_t* bytes = input->at;
    if (input->bad || length > input->left) {
        input->bad = true;
        return NULL;
    }
    input->at += length;
    input->left -= (size_t)length;
    return bytes;
}

static uint64_t take_number(struct input* input, size_t size)
{
    const uint8_t* bytes = take_bytes(input, size);
    uint64_t       value = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static const char* take_text(struct input* input, size_t max)
{
    size_t      length = (size_t)take_number(input, 2);
    const char* text   = (const char*)take_bytes(input, length + 1);
    if (text != NULL && length <= max && text[length] == '\0' && strlen(text) == length)
        return text;
    input->bad = true;
    return "";
}

static void check(struct input* input, bool good)
{
    input->bad = input->bad || !good;
}

static const char* take_name(struct input* input)
{
    const char* name = take_text(input, COPY_NAME_MAX);
    check(input, copy_name_is_proper(name, strlen(name)));
    return name;
}

static bool take_flags(struct input* input, uint64_t known, uint64_t* flags_out)
{
    *flags_out = take_number(input, 1);
    check(input, (*flags_out & ~known) == 0);
    return !input->bad;
}

static void take_meta(struct input* input, struct copy_meta* meta)
{
    meta->mode     = (uint32_t)take_number(input, 4);
    meta->uid      = (uint32_t)take_number(input, 4);
    meta->gid      = (uint32_t)take_number(input, 4);
    meta->atime_s  = (int64_t)take_number(input, 8);
    meta->atime_ns = (uint32_t)take_number(input, 4);
    meta->mtime_s  = (int64_t)take_number(input, 8);
    meta->mtime_ns = (uint32_t)take_number(input, 4);
    check(input, (meta->mode & ~(uint32_t)MODE_BITS) == 0 && meta->uid != UINT32_MAX && meta->gid != UINT32_MAX);
    check(input, meta->atime_ns < NANOSECONDS && meta->mtime_ns < NANOSECONDS);
}

static bool take_xattr(struct input* input, struct copy_xattr* xattr)
{
    xattr->name   = take_text(input, COPY_NAME_MAX);
    xattr->length = (size_t)take_number(input, 4);
    xattr->value  = take_bytes(input, xattr->length);
    check(input, copy_xattr_is_carried(xattr->name));
    return !input->bad;
}

static void take_xattrs(struct input* input, struct copy_frame* frame)
{
    struct copy_xattr xattr;
    size_t            count = 0;
    frame->xattrs_length    = (size_t)take_number(input, 4);
    check(input, frame->xattrs_length <= COPY_XATTR_BYTES);
    frame->xattrs       = take_bytes(input, frame->xattrs_length);
    struct input within = { .at = frame->xattrs, .left = input->bad ? 0 : frame->xattrs_length };
    while (within.left > 0 && take_xattr(&within, &xattr))
        count++;
    check(input, !within.bad && count <= COPY_XATTRS_MAX);
}

static void take_error(struct input* input, struct cv_error* error)
{
    int     code   = (int32_t)take_number(input, 4);
    int     domain = (int32_t)take_number(input, 4);
    int64_t number = (int64_t)take_number(input, 8);
    check(input, code < 0 && code > CV_ERR_MAX_ && (domain == CV_DOMAIN_NONE || domain == CV_DOMAIN_ERRNO));
    const char* step   = take_text(input, CV_ERROR_STEP_MAX - 1);
    const char* object = take_text(input, CV_ERROR_OBJECT_MAX - 1);
    const char* hint   = take_text(input, CV_ERROR_HINT_MAX - 1);
    cv_error_set(error, code, "%s", take_text(input, CV_ERROR_TEXT_MAX - 1));
    cv_error_step(error, "%s", step);
    cv_error_object(error, "%s", object);
    cv_error_hint(error, "%s", hint);
    error->domain = domain;
    error->number = number;
}

static void take_begin(struct input* input, struct copy_frame* frame)
{
    uint64_t flags = 0;
    take_flags(input, FLAG_FOLDER | FLAG_CONTENTS, &flags);
    frame->folder   = (flags & FLAG_FOLDER) != 0;
    frame->contents = (flags & FLAG_CONTENTS) != 0;
    frame->name     = take_text(input, COPY_NAME_MAX);
    if (frame->contents)
        check(input, frame->folder);
    else
        check(input, copy_name_is_proper(frame->name, strlen(frame->name)));
}

static void take_enter(struct input* input, struct copy_frame* frame)
{
    take_meta(input, &frame->meta);
    frame->name = take_name(input);
    take_xattrs(input, frame);
}

static void take_file(struct input* input, struct copy_frame* frame)
{
    uint64_t flags = 0;
    take_enter(input, frame);
    take_flags(input, FLAG_PASSED | FLAG_STREAMED, &flags);
    frame->passed   = (flags & FLAG_PASSED) != 0;
    frame->streamed = (flags & FLAG_STREAMED) != 0;
    check(input, !(frame->passed && frame->streamed));
    frame->link = (uint32_t)take_number(input, 4);
    frame->size = take_number(input, 8);
    check(input, frame->link <= COPY_LINKS_MAX && frame->size <= INT64_MAX);
    if (!frame->passed && !frame->streamed) {
        check(input, frame->size <= COPY_INLINE_MAX);
        frame->data = take_bytes(input, frame->size);
    }
}

static void take_symlink(struct input* input, struct copy_frame* frame)
{
    take_meta(input, &frame->meta);
    frame->name   = take_name(input);
    frame->target = take_text(input, COPY_TARGET_MAX);
    check(input, frame->target[0] != '\0');
}

static void take_link(struct input* input, struct copy_frame* frame)
{
    frame->name = take_name(input);
    frame->link = (uint32_t)take_number(input, 4);
    check(input, frame->link <= COPY_LINKS_MAX);
    if (frame->link != 0)
        return;
    frame->target = take_text(input, COPY_PATH_MAX);
    check(input, copy_path_is_proper(frame->target));
}

static void take_node(struct input* input, struct copy_frame* frame)
{
    take_enter(input, frame);
    frame->type  = (uint32_t)take_number(input, 4);
    frame->major = (uint32_t)take_number(input, 4);
    frame->minor = (uint32_t)take_number(input, 4);
    check(input, frame->type == TYPE_FIFO || frame->type == TYPE_CHR || frame->type == TYPE_BLK);
}

static void take_data(struct input* input, struct copy_frame* frame)
{
    frame->hole = take_number(input, 8);
    frame->size = take_number(input, 4);
    check(input, frame->hole <= INT64_MAX && frame->size <= COPY_INLINE_MAX && (frame->hole > 0 || frame->size > 0));
    frame->data = take_bytes(input, frame->size);
}

static void take_failed(struct input* input, struct copy_frame* frame)
{
    frame->path = take_text(input, COPY_PATH_MAX);
    take_error(input, &frame->error);
}

static void take_ack(struct input* input, struct copy_frame* frame)
{
    uint64_t flags = 0;
    take_flags(input, FLAG_FINISHED, &flags);
    frame->finished = (flags & FLAG_FINISHED) != 0;
    frame->size     = take_number(input, 8);
    check(input, frame->size <= INT64_MAX);
}

static void take_change(struct input* input, struct copy_frame* frame)
{
    frame->change = (char)take_number(input, 1);
    frame->path   = take_text(input, COPY_PATH_MAX);
    check(input, frame->change == 'A' || frame->change == 'C' || frame->change == 'D');
}

static void take_count(struct input* input, struct copy_frame* frame)
{
    frame->entries = take_number(input, 8);
    frame->size    = take_number(input, 8);
    check(input, frame->entries <= INT64_MAX && frame->size <= INT64_MAX);
}

static void take_fatal(struct input* input, struct copy_frame* frame)
{
    take_error(input, &frame->error);
}

static void take_nothing(struct input* input, struct copy_frame* frame)
{
    (void)input, (void)frame;
}

static void (*const readers[])(struct input* input, struct copy_frame* frame) = {
    [COPY_BEGIN]   = take_begin,
    [COPY_ENTER]   = take_enter,
    [COPY_LEAVE]   = take_nothing,
    [COPY_FILE]    = take_file,
    [COPY_SYMLINK] = take_symlink,
    [COPY_LINK]    = take_link,
    [COPY_END]     = take_nothing,
    [COPY_FAILED]  = take_failed,
    [COPY_ACK]     = take_ack,
    [COPY_DONE]    = take_nothing,
    [COPY_FATAL]   = take_fatal,
    [COPY_CHANGE]  = take_change,
    [COPY_COUNT]   = take_count,
    [COPY_NODE]    = take_node,
    [COPY_DATA]    = take_data,
};

static int malformed(struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy says what can't be read");
}

int copy_frame_get(
    const uint8_t* bytes, size_t length, struct copy_frame* frame_out, size_t* used_out, struct cv_error* err)
{
    struct input head = { .at = bytes, .left = length };
    *used_out         = 0;
    if (length < COPY_HEAD_BYTES)
        return 0;
    size_t size = (size_t)take_number(&head, 4);
    size_t kind = (size_t)take_number(&head, 1);
    if (size > COPY_FRAME_MAX || kind < COPY_BEGIN || kind >= CV_ARRAY_LEN(readers))
        return malformed(err);
    if (head.left < size)
        return 0;
    struct input body = { .at = head.at, .left = size };
    memset(frame_out, 0, offsetof(struct copy_frame, error)); /* the error is large, and filled in where there is one */
    frame_out->kind = (enum copy_kind)kind;
    readers[kind](&body, frame_out);
    if (body.bad || body.left > 0)
        return malformed(err);
    *used_out = COPY_HEAD_BYTES + size;
    return 0;
}

bool copy_xattr_next(const uint8_t** rest, size_t* length, struct copy_xattr* xattr_out)
{
    struct input input = { .at = *rest, .left = *length };
    if (*length == 0 || !take_xattr(&input, xattr_out))
        return false;
    *rest   = input.at;
    *length = input.left;
    return true;
}

/* --- rules ---------------------------------------------------------------------------------------------------------------------- */

bool copy_xattr_is_carried(const char* name)
{
    return strncmp(name, "user.", 5) == 0 && name[5] != '\0' && strncmp(name, "user.overlay.", 13) != 0
           && strlen(name) <= COPY_NAME_MAX;
}

bool copy_path_is_proper(const char* path)
{
    for (;; path++) {
        const char* slash  = strchr(path, '/');
        size_t      length = slash != NULL ? (size_t)(slash - path) : strlen(path);
        if (!copy_name_is_proper(path, length))
            return false;
        path += length;
        if (slash == NULL)
            return true;
    }
}

bool copy_name_is_proper(const char* name, size_t length)
{
    if (length == 0 || length > COPY_NAME_MAX || memchr(name, '/', length) != NULL
        || memchr(name, '\0', length) != NULL)
        return false;
    return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}
