/*
 * Any bytes as the frames of a copy: reading them never crashes; what was read keeps the promises of copy-format.h (names of one
 * component, numbers in their ranges, attributes that may be carried), and comes back the same when it is written and read again.
 */
#include <string.h>

#include "fuzz.h"
#include "linux/copy-format.h"

static struct copy_frame first, second;

static void check_names(const struct copy_frame* frame)
{
    if (frame->kind >= COPY_ENTER && frame->kind <= COPY_LINK && frame->kind != COPY_LEAVE)
        FUZZ_CHECK(copy_name_is_proper(frame->name, strlen(frame->name)));
    if (frame->kind == COPY_BEGIN)
        FUZZ_CHECK(frame->contents || copy_name_is_proper(frame->name, strlen(frame->name)));
    if (frame->kind == COPY_SYMLINK)
        FUZZ_CHECK(frame->target[0] != '\0' && strlen(frame->target) <= COPY_TARGET_MAX);
    if (frame->kind == COPY_FAILED || frame->kind == COPY_FATAL)
        FUZZ_CHECK(frame->error.code < 0);
}

static void check_xattrs(const struct copy_frame* frame)
{
    const uint8_t*    rest   = frame->xattrs;
    size_t            length = frame->xattrs_length, count = 0;
    struct copy_xattr xattr;
    while (copy_xattr_next(&rest, &length, &xattr)) {
        FUZZ_CHECK(copy_xattr_is_carried(xattr.name));
        FUZZ_CHECK(xattr.value >= frame->xattrs && xattr.value + xattr.length <= frame->xattrs + frame->xattrs_length);
        count++;
    }
    FUZZ_CHECK(length == 0 && count <= COPY_XATTRS_MAX);
}

static void check_round_trip(const uint8_t* data, size_t used)
{
    struct copy_buffer buffer = { .bytes = malloc(copy_frame_bound(&first)), .capacity = copy_frame_bound(&first) };
    size_t             again  = 0;
    FUZZ_CHECK(buffer.bytes != NULL);
    copy_frame_put(&buffer, &first);
    FUZZ_CHECK(!buffer.full && buffer.length == used && memcmp(buffer.bytes, data, used) == 0);
    FUZZ_CHECK(copy_frame_get(buffer.bytes, buffer.length, &second, &again, NULL) == 0 && again == used);
    free(buffer.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct cv_error err = CV_ERROR_INIT;
    for (size_t at = 0; at < size;) {
        size_t used = 0;
        int    rc   = copy_frame_get(data + at, size - at, &first, &used, &err);
        FUZZ_CHECK(rc == 0 || (rc == CV_ERR_PROTOCOL && err.text[0] != '\0' && used == 0));
        if (rc < 0 || used == 0)
            break;
        FUZZ_CHECK(used <= size - at);
        check_names(&first);
        check_xattrs(&first);
        check_round_trip(data + at, used);
        at += used;
    }
    return 0;
}
