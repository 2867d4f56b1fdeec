/*
 * The changes of a container: what is in its upper, compared with the layers below. What those show at a path is found folder by folder
 * as the overlay does it: at each level there is a list of the layers that have this folder, the topmost first.
 *
 * The places that were made for mounts are no change of the container's: empty files and folders, and folders that hold nothing else. So a
 * folder is told once something is found in it, or when it is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/copy-stream.h"
#include "linux/snapshot.h"

#include <cv/banned.h>

/* The layers that have a folder. */
struct lower {
    int*   fds;
    size_t count;
};

struct level {
    struct lower lower;
    char         untold; /* its change, which is told with the next one in it; 0: it was told */
    bool         places; /* there are places of mounts in it */
};

struct diff {
    struct level levels[COPY_DEPTH_MAX];
};

enum { PLACE_MODE = 0755 };

enum found { FOUND_NOTHING, FOUND_FOLDER, FOUND_OTHER };

static void lower_release(struct lower* lower)
{
    for (size_t i = 0; i < lower->count; i++)
        close(lower->fds[i]);
    free(lower->fds);
    *lower = (struct lower){ NULL };
}

static int lower_add(struct lower* lower, int fd, size_t most, struct cv_error* err)
{
    if (lower->fds == NULL && (lower->fds = calloc(most, sizeof(int))) == NULL) {
        close(fd);
        return cv_error_no_memory(err);
    }
    lower->fds[lower->count++] = fd;
    return 0;
}

/* One layer's word on a name. *ends_out: what is in the layers below it is not seen. */
static int look_into(const struct snapshot_walk* walk, int layer_fd, const char* name, enum found* found_out,
    int* fd_out, bool* ends_out, struct cv_error* err)
{
    struct stat info;
    *found_out = FOUND_NOTHING;
    *ends_out  = false;
    if (fstatat(layer_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look into a layer", walk->path);
    *ends_out = true;
    if (snapshot_is_whiteout(&info))
        return 0;
    *found_out = S_ISDIR(info.st_mode) ? FOUND_FOLDER : FOUND_OTHER;
    if (*found_out == FOUND_OTHER)
        return 0;
    CV_CLEANUP(cv_handle_closep)
    int fd = openat(layer_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the folder of a layer", walk->path);
    int rc = snapshot_is_opaque(fd, walk->job->user, ends_out, walk->path, err);
    if (rc == 0)
        *fd_out = CV_STEAL_HANDLE(fd);
    return rc;
}

/* What the layers below the upper show; of a folder, all that have it. */
static int find(const struct snapshot_walk* walk, const struct lower* parent, const char* name, struct lower* lower,
    enum found* found_out, struct cv_error* err)
{
    bool ends  = false;
    int  rc    = 0;
    *found_out = FOUND_NOTHING;
    for (size_t i = 0; rc == 0 && !ends && i < parent->count; i++) {
        enum found found;
        int        fd = -1;
        rc            = look_into(walk, parent->fds[i], name, &found, &fd, &ends, err);
        if (rc < 0 || found == FOUND_NOTHING)
            continue;
        if (found == FOUND_OTHER) { /* below a folder it is hidden by that */
            *found_out = *found_out == FOUND_NOTHING ? FOUND_OTHER : *found_out;
            ends       = true;
        } else {
            *found_out = FOUND_FOLDER;
            rc         = lower_add(lower, fd, parent->count - i, err);
        }
    }
    return rc;
}

static struct level* level_at(const struct snapshot_walk* walk, size_t depth)
{
    struct diff* diff = walk->context;
    return &diff->levels[depth - 1];
}

/* Folders around it that were not told yet come first. */
static int tell_around(struct snapshot_walk* walk, size_t depth, struct cv_error* err)
{
    int rc = 0;
    for (size_t i = 1; rc == 0 && i <= depth; i++) {
        struct level*     level  = level_at(walk, i);
        size_t            length = walk->levels[i - 1].path_length;
        char              end    = walk->path[length];
        struct copy_frame frame  = { .kind = COPY_CHANGE, .change = level->untold, .path = walk->path };
        if (level->untold == 0)
            continue;
        walk->path[length] = '\0';
        rc                 = copy_stream_put(walk->job->stream, &frame, err);
        walk->path[length] = end;
        level->untold      = 0;
    }
    return rc;
}

static int tell(struct snapshot_walk* walk, char change, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_CHANGE, .change = change, .path = walk->path };
    int               rc    = tell_around(walk, walk->depth, err);
    return rc == 0 ? copy_stream_put(walk->job->stream, &frame, err) : rc;
}

static bool is_place(const struct snapshot_walk* walk)
{
    const struct cv_strv* places = walk->job->places;
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i], walk->path) == 0)
            return true;
    return false;
}

static int entry(struct snapshot_walk* walk, int dirfd, const char* name, const struct stat* info, struct cv_error* err)
{
    CV_CLEANUP(lower_release) struct lower lower  = { NULL };
    struct level*                          around = level_at(walk, walk->depth);
    enum found                             found;
    int                                    rc = find(walk, &around->lower, name, &lower, &found, err);
    (void)dirfd;
    if (rc < 0)
        return rc;
    if (snapshot_is_whiteout(info))
        return found != FOUND_NOTHING ? tell(walk, 'D', err) : 0;
    if (found == FOUND_NOTHING && S_ISREG(info->st_mode) && info->st_size == 0 && is_place(walk)) {
        around->places = true;
        return 0;
    }
    return tell(walk, found != FOUND_NOTHING ? 'C' : 'A', err);
}

/* --- opaque folders --------------------------------------------------------------------------------------------------------------- */

static bool is_in_upper(int upper_fd, const char* name)
{
    struct stat info;
    return fstatat(upper_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0; /* a whiteout tells it itself */
}

/* A name of several layers is told by the topmost that has it. */
static bool was_seen(const struct lower* lower, size_t index, const char* name)
{
    struct stat info;
    for (size_t i = 0; i < index; i++)
        if (fstatat(lower->fds[i], name, &info, AT_SYMLINK_NOFOLLOW) == 0)
            return true;
    return false;
}

static int tell_gone(
    struct snapshot_walk* walk, const struct lower* lower, size_t index, const char* name, struct cv_error* err)
{
    struct stat info;
    size_t      length = walk->path_length;
    if (fstatat(lower->fds[index], name, &info, AT_SYMLINK_NOFOLLOW) < 0 || snapshot_is_whiteout(&info))
        return 0;
    int rc = snapshot_walk_push(walk, name, err);
    if (rc == 0)
        rc = tell(walk, 'D', err);
    snapshot_walk_cut(walk, length);
    return rc;
}

static void close_folder(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

/* All that one of the layers has in a folder and the upper has not. */
static int tell_hidden(
    struct snapshot_walk* walk, int upper_fd, const struct lower* lower, size_t index, struct cv_error* err)
{
    int                           fd     = openat(lower->fds[index], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CV_CLEANUP(close_folder) DIR* folder = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent*          at;
    int                           rc = 0;
    if (folder == NULL) {
        cv_handle_closep(&fd);
        return cv_error_errno(err, errno, "open the folder of a layer", walk->path);
    }
    while (rc == 0 && (errno = 0, at = readdir(folder)) != NULL)
        if (strcmp(at->d_name, ".") != 0 && strcmp(at->d_name, "..") != 0 && !is_in_upper(upper_fd, at->d_name)
            && !was_seen(lower, index, at->d_name))
            rc = tell_gone(walk, lower, index, at->d_name, err);
    return rc == 0 && errno != 0 ? cv_error_errno(err, errno, "read the folder of a layer", walk->path) : rc;
}

/* --- folders ---------------------------------------------------------------------------------------------------------------------- */

/* It is what the layers have, or what we make around a mount: what it was copied up or made for tells whether that is a change. */
static bool is_plain(const struct snapshot_walk* walk, const struct lower* lower, const struct stat* info)
{
    struct stat below = { .st_mode = S_IFDIR | PLACE_MODE };
    if (lower->count > 0 && fstat(lower->fds[0], &below) < 0)
        return false;
    return info->st_mode == below.st_mode && info->st_uid == below.st_uid + walk->job->shift
           && info->st_gid == below.st_gid + walk->job->shift;
}

/* walk->depth counts this folder already. */
static int enter_below(struct snapshot_walk* walk, int fd, const char* name, const struct stat* info,
    struct level* level, struct cv_error* err)
{
    enum found found;
    bool       opaque = false;
    int        rc     = find(walk, &level_at(walk, walk->depth - 1)->lower, name, &level->lower, &found, err);
    if (rc < 0)
        return rc;
    level->untold = found == FOUND_NOTHING ? 'A' : 'C';
    level->places = false;
    if (found == FOUND_OTHER || !is_plain(walk, &level->lower, info))
        rc = tell_around(walk, walk->depth, err);
    if (rc == 0)
        rc = snapshot_is_opaque(fd, walk->job->user, &opaque, walk->path, err);
    for (size_t i = 0; rc == 0 && opaque && i < level->lower.count; i++)
        rc = tell_hidden(walk, fd, &level->lower, i, err);
    return rc;
}

static int enter_top(struct snapshot_walk* walk, struct lower* lower, struct cv_error* err)
{
    const struct cv_strv* layers = walk->job->layers;
    int                   rc     = 0;
    for (size_t i = layers->count; rc == 0 && i-- > 0;) {
        int fd = open(layers->items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc     = fd < 0 ? cv_error_errno(err, errno, "open a layer of the container", layers->items[i])
                        : lower_add(lower, fd, layers->count, err);
    }
    return rc;
}

static int enter(struct snapshot_walk* walk, int fd, const char* name, const struct stat* info, struct cv_error* err)
{
    struct level* level = level_at(walk, walk->depth);
    int rc = walk->depth == 1 ? enter_top(walk, &level->lower, err) : enter_below(walk, fd, name, info, level, err);
    if (rc < 0)
        lower_release(&level->lower);
    return rc;
}

/* Without `err` the walk has failed: there is nothing more to be told. */
static int leave(struct snapshot_walk* walk, struct cv_error* err)
{
    struct level* level = level_at(walk, walk->depth);
    lower_release(&level->lower);
    if (err == NULL || level->untold == 0)
        return 0;
    if (!level->places && (level->untold != 'A' || !is_place(walk)))
        return tell_around(walk, walk->depth, err);
    level->untold                           = 0;
    level_at(walk, walk->depth - 1)->places = true;
    return 0;
}

int snapshot_diff(const struct snapshot_job* job, struct cv_error* err)
{
    struct snapshot_walk* walk = calloc(1, sizeof(*walk));
    struct diff*          diff = calloc(1, sizeof(*diff));
    int                   rc   = walk != NULL && diff != NULL ? 0 : cv_error_no_memory(err);
    if (rc == 0) {
        walk->job     = job;
        walk->context = diff;
        walk->entry   = entry;
        walk->enter   = enter;
        walk->leave   = leave;
        rc            = snapshot_walk_run(walk, err);
    }
    free(diff);
    free(walk);
    return rc;
}
