/* A layer: the upper's tree once more, with the overlay's marks, and owners as the disk has them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/copy-file.h"
#include "linux/copy-links.h"
#include "linux/copy-stream.h"
#include "linux/snapshot-layer.h"
#include "linux/snapshot.h"

#include <cv/banned.h>

enum { TELL_MS = 100 };

struct commit {
    const struct snapshot_job* job;
    struct commit_level {
        int         fd;
        struct stat info;
    } levels[COPY_DEPTH_MAX];
    struct copy_link_numbers numbers;
    struct copy_link_places  places;
    uint64_t                 entries, bytes;
    int64_t                  told_ms;
};

/* --- the caller ------------------------------------------------------------------------------------------------------------------ */

static int tell(struct commit* commit, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_COUNT, .entries = commit->entries, .size = commit->bytes };
    int               rc    = snapshot_check_caller(commit->job, err);
    if (rc == 0)
        rc = copy_stream_put(commit->job->stream, &frame, err);
    if (rc == 0)
        rc = copy_stream_flush(commit->job->stream, err);
    commit->entries = commit->bytes = 0;
    commit->told_ms                 = cv_clock_monotonic_ms();
    return rc;
}

static int count(struct commit* commit, uint64_t entries, uint64_t bytes, struct cv_error* err)
{
    commit->entries += entries;
    commit->bytes += bytes;
    return cv_clock_monotonic_ms() - commit->told_ms >= TELL_MS ? tell(commit, err) : 0;
}

static int moved(void* context, uint64_t bytes, struct cv_error* err)
{
    return count(context, 0, bytes, err);
}

/* --- what is kept besides the content -------------------------------------------------------------------------------------------- */

static int failed(const struct layer_file* file, const char* step, struct cv_error* err)
{
    return cv_error_errno(err, errno, step, file->path);
}

static int put_owner(const struct layer_file* file, const struct stat* info, struct cv_error* err)
{
    if (info->st_uid < file->shift || info->st_gid < file->shift)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' belongs to nobody inside", file->path);
    if (fchownat(file->to_dir, file->name, info->st_uid - file->shift, info->st_gid - file->shift, AT_SYMLINK_NOFOLLOW)
        < 0)
        return failed(file, "set the owner", err);
    return 0;
}

/* After the owner, whose change takes set-user-id bits and capabilities away. The folder is ours: a name in it is what we made. */
static int put_meta(const struct layer_file* file, const struct stat* info, struct cv_error* err)
{
    const struct timespec times[2] = { info->st_atim, info->st_mtim };
    int                   rc       = put_owner(file, info, err);
    if (rc == 0 && !S_ISLNK(info->st_mode) && fchmodat(file->to_dir, file->name, info->st_mode & 07777, 0) < 0)
        rc = failed(file, "set the mode", err);
    if (rc == 0)
        rc = snapshot_copy_xattrs(file, err);
    if (rc == 0 && utimensat(file->to_dir, file->name, times, AT_SYMLINK_NOFOLLOW) < 0)
        rc = failed(file, "set the times", err);
    return rc;
}

/* --- entries ---------------------------------------------------------------------------------------------------------------------- */

int snapshot_changed(const struct layer_file* file, struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_STATE, "'%s' was changed while it was read", file->path);
}

/* What was a file may be anything by now: what can't be opened on this mount, or is none any more. */
static bool is_none_any_more(int number)
{
    return number == EACCES || number == ELOOP || number == ENXIO || number == ENODEV;
}

/* 1: it is gone. What counts from here on is what was opened, not what was seen. */
static int make_file(struct commit* commit, struct layer_file* file, struct stat* info, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep)
    int from = openat(file->from_dir, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (from < 0 && errno == ENOENT)
        return 1;
    if (from < 0 && is_none_any_more(errno))
        return snapshot_changed(file, err);
    if (from < 0 || fstat(from, info) < 0)
        return failed(file, "open", err);
    if (!S_ISREG(info->st_mode))
        return snapshot_changed(file, err);
    CV_CLEANUP(cv_handle_closep)
    int to = openat(file->to_dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return failed(file, "make the file", err);
    file->from_fd = from;
    file->to_fd   = to;
    int rc        = copy_file_data(from, to, (uint64_t)info->st_size, file->path, moved, commit, err);
    return rc == 0 ? put_meta(file, info, err) : rc;
}

static int make_symlink(struct layer_file* file, const struct stat* info, struct cv_error* err)
{
    char    target[COPY_TARGET_MAX + 2];
    ssize_t length = readlinkat(file->from_dir, file->name, target, sizeof(target));
    if (length < 0 && (errno == ENOENT || errno == EINVAL))
        return snapshot_changed(file, err);
    if (length < 0)
        return failed(file, "read the symbolic link", err);
    if (length > COPY_TARGET_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the target of '%s' is too long", file->path);
    target[length] = '\0';
    return symlinkat(target, file->to_dir, file->name) == 0 ? put_meta(file, info, err)
                                                            : failed(file, "make the symbolic link", err);
}

/* Whiteouts, too: they are devices, of no driver, that whoever may write there may make. */
static int make_node(struct layer_file* file, const struct stat* info, struct cv_error* err)
{
    return mknodat(file->to_dir, file->name, (info->st_mode & S_IFMT) | 0600, info->st_rdev) == 0
               ? put_meta(file, info, err)
               : failed(file, "make the node", err);
}

/* The folder around a path that we made before: nothing in it can have become a symbolic link. */
static int open_around(const struct commit* commit, const char* path, const char** name_out)
{
    char            parent[COPY_PATH_MAX + 2];
    const char*     slash = strrchr(path, '/');
    struct open_how how   = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
          .resolve                   = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
    *name_out             = slash + 1;
    if (cv_snprintf(parent, sizeof(parent), ".%.*s", (int)(slash - path), path) < 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return (int)syscall(SYS_openat2, commit->levels[0].fd, parent, &how, sizeof(how));
}

static int make_link(const struct commit* commit, uint32_t number, const struct layer_file* file, struct cv_error* err)
{
    const struct copy_link_place*    place  = copy_links_get(&commit->places, number);
    const char*                      first  = NULL;
    CV_CLEANUP(cv_handle_closep) int parent = place != NULL ? open_around(commit, place->path, &first) : -1;
    if (place == NULL)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the first name of '%s' is not there", file->path);
    if (parent < 0 || linkat(parent, first, file->to_dir, file->name, 0) < 0)
        return failed(file, "make a further name of the file", err);
    return 0;
}

static int make_new(struct commit* commit, struct layer_file* file, struct stat* info, struct cv_error* err)
{
    if (S_ISREG(info->st_mode))
        return make_file(commit, file, info, err);
    return S_ISLNK(info->st_mode) ? make_symlink(file, info, err) : make_node(file, info, err);
}

/* An overlay gives all its whiteouts one node with many names: it is nobody's business that they are one. */
static int make_entry(struct commit* commit, struct layer_file* file, const struct stat* info, struct cv_error* err)
{
    bool     several = info->st_nlink > 1 && !snapshot_is_whiteout(info);
    uint32_t number  = several ? copy_links_find(&commit->numbers, info->st_dev, info->st_ino) : 0;
    if (number != 0)
        return make_link(commit, number, file, err);
    struct stat made = *info;
    int         rc   = make_new(commit, file, &made, err);
    if (rc != 0 || !several || made.st_dev != info->st_dev || made.st_ino != info->st_ino)
        return rc < 0 ? rc : 0;
    rc = copy_links_add(&commit->numbers, info->st_dev, info->st_ino, &number, err);
    return rc == 0 ? copy_links_put(&commit->places, number, file->path, 0, 0, err) : rc;
}

static struct layer_file file_of(const struct snapshot_walk* walk, size_t depth, int from_dir, const char* name)
{
    const struct commit* commit = walk->context;
    return (struct layer_file){ .from_fd = -1,
        .to_fd                           = -1,
        .from_dir                        = from_dir,
        .to_dir                          = commit->levels[depth - 1].fd,
        .name                            = name,
        .path                            = walk->path,
        .shift                           = walk->job->shift,
        .user                            = walk->job->user };
}

static int entry(struct snapshot_walk* walk, int dirfd, const char* name, const struct stat* info, struct cv_error* err)
{
    struct layer_file file = file_of(walk, walk->depth, dirfd, name);
    int               rc   = make_entry(walk->context, &file, info, err);
    return rc == 0 ? count(walk->context, 1, 0, err) : rc;
}

/* --- folders ---------------------------------------------------------------------------------------------------------------------- */

static int mark_opaque(const struct snapshot_walk* walk, int from_fd, int to_fd, struct cv_error* err)
{
    bool opaque = false;
    int  rc     = snapshot_is_opaque(from_fd, walk->job->user, &opaque, walk->path, err);
    if (rc == 0 && opaque && fsetxattr(to_fd, snapshot_mark(walk->job->user), "y", 1, 0) < 0)
        rc = cv_error_errno(err, errno, "set the overlay's mark", walk->path);
    return rc;
}

static int make_folder(
    const struct snapshot_walk* walk, int from_fd, const char* name, int* fd_out, struct cv_error* err)
{
    struct layer_file file = file_of(walk, walk->depth - 1, from_fd, name); /* walk->depth counts this folder already */
    CV_CLEANUP(cv_handle_closep) int fd = -1;
    if (mkdirat(file.to_dir, name, 0700) < 0)
        return failed(&file, "make the folder", err);
    fd = openat(file.to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return failed(&file, "open the folder", err);
    file.from_fd = from_fd;
    file.to_fd   = fd;
    int rc       = snapshot_copy_xattrs(&file, err);
    if (rc == 0)
        rc = mark_opaque(walk, from_fd, fd, err);
    if (rc == 0)
        *fd_out = CV_STEAL_HANDLE(fd);
    return rc;
}

static int enter(struct snapshot_walk* walk, int fd, const char* name, const struct stat* info, struct cv_error* err)
{
    struct commit*       commit = walk->context;
    struct commit_level* level  = &commit->levels[walk->depth - 1];
    level->info                 = *info;
    if (walk->depth > 1) {
        int rc = make_folder(walk, fd, name, &level->fd, err);
        return rc == 0 ? count(commit, 1, 0, err) : rc;
    }
    level->fd = fcntl(walk->job->folder_fd, F_DUPFD_CLOEXEC, 0);
    return level->fd < 0 ? cv_error_errno(err, errno, "open the layer's folder", NULL) : 0;
}

/* Its times last, when nothing is made in it any more. What a container's root folder is belongs to the container. */
static int finish_folder(const struct snapshot_walk* walk, const struct commit_level* level, struct cv_error* err)
{
    const struct timespec times[2] = { level->info.st_atim, level->info.st_mtim };
    uint32_t              shift    = walk->job->shift;
    if (walk->depth == 1)
        return 0;
    if (level->info.st_uid < shift || level->info.st_gid < shift)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' belongs to nobody inside", walk->path);
    if (fchown(level->fd, level->info.st_uid - shift, level->info.st_gid - shift) < 0
        || fchmod(level->fd, level->info.st_mode & 07777) < 0 || futimens(level->fd, times) < 0)
        return cv_error_errno(err, errno, "set owner, mode and times", walk->path);
    return 0;
}

static int leave(struct snapshot_walk* walk, struct cv_error* err)
{
    struct commit*       commit = walk->context;
    struct commit_level* level  = &commit->levels[walk->depth - 1];
    int                  rc     = finish_folder(walk, level, err);
    cv_handle_closep(&level->fd);
    return rc;
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------- */

static int open_listing(int folder_fd, DIR** listing_out, struct cv_error* err)
{
    int fd       = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *listing_out = fd >= 0 ? fdopendir(fd) : NULL;
    if (*listing_out != NULL)
        return 0;
    cv_handle_closep(&fd);
    return cv_error_errno(err, errno, "open the layer's folder", NULL);
}

static bool is_dots(const char* name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int check_empty(int folder_fd, struct cv_error* err)
{
    DIR*                 listing = NULL;
    const struct dirent* at;
    int                  rc = open_listing(folder_fd, &listing, err);
    if (rc < 0)
        return rc;
    while ((at = readdir(listing)) != NULL && is_dots(at->d_name)) {}
    if (at != NULL)
        rc = cv_error_set(err, CV_ERR_EXISTS, "the layer's folder is not empty");
    closedir(listing);
    return rc;
}

/* Owners may be such as only we can remove. */
static void empty(int folder_fd)
{
    DIR*                 listing = NULL;
    const struct dirent* at;
    if (open_listing(folder_fd, &listing, NULL) < 0)
        return;
    while ((at = readdir(listing)) != NULL)
        if (!is_dots(at->d_name))
            cv_tree_remove_at(folder_fd, at->d_name, NULL);
    closedir(listing);
}

static int run(struct commit* commit, struct snapshot_walk* walk, struct cv_error* err)
{
    int rc = check_empty(commit->job->folder_fd, err);
    if (rc < 0)
        return rc;
    rc = snapshot_walk_run(walk, err);
    if (rc == 0)
        rc = tell(commit, err);
    if (rc < 0)
        empty(commit->job->folder_fd);
    copy_links_release(&commit->numbers);
    copy_links_forget(&commit->places);
    return rc;
}

int snapshot_commit(const struct snapshot_job* job, struct cv_error* err)
{
    struct snapshot_walk* walk   = calloc(1, sizeof(*walk));
    struct commit*        commit = calloc(1, sizeof(*commit));
    int                   rc     = walk != NULL && commit != NULL ? 0 : cv_error_no_memory(err);
    if (rc == 0) {
        commit->job   = job;
        walk->job     = job;
        walk->context = commit;
        walk->entry   = entry;
        walk->enter   = enter;
        walk->leave   = leave;
        rc            = run(commit, walk, err);
    }
    free(commit);
    free(walk);
    return rc;
}
