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

int cv_sized_each(const struct cv_sized_list* list, int (*add)(void* context, const void* known, struct cv_error* err),
    void* context, struct cv_error* err)
{
    const unsigned char* bytes = list->items;
    size_t               step  = list->count > 0 ? size_of(list->items) : 0;
    if (list->count > list->max)
        return cv_error_set(
            err, CV_ERR_INVALID, "%zu of struct %s (at most %zu are allowed)", list->count, list->what, list->max);
    if (step % _Alignof(uint64_t) != 0)
        return cv_error_set(err, CV_ERR_INVALID, "size of struct %s is not its sizeof", list->what);
    for (size_t i = 0; i < list->count; i++) {
        int rc = cv_sized_in(list->known, list->known_size, bytes + i * step, list->what, err);
        if (rc == 0 && size_of(bytes + i * step) != step)
            rc = cv_error_set(err, CV_ERR_INVALID, "struct %s: size differs from that of the first entry", list->what);
        if (rc == 0)
            rc = add(context, list->known, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
