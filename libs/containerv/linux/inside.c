#include "linux/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/syscalls.h"

static const char* relative(const char* path)
{
    while (*path == '/')
        path++;
    return *path != '\0' ? path : ".";
}

static int open_at(int root_fd, const char* path, uint64_t resolve)
{
    int fd;
    int tries = 0;
    do /* EAGAIN: somebody renames things below us; the kernel could not be sure */
        fd = sys_openat2(root_fd, relative(path), O_PATH | O_CLOEXEC, 0, resolve);
    while (fd < 0 && errno == EAGAIN && ++tries < 128);
    return fd;
}

int inside_open(int root_fd, const char* path, int* fd_out, struct cv_error* err)
{
    *fd_out = open_at(root_fd, path, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    return *fd_out < 0 ? cv_error_errno(err, errno, "open in the container's root", path) : 0;
}

int inside_open_strict(int root_fd, const char* path, int* fd_out, struct cv_error* err)
{
    *fd_out = open_at(root_fd, path, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    if (*fd_out >= 0)
        return 0;
    int number = errno;
    cv_error_errno(err, number, "open in the container's root", path);
    return number == ELOOP ? cv_error_hint(err, "it must not be a symbolic link, nor lie behind one")
                           : (err != NULL ? err->code : CV_ERR_SYSTEM);
}

/* The last component, as one that mkdirat() can be trusted with. */
static int split(const char* path, char parent[PATH_MAX], const char** name_out, struct cv_error* err)
{
    const char* text   = relative(path);
    const char* slash  = strrchr(text, '/');
    size_t      length = slash != NULL ? (size_t)(slash - text) : 0;
    *name_out          = slash != NULL ? slash + 1 : text;
    if (length >= PATH_MAX || **name_out == '\0' || strcmp(*name_out, ".") == 0 || strcmp(*name_out, "..") == 0)
        return cv_error_set(err, CV_ERR_INVALID, "can't make '%s' in the container's root", path);
    memcpy(parent, text, length);
    parent[length] = '\0';
    return 0;
}

static int make_one(int parent_fd, const char* name, bool folder, const char* path, struct cv_error* err)
{
    int rc;
    if (folder) {
        rc = mkdirat(parent_fd, name, 0755);
    } else {
        rc = openat(parent_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
        if (rc >= 0)
            close(rc);
    }
    return rc < 0 && errno != EEXIST
               ? cv_error_errno(err, errno, "make the place of a mount in the container's root", path)
               : 0;
}

/* Depth is bounded by PATH_MAX / 2. */
static int make_from(
    int root_fd, const char* path, bool folder, int* fd_out, struct cv_error* err) /* NOLINT(misc-no-recursion) */
{
    char                            parent[PATH_MAX];
    const char*                     name;
    CV_CLEANUP(linux_fd_closep) int parent_fd = -1;
    *fd_out                                   = open_at(root_fd, path, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (*fd_out >= 0)
        return 0;
    if (errno != ENOENT)
        return cv_error_errno(err, errno, "open in the container's root", path);
    int rc = split(path, parent, &name, err);
    if (rc == 0)
        rc = make_from(root_fd, parent, true, &parent_fd, err);
    if (rc == 0)
        rc = make_one(parent_fd, name, folder, path, err);
    if (rc == 0 && (*fd_out = open_at(parent_fd, name, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)) < 0)
        rc = cv_error_errno(err, errno, "open in the container's root", path);
    return rc;
}

int inside_make(int root_fd, const char* path, bool folder, int* fd_out, struct cv_error* err)
{
    char clean[PATH_MAX];
    if (cv_snprintf(clean, sizeof(clean), "%s", relative(path)) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "the path '%.64s...' is too long", path);
    for (size_t n = strlen(clean); n > 1 && clean[n - 1] == '/'; n--)
        clean[n - 1] = '\0';
    return make_from(root_fd, clean, folder, fd_out, err);
}
