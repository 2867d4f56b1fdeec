/* The extended attributes of a layer's files. */
#include <endian.h>
#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/snapshot-layer.h"

#include <cv/banned.h>

enum {
    CAPS_BYTES_V3 = 24,
    CAPS_OWNER_AT = 20,
    ACL_HEAD      = 4,
    ACL_ENTRY     = 8,
    ACL_ID_AT     = 4,
    ACL_USER      = 0x02,
    ACL_GROUP     = 0x08
};

/* By descriptor; what is no file and no folder can't be opened, and is reached by its name in the working folder. */
static ssize_t list(const struct layer_file* file, char* names, size_t size)
{
    if (file->from_fd >= 0)
        return flistxattr(file->from_fd, names, size);
    return fchdir(file->from_dir) == 0 ? llistxattr(file->name, names, size) : -1;
}

static ssize_t get(const struct layer_file* file, const char* name, void* value, size_t size)
{
    if (file->from_fd >= 0)
        return fgetxattr(file->from_fd, name, value, size);
    return fchdir(file->from_dir) == 0 ? lgetxattr(file->name, name, value, size) : -1;
}

static int set(const struct layer_file* file, const char* name, const void* value, size_t size)
{
    if (file->to_fd >= 0)
        return fsetxattr(file->to_fd, name, value, size, 0);
    return fchdir(file->to_dir) == 0 ? lsetxattr(file->name, name, value, size, 0) : -1;
}

/* What says where a file is or what it was copied from means nothing in a layer, and labels are the host's. */
static bool is_kept(const char* name)
{
    static const char* const left[] = { "security.selinux", "security.ima", "security.evm", "security.SMACK64" };
    for (size_t i = 0; i < CV_ARRAY_LEN(left); i++)
        if (cv_str_starts_with(name, left[i]))
            return false;
    return !cv_str_starts_with(name, "trusted.overlay.") && !cv_str_starts_with(name, "user.overlay.");
}

/* Our overlays are mounted so that they never make these: a layer with them would show something else than the container. */
static int check_overlay(const struct layer_file* file, const char* name, struct cv_error* err)
{
    const char* last = strrchr(name, '.');
    if (!cv_str_starts_with(name, file->user ? "user.overlay." : "trusted.overlay.")
        || (strcmp(last, ".redirect") != 0 && strcmp(last, ".metacopy") != 0))
        return 0;
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "'%s' has the overlay's mark '%s'", file->path, name);
}

static bool lower_id(uint8_t* at, uint32_t shift)
{
    uint32_t id;
    memcpy(&id, at, sizeof(id));
    id = le32toh(id);
    if (id < shift)
        return false;
    id = htole32(id - shift);
    memcpy(at, &id, sizeof(id));
    return true;
}

static bool lower_acl(uint8_t* value, size_t length, uint32_t shift)
{
    bool good = true;
    for (size_t at = ACL_HEAD; good && at + ACL_ENTRY <= length; at += ACL_ENTRY)
        if (value[at] == ACL_USER || value[at] == ACL_GROUP)
            good = lower_id(value + at + ACL_ID_AT, shift);
    return good;
}

/* Ids in values are those of the upper, too. */
static int lower_ids(
    const char* name, uint8_t* value, size_t length, uint32_t shift, const char* path, struct cv_error* err)
{
    bool good = true;
    if (shift != 0 && strcmp(name, "security.capability") == 0 && length == CAPS_BYTES_V3)
        good = lower_id(value + CAPS_OWNER_AT, shift);
    else if (shift != 0 && cv_str_starts_with(name, "system.posix_acl_"))
        good = lower_acl(value, length, shift);
    return good ? 0 : cv_error_set(err, CV_ERR_INVALID, "'%s' of '%s' has an id of nobody inside", name, path);
}

static int unread(const struct layer_file* file, const char* step, struct cv_error* err)
{
    return errno == ENOENT ? snapshot_changed(file, err) : cv_error_errno(err, errno, step, file->path);
}

static int copy_one(const struct layer_file* file, const char* name, uint8_t* value, struct cv_error* err)
{
    int rc = check_overlay(file, name, err);
    if (rc < 0 || !is_kept(name))
        return rc;
    ssize_t length = get(file, name, value, XATTR_SIZE_MAX);
    if (length < 0)
        return errno == ENODATA ? 0 : unread(file, "read an extended attribute", err);
    rc = lower_ids(name, value, (size_t)length, file->shift, file->path, err);
    if (rc == 0 && set(file, name, value, (size_t)length) < 0)
        rc = cv_error_errno(err, errno, "set an extended attribute", file->path);
    return rc;
}

int snapshot_copy_xattrs(const struct layer_file* file, struct cv_error* err)
{
    char    few[1024];
    ssize_t length = list(file, few, sizeof(few));
    if (length == 0 || (length < 0 && errno == EOPNOTSUPP))
        return 0;
    if (length < 0 && errno != ERANGE)
        return unread(file, "list the extended attributes", err);
    CV_CLEANUP(cv_freep) uint8_t* value = malloc(XATTR_SIZE_MAX);
    CV_CLEANUP(cv_freep) char*    many  = length < 0 ? malloc(XATTR_LIST_MAX) : NULL;
    const char*                   names = length < 0 ? many : few;
    if (value == NULL || names == NULL)
        return cv_error_no_memory(err);
    if (length < 0 && (length = list(file, many, XATTR_LIST_MAX)) < 0)
        return unread(file, "list the extended attributes", err);
    int rc = 0;
    for (ssize_t at = 0; rc == 0 && at < length; at += (ssize_t)strlen(names + at) + 1)
        rc = copy_one(file, names + at, value, err);
    return rc;
}
