#include "linux/users.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/syscalls.h"

#include <cv/banned.h>

/* One of the container's files: NULL and 0 when there is none. */
struct text {
    char*  bytes;
    size_t length;
};

static int read_whole(int fd, const char* path, struct text* text_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* bytes  = malloc(LINUX_USERS_FILE_MAX + 1);
    size_t                     length = 0;

    if (bytes == NULL)
        return cv_error_no_memory(err);
    while (length <= LINUX_USERS_FILE_MAX) {
        ssize_t got = read(fd, bytes + length, LINUX_USERS_FILE_MAX + 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cv_error_errno(err, errno, "read the container's file", path);
        if (got == 0)
            break;
        length += (size_t)got;
    }
    if (length > LINUX_USERS_FILE_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the container's %s has more than %u bytes", path, LINUX_USERS_FILE_MAX);
    *text_out = (struct text){ CV_STEAL(bytes), length };
    return 0;
}

/* A stranger's file: it may be a FIFO, a device, endless, or a link to anywhere. */
static int read_file(int root_fd, const char* path, struct text* text_out, struct cv_error* err)
{
    const uint64_t                   flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    CV_CLEANUP(cv_handle_closep) int fd = sys_openat2(root_fd, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    struct stat                      status;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return cv_error_errno(err, errno, "open the container's file", path);
    if (fstat(fd, &status) < 0)
        return cv_error_errno(err, errno, "look at the container's file", path);
    if (!S_ISREG(status.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "the container's %s is no regular file", path);
    if (status.st_size > (off_t)LINUX_USERS_FILE_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the container's %s has more than %u bytes", path, LINUX_USERS_FILE_MAX);
    return read_whole(fd, path, text_out, err);
}

/*
 * With numbers alone the files can still tell the home and the groups, but aren't needed: what is wrong with them must not hinder
 * whoever gave numbers.
 */
static int read_wanted(int root_fd, bool needed, const char* path, struct text* text_out, struct cv_error* err)
{
    struct cv_error ignored = CV_ERROR_INIT;
    int             rc      = read_file(root_fd, path, text_out, needed ? err : &ignored);

    return needed || rc == CV_ERR_NO_MEMORY ? rc : 0;
}

int linux_users_resolve(int root_fd, const char* user, const struct cv_strv* extra_groups,
    struct linux_identity* identity_out, struct cv_error* err)
{
    struct linux_user_request request;
    struct text               passwd = { 0 }, group = { 0 };
    bool                      needed;
    int                       rc = linux_users_parse(user, &request, err);

    if (rc < 0)
        return rc;
    needed = linux_users_need_files(&request, extra_groups);
    rc     = read_wanted(root_fd, needed, "etc/passwd", &passwd, err);
    if (rc == 0)
        rc = read_wanted(root_fd, needed, "etc/group", &group, err);
    if (rc == 0)
        rc = linux_users_resolve_text(
            &request, extra_groups, passwd.bytes, passwd.length, group.bytes, group.length, identity_out, err);
    free(passwd.bytes);
    free(group.bytes);
    return rc < 0 ? cv_error_wrap(err, "find user '%.128s' in the container", user) : 0;
}
