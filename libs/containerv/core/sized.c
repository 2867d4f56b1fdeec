/* Public structs begin with their size, so that programs built with an older or a newer header work with this library. */
#include <string.h>

#include "core.h"

#include <cv/banned.h>

static uint32_t size_of(const void* object)
{
    uint32_t size;
    memcpy(&size, object, sizeof(size));
    return size;
}

int cv_sized_check(const void* object, const char* what, struct cv_error* err)
{
    if (size_of(object) >= sizeof(uint32_t) && size_of(object) <= CV_SIZED_MAX)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "size %u of struct %s is not allowed: set it to sizeof(struct %s)",
        (unsigned)size_of(object), what, what);
    return cv_error_object(err, "%s", what);
}

int cv_sized_in(void* to, size_t to_size, const void* from, const char* what, struct cv_error* err)
{
    int rc = cv_sized_check(from, what, err);
    if (rc < 0)
        return rc;
    size_t               size  = size_of(from);
    const unsigned char* bytes = from;
    for (size_t i = to_size; i < size; i++)
        if (bytes[i] != 0) {
            cv_error_set(
                err, CV_ERR_UNSUPPORTED, "struct %s has a field that this version of the library does not know", what);
            cv_error_object(err, "%s", what);
            return cv_error_hint(err, "use a newer library, or leave the field zero");
        }
    memset(to, 0, to_size);
    memcpy(to, from, size < to_size ? size : to_size);
    return 0;
}

void cv_sized_out(void* to, const void* from, size_t from_size)
{
    size_t   size = size_of(to);
    uint32_t kept = (uint32_t)size;
    memset(to, 0, size);
    memcpy(to, from, size < from_size ? size : from_size);
    memcpy(to, &kept, sizeof(kept));
}
