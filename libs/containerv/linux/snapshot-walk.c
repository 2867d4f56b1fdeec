#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/copy-stream.h"
#include "linux/snapshot.h"

#include <cv/banned.h>

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* --- the overlay's marks -------------------------------------------------------------------------------------------------------- */

bool snapshot_is_whiteout(const struct stat* info)
{
    return S_ISCHR(info->st_mode) && info->st_rdev == makedev(0, 0);
}

const char* snapshot_mark(bool user)
{
    return user ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

int snapshot_is_opaque(int fd, bool user, bool* opaque_out, const char* path, struct cv_error* err)
{
    char    value[4];
    ssize_t length = fgetxattr(fd, snapshot_mark(user), value, sizeof(value));
    if (length < 0 && errno != ENODATA && errno != EOPNOTSUPP && errno != ERANGE)
        return cv_error_errno(err, errno, "read the overlay's mark", path);
    *opaque_out = length == 1 && value[0] == 'y';
    return 0;
}

int snapshot_check_caller(const struct snapshot_job* job, struct cv_error* err)
{
    char    byte;
    ssize_t got = recv(job->stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET) ? cv_error_set(err, CV_ERR_CANCELLED, "the caller gave up") : 0;
}

/* --- the walk ------------------------------------------------------------------------------------------------------------------- */

int snapshot_walk_push(struct snapshot_walk* walk, const char* name, struct cv_error* err)
{
    size_t length = strlen(name);
    if (length + 1 > COPY_PATH_MAX - walk->path_length)
        return cv_error_set(err, CV_ERR_LIMIT, "a path in the container is longer than %d bytes", (int)COPY_PATH_MAX);
    walk->path[walk->path_length++] = '/';
    memcpy(walk->path + walk->path_length, name, length + 1);
    walk->path_length += length;
    return 0;
}

void snapshot_walk_cut(struct snapshot_walk* walk, size_t length)
{
    walk->path_length  = length;
    walk->path[length] = '\0';
}

/* Takes the descriptor. */
static int enter(struct snapshot_walk* walk, int fd, const char* name, const struct stat* info, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int owned = fd;
    if (walk->depth >= COPY_DEPTH_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "'%s' is more than %d folders deep", walk->path, COPY_DEPTH_MAX);
    DIR* stream = fdopendir(fd);
    if (stream == NULL)
        return cv_error_errno(err, errno, "read the folder", walk->path);
    (void)CV_STEAL_HANDLE(owned);
    walk->levels[walk->depth++] = (struct snapshot_level){ .stream = stream, .path_length = walk->path_length };
    int rc                      = walk->enter(walk, fd, name, info, err);
    if (rc < 0) /* it was not entered: it is not left either */
        closedir(walk->levels[--walk->depth].stream);
    return rc;
}

/* Who is not paused may change what we look at: what is gone by now was never there. */
static int look_at(struct snapshot_walk* walk, int dirfd, const char* name, struct cv_error* err)
{
    struct stat info;
    if (fstatat(dirfd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look at", walk->path);
    if (!S_ISDIR(info.st_mode))
        return walk->entry(walk, dirfd, name, &info, err);
    int fd = openat(dirfd, name, FOLDER_FLAGS);
    if (fd < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open the folder", walk->path);
    if (fstat(fd, &info) < 0) {
        close(fd);
        return cv_error_errno(err, errno, "look at", walk->path);
    }
    return enter(walk, fd, name, &info, err);
}

static int next(struct snapshot_walk* walk, struct cv_error* err)
{
    struct snapshot_level* level = &walk->levels[walk->depth - 1];
    snapshot_walk_cut(walk, level->path_length);
    errno                      = 0;
    const struct dirent* entry = readdir(level->stream);
    if (entry == NULL && errno != 0)
        return cv_error_errno(err, errno, "read the folder", walk->path);
    if (entry == NULL) {
        int rc = walk->leave(walk, err);
        closedir(walk->levels[--walk->depth].stream);
        return rc;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return 0;
    int rc = snapshot_walk_push(walk, entry->d_name, err);
    return rc == 0 ? look_at(walk, dirfd(level->stream), entry->d_name, err) : rc;
}

int snapshot_walk_run(struct snapshot_walk* walk, struct cv_error* err)
{
    struct stat info;
    walk->depth = 0;
    snapshot_walk_cut(walk, 0);
    int fd = openat(walk->job->upper_fd, ".", FOLDER_FLAGS);
    if (fd < 0 || fstat(fd, &info) < 0) {
        cv_handle_closep(&fd);
        return cv_error_errno(err, errno, "open the container's upper", NULL);
    }
    int rc = enter(walk, fd, "", &info, err);
    while (rc == 0 && walk->depth > 0)
        rc = next(walk, err);
    while (walk->depth > 0) { /* after a failure */
        walk->leave(walk, NULL);
        closedir(walk->levels[--walk->depth].stream);
    }
    return rc;
}
