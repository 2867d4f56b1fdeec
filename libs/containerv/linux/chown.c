#include "linux/chown.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "linux/fd.h"
#include "linux/syscalls.h"

#include <cv/banned.h>

struct level {
    DIR*   folder;
    size_t length; /* of its path */
};

struct walk {
    uint32_t     uid, gid;
    int64_t      deadline_ms;
    size_t       depth;
    struct level levels[LINUX_CHOWN_DEPTH_MAX];
    char         path[PATH_MAX]; /* only to be told; a longer one is told in part */
};

static void walk_release(struct walk* walk)
{
    while (walk->depth > 0)
        closedir(walk->levels[--walk->depth].folder);
}

static int failed(const struct walk* walk, int number, const char* step, struct cv_error* err)
{
    return cv_error_errno(err, number, step, walk->path);
}

/* The kernel takes setuid bits and file capabilities away with the old owner. */
static int give(const struct walk* walk, int fd, bool* folder_out, struct cv_error* err)
{
    struct stat info;
    if (fstat(fd, &info) < 0)
        return failed(walk, errno, "look at a file whose owner is to change", err);
    *folder_out = S_ISDIR(info.st_mode);
    if (info.st_uid == walk->uid && info.st_gid == walk->gid)
        return 0;
    if (fchownat(fd, "", walk->uid, walk->gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
        return failed(walk, errno, "change the owner of", err);
    return 0;
}

/* "." of a descriptor: the folder that was looked at, whatever has its name by now. */
static int enter(struct walk* walk, int fd, struct cv_error* err)
{
    if (walk->depth == LINUX_CHOWN_DEPTH_MAX) {
        cv_error_set(err, CV_ERR_LIMIT, "more than %d folders in each other", (int)LINUX_CHOWN_DEPTH_MAX);
        cv_error_step(err, "change the owners of the mount's source");
        return cv_error_object(err, "%s", walk->path);
    }
    CV_CLEANUP(linux_fd_closep)
    int folder_fd = sys_openat2(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    if (folder_fd < 0)
        return failed(walk, errno, "open a folder whose owner is to change", err);
    DIR* folder = fdopendir(folder_fd);
    if (folder == NULL)
        return failed(walk, errno, "read a folder whose owner is to change", err);
    linux_fd_steal(&folder_fd);
    walk->levels[walk->depth++] = (struct level){ folder, strlen(walk->path) };
    return 0;
}

static int visit(struct walk* walk, const char* name, struct cv_error* err)
{
    const struct level* top    = &walk->levels[walk->depth - 1];
    bool                folder = false;
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_openat2(dirfd(top->folder), name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_NO_XDEV);
    if (fd < 0 && (errno == ENOENT || errno == EXDEV)) /* gone meanwhile; something is mounted there */
        return 0;
    cv_snprintf(walk->path + top->length, sizeof(walk->path) - top->length, "/%s", name);
    if (fd < 0)
        return failed(walk, errno, "open a file whose owner is to change", err);
    int rc = give(walk, fd, &folder, err);
    return rc == 0 && folder ? enter(walk, fd, err) : rc;
}

static int late(const struct walk* walk, struct cv_error* err)
{
    if (cv_clock_left_ms(walk->deadline_ms) > 0)
        return 0;
    cv_error_set(
        err, CV_ERR_TIMEOUT, "changing owners took more than %d s, until '%s'", (int)LINUX_CHOWN_MS / 1000, walk->path);
    cv_error_step(err, "change the owners of the mount's source");
    cv_error_object(err, "%s", walk->path);
    return cv_error_hint(err, "try again: what is done is done; or change them beforehand");
}

static int step(struct walk* walk, struct cv_error* err)
{
    struct level* top          = &walk->levels[walk->depth - 1];
    errno                      = 0;
    const struct dirent* entry = readdir(top->folder);
    walk->path[top->length]    = '\0';
    if (entry == NULL && errno != 0)
        return failed(walk, errno, "read a folder whose owner is to change", err);
    if (entry == NULL) {
        closedir(top->folder);
        walk->depth--;
        return 0;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return 0;
    int rc = late(walk, err);
    return rc == 0 ? visit(walk, entry->d_name, err) : rc;
}

int linux_chown_tree(int root_fd, uint32_t uid, uint32_t gid, const char* name, struct cv_error* err)
{
    CV_CLEANUP(walk_release)
    struct walk walk   = { .uid = uid, .gid = gid, .deadline_ms = cv_clock_deadline_ms(LINUX_CHOWN_MS) };
    bool        folder = false;
    int         rc     = cv_snprintf(walk.path, sizeof(walk.path), "%s", name);
    if (rc < 0)
        return cv_error_set(err, CV_ERR_INVALID, "the path '%.64s...' is too long", name);
    rc = give(&walk, root_fd, &folder, err);
    if (rc == 0 && folder)
        rc = enter(&walk, root_fd, err);
    while (rc == 0 && walk.depth > 0)
        rc = step(&walk, err);
    return rc;
}
