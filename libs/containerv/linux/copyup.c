#include "linux/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "linux/fd.h"
#include "linux/syscalls.h"

struct copy {
    unsigned depth, entries;
};

enum { COPY_CHUNK = 1 << 20, ATTRIBUTE_MAX = 65536 /* the kernel's own limit, of a list and of a value */ };

static int open_in(int folder_fd, const char* name, int flags)
{
    uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return sys_openat2(folder_fd, name, (uint64_t)flags | O_NOFOLLOW | O_CLOEXEC, 0, resolve);
}

static int give_times(int folder_fd, const char* name, const struct stat* info, struct cv_error* err)
{
    const struct timespec times[2] = { info->st_atim, info->st_mtim };
    if (utimensat(folder_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return cv_error_errno(err, errno, "set the times of", name);
    return 0;
}

static int give_owner(int fd, const char* name, const struct stat* info, struct cv_error* err)
{
    if (fchown(fd, info->st_uid, info->st_gid) < 0 || fchmod(fd, info->st_mode & 07777) < 0)
        return cv_error_errno(err, errno, "set the owner of", name);
    return 0;
}

static int copy_attribute(int from_fd, int to_fd, const char* attribute, const char* name, struct cv_error* err)
{
    char    value[ATTRIBUTE_MAX];
    ssize_t length = fgetxattr(from_fd, attribute, value, sizeof(value));
    if (length < 0 && errno == ENODATA)
        return 0;
    if (length >= 0 && fsetxattr(to_fd, attribute, value, (size_t)length, 0) == 0)
        return 0;
    if (errno == EOPNOTSUPP && strncmp(attribute, "user.", 5) == 0)
        return 0; /* a tmpfs before Linux 6.6 */
    cv_error_errno(err, errno, "copy the attributes of", name);
    return cv_error_hint(err, "the attribute is '%s'", attribute);
}

static int copy_attributes(int from_fd, int to_fd, const char* name, struct cv_error* err)
{
    char    list[ATTRIBUTE_MAX];
    ssize_t length = flistxattr(from_fd, list, sizeof(list));
    if (length < 0)
        return errno == EOPNOTSUPP ? 0 : cv_error_errno(err, errno, "list the attributes of", name);
    for (const char* at = list; at < list + length; at += strlen(at) + 1) {
        int rc = copy_attribute(from_fd, to_fd, at, name, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int copy_bytes(int from_fd, int to_fd, const char* name, struct cv_error* err)
{
    ssize_t n;
    while ((n = sendfile(to_fd, from_fd, NULL, COPY_CHUNK)) != 0)
        if (n < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "copy", name);
    return 0;
}

/* Owner and mode are those of what was opened: somebody else may be at work in a root that containers share. */
static int copy_file(int from_fd, int to_fd, const char* name, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int source = open_in(from_fd, name, O_RDONLY | O_NONBLOCK);
    struct stat                     opened;
    if (source < 0 || fstat(source, &opened) < 0)
        return cv_error_errno(err, errno, "open", name);
    if (!S_ISREG(opened.st_mode))
        return cv_error_set(err, CV_ERR_STATE, "'%s' changes while it is copied", name);
    CV_CLEANUP(linux_fd_closep)
    int copy = openat(to_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (copy < 0)
        return cv_error_errno(err, errno, "make", name);
    int rc = copy_bytes(source, copy, name, err);
    if (rc == 0)
        rc = give_owner(copy, name, &opened, err);
    /* last: a change of owner takes capabilities away */
    return rc == 0 ? copy_attributes(source, copy, name, err) : rc;
}

static int copy_link(int from_fd, int to_fd, const char* name, const struct stat* info, struct cv_error* err)
{
    char    target[PATH_MAX];
    ssize_t length = readlinkat(from_fd, name, target, sizeof(target) - 1);
    if (length < 0)
        return cv_error_errno(err, errno, "read the link", name);
    target[length] = '\0';
    if (symlinkat(target, to_fd, name) < 0
        || fchownat(to_fd, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return cv_error_errno(err, errno, "make the link", name);
    return 0;
}

static int copy_node(int to_fd, const char* name, const struct stat* info, struct cv_error* err)
{
    if (mknodat(to_fd, name, info->st_mode, info->st_rdev) < 0
        || fchownat(to_fd, name, info->st_uid, info->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return cv_error_errno(err, errno, "make the node", name);
    return 0;
}

static int copy_content(int from_fd, int to_fd, struct copy* copy, struct cv_error* err);

/* Depth is bounded by LINUX_COPYUP_MAX_DEPTH. */
static int copy_folder(
    int from_fd, int to_fd, const char* name, struct copy* copy, struct cv_error* err) /* NOLINT(misc-no-recursion) */
{
    CV_CLEANUP(linux_fd_closep) int source = open_in(from_fd, name, O_RDONLY | O_DIRECTORY);
    struct stat                     opened;
    if (source < 0 || fstat(source, &opened) < 0 || mkdirat(to_fd, name, 0700) < 0)
        return cv_error_errno(err, errno, "make the folder", name);
    CV_CLEANUP(linux_fd_closep) int made = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0)
        return cv_error_errno(err, errno, "open the folder", name);
    if (++copy->depth > LINUX_COPYUP_MAX_DEPTH)
        return cv_error_set(err, CV_ERR_LIMIT, "folders are nested deeper than %d", LINUX_COPYUP_MAX_DEPTH);
    int rc = copy_content(source, made, copy, err);
    copy->depth--;
    if (rc == 0)
        rc = give_owner(made, name, &opened, err);
    return rc == 0 ? copy_attributes(source, made, name, err) : rc;
}

static int copy_entry(
    int from_fd, int to_fd, const char* name, struct copy* copy, struct cv_error* err) /* NOLINT(misc-no-recursion) */
{
    struct stat info;
    int         rc;
    if (fstatat(from_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return cv_error_errno(err, errno, "look at", name);
    if (++copy->entries > LINUX_COPYUP_MAX_ENTRIES)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %d entries", LINUX_COPYUP_MAX_ENTRIES);
    if (S_ISSOCK(info.st_mode))
        return 0;
    if (S_ISDIR(info.st_mode))
        rc = copy_folder(from_fd, to_fd, name, copy, err);
    else if (S_ISREG(info.st_mode))
        rc = copy_file(from_fd, to_fd, name, err);
    else if (S_ISLNK(info.st_mode))
        rc = copy_link(from_fd, to_fd, name, &info, err);
    else
        rc = copy_node(to_fd, name, &info, err);
    if (rc == 0)
        rc = give_times(to_fd, name, &info, err);
    return rc;
}

static void close_folder(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static int copy_content(int from_fd, int to_fd, struct copy* copy, struct cv_error* err) /* NOLINT(misc-no-recursion) */
{
    int                           own    = fcntl(from_fd, F_DUPFD_CLOEXEC, 3);
    CV_CLEANUP(close_folder) DIR* folder = own >= 0 ? fdopendir(own) : NULL;
    if (folder == NULL) {
        int number = errno;
        linux_fd_closep(&own);
        return cv_error_errno(err, number, "read the folder", NULL);
    }
    for (;;) {
        errno                      = 0;
        const struct dirent* entry = readdir(folder);
        if (entry == NULL)
            return errno != 0 ? cv_error_errno(err, errno, "read the folder", NULL) : 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int rc = copy_entry(from_fd, to_fd, entry->d_name, copy, err);
        if (rc < 0)
            return rc;
    }
}

int linux_copyup(int from_fd, int to_fd, struct cv_error* err)
{
    struct copy                     copy   = { .depth = 0 };
    CV_CLEANUP(linux_fd_closep) int source = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CV_CLEANUP(linux_fd_closep) int target = openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0 || target < 0)
        return cv_error_errno(err, errno, "open the folder", NULL);
    int rc = copy_content(source, target, &copy, err);
    return rc < 0 ? cv_error_wrap(err, "copy what the tmpfs covers") : 0;
}
