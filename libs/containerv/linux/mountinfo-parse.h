/*
 * Reads the text of /proc/PID/mountinfo. Pure; bounded by the two limits below.
 */
#ifndef CV_LINUX_MOUNTINFO_PARSE_H
#define CV_LINUX_MOUNTINFO_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#define MOUNTINFO_MAX_BYTES   (64u << 20)
#define MOUNTINFO_MAX_ENTRIES 131072u /* the kernel's own default is 100,000 mounts in a namespace */

/* Strings are unescaped, owned by the struct mountinfo. */
struct mountinfo_entry {
    uint64_t    id, parent_id;
    uint32_t    major, minor;
    const char* root;   /* which folder of the filesystem */
    const char* target; /* where */
    const char* options;
    const char* tags; /* optional fields, separated by one space: "shared:1 master:2", or "" */
    const char* type;
    const char* source;
    const char* super_options;
};

struct mountinfo {
    char*                   text;
    struct mountinfo_entry* entries;
    size_t                  count;
};

#define MOUNTINFO_INIT                                                                                                 \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Free the content, not *info. */
void mountinfo_release(struct mountinfo* info);

/* `length` bytes, copied. A line that is no entry is CV_ERR_INVALID with its number. */
int mountinfo_parse(const char* text, size_t length, struct mountinfo* info_out, struct cv_error* err);

/* The next entry of a filesystem type after `after` (NULL: the first); NULL when there is no more. */
const struct mountinfo_entry* mountinfo_next(
    const struct mountinfo* info, const struct mountinfo_entry* after, const char* type);

/* Is `option` one of the comma-separated words of `list`? */
bool mountinfo_has_option(const char* list, const char* option);

/* The mount of the version 1 cgroup hierarchy that has this controller ("memory", "name=systemd"), or NULL. */
const struct mountinfo_entry* mountinfo_cgroup1(const struct mountinfo* info, const char* controller);

#endif
