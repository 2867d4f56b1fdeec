/*
 * The receiving end. A file is written under a name of ours and renamed when it is complete, so that no part of one is ever seen under
 * its own name; what was there before is replaced, never written through. Folders that exist are entered and left as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/random.h>
#include <cv/str.h>

#include "linux/copy-links.h"
#include "linux/copy-plan.h"
#include "linux/copy.h"

#include <cv/banned.h>

enum { TEMP_NAME_SIZE = 64, TEMP_DIGITS = 16 };

struct level {
    int              fd;
    size_t           path_length; /* of what is around it */
    size_t           relative_length;
    bool             made; /* by us: it gets what the source has besides its content */
    struct copy_meta meta;
};

struct receiver {
    struct copy_end  end;
    struct level     levels[COPY_DEPTH_MAX];
    size_t           depth;
    uint64_t         skipped; /* folders that are open in the stream and not here */
    struct copy_path destination;
    enum copy_place  place;
    int              base_fd; /* the folder that the first entry goes into; the destination itself when it is merged */
    const char*      top;     /* its name there */
    char             source[COPY_NAME_MAX + 1];
    bool             begun, complete, done;
    char             name[COPY_NAME_MAX + 1]; /* of a file whose content comes in DATA */
    uint64_t         left;                    /* of that */
    struct copy_link_places links;
    struct cv_str           relative; /* the entry at hand, beneath base_fd */
    char                    prefix[TEMP_NAME_SIZE / 2];
    uint64_t                temporary; /* how many temporary names there were */
    struct cv_error         failure;   /* of the entry at hand */
    struct copy_frame       frame;
};

/* --- where it goes -------------------------------------------------------------------------------------------------------------- */

static int look_at_destination(
    struct receiver* receiver, int* node_out, enum copy_found* found_out, struct stat* info, struct cv_error* err)
{
    const struct copy_job* job = receiver->end.job;
    *node_out                  = copy_open_path(job->root_fd, job->path, O_PATH);
    *found_out                 = COPY_FOUND_NOTHING;
    if (*node_out < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open the destination", job->path);
    if (fstat(*node_out, info) < 0)
        return cv_error_errno(err, errno, "look at the destination", job->path);
    *found_out = S_ISDIR(info->st_mode) ? COPY_FOUND_FOLDER : COPY_FOUND_OTHER;
    return 0;
}

static int open_parent(struct receiver* receiver, struct cv_error* err)
{
    receiver->base_fd = copy_open_path(receiver->end.job->root_fd, receiver->destination.parent, O_PATH | O_DIRECTORY);
    return receiver->base_fd < 0
               ? cv_error_errno(err, errno, "open the destination's folder", receiver->destination.parent)
               : 0;
}

static int choose_place(struct receiver* receiver, const struct copy_frame* frame, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int node = -1;
    enum copy_found                  found;
    struct stat                      info;
    int                              rc = look_at_destination(receiver, &node, &found, &info, err);
    if (rc == 0)
        rc = copy_place_choose(frame->folder, frame->contents, &receiver->destination, found, &receiver->place, err);
    if (rc < 0)
        return cv_error_wrap(err, "'%s'", receiver->end.job->path);
    cv_snprintf(receiver->source, sizeof(receiver->source), "%s", frame->name);
    receiver->top = receiver->place == COPY_PLACE_AS ? receiver->destination.name : receiver->source;
    if (receiver->place == COPY_PLACE_AS)
        rc = open_parent(receiver, err);
    else
        receiver->base_fd = CV_STEAL_HANDLE(node);
    if (rc == 0 && fstat(receiver->base_fd, &info) < 0)
        rc = cv_error_errno(err, errno, "look at the destination", receiver->end.job->path);
    return rc == 0 ? copy_filesystem_check(
               &receiver->end.filesystems, receiver->base_fd, &info, receiver->end.job->path, err)
                   : rc;
}

static int begin(struct receiver* receiver, struct cv_error* err)
{
    if (receiver->begun)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy begins twice");
    receiver->begun = true;
    int rc          = copy_path_parse(receiver->end.job->path, &receiver->destination, err);
    return rc == 0 ? choose_place(receiver, &receiver->frame, err) : rc;
}

/* --- names ---------------------------------------------------------------------------------------------------------------------- */

static int folder_fd(const struct receiver* receiver)
{
    return receiver->depth > 0 ? receiver->levels[receiver->depth - 1].fd : receiver->base_fd;
}

/* The first entry has the name that the destination gives it, whatever it was called. */
static const char* name_of(const struct receiver* receiver)
{
    return receiver->depth > 0 ? receiver->frame.name : receiver->top;
}

static void temporary_name(struct receiver* receiver, char name[TEMP_NAME_SIZE])
{
    cv_snprintf(name, TEMP_NAME_SIZE, "%s%llx", receiver->prefix, (unsigned long long)++receiver->temporary);
}

static void cut_relative(struct receiver* receiver, size_t length)
{
    receiver->relative.length = length;
    if (receiver->relative.text != NULL)
        receiver->relative.text[length] = '\0';
}

static int push(struct receiver* receiver, struct cv_error* err)
{
    const char* name = name_of(receiver);
    if (receiver->relative.length > 0)
        cv_str_append(&receiver->relative, "/");
    cv_str_append(&receiver->relative, name);
    if (receiver->relative.failed)
        return cv_error_no_memory(err);
    /* at the top the path is the destination's, which has the name already unless it goes below */
    if ((receiver->depth > 0 || receiver->place == COPY_PLACE_BELOW) && !copy_end_push(&receiver->end, name))
        return cv_error_set(err, CV_ERR_LIMIT, "a path below it is longer than %d bytes", (int)COPY_PATH_MAX);
    return 0;
}

/* --- what is kept besides the content ------------------------------------------------------------------------------------------- */

static int system_failure(struct receiver* receiver, const char* step, struct cv_error* err)
{
    return cv_error_errno(err, errno, step, receiver->end.path);
}

/* The entry stays, though not all of it could be kept. */
static int note(struct receiver* receiver, const char* step, struct cv_error* err)
{
    struct cv_error failure = CV_ERROR_INIT;
    system_failure(receiver, step, &failure);
    return copy_end_report(&receiver->end, &failure, err);
}

static int put_xattrs(struct receiver* receiver, int fd, struct cv_error* err)
{
    const uint8_t*    rest   = receiver->frame.xattrs;
    size_t            length = receiver->frame.xattrs_length;
    struct copy_xattr xattr;
    int               rc = 0;
    while (rc == 0 && copy_xattr_next(&rest, &length, &xattr))
        if (fsetxattr(fd, xattr.name, xattr.value, xattr.length, 0) < 0)
            rc = note(receiver, "set an extended attribute", err);
    return rc;
}

static void times_of(const struct copy_meta* meta, struct timespec times[2])
{
    times[0] = (struct timespec){ .tv_sec = meta->atime_s, .tv_nsec = meta->atime_ns };
    times[1] = (struct timespec){ .tv_sec = meta->mtime_s, .tv_nsec = meta->mtime_ns };
}

/* Owner before mode, since a change of owner takes the set-user-id bit away. Without the owner that bit would mean somebody else. */
static int put_meta(struct receiver* receiver, int fd, const struct copy_meta* meta, struct cv_error* err)
{
    const struct copy_job* job    = receiver->end.job;
    bool                   owners = job->owners;
    struct timespec        times[2];
    int                    rc = 0;
    if (owners && fchown(fd, meta->uid, meta->gid) < 0) {
        owners = false;
        rc     = note(receiver, "set the owner", err);
    }
    if (rc == 0 && fchmod(fd, copy_mode(meta->mode, job->to_host, owners, job->setuid && owners == job->owners)) < 0)
        rc = note(receiver, "set the mode", err);
    times_of(meta, times);
    if (rc == 0 && futimens(fd, times) < 0)
        rc = note(receiver, "set the times", err);
    return rc;
}

/* Whoever can write to the folder can put something else there; of what is no link, or has another name, nothing is changed. */
static bool is_link_made(const struct receiver* receiver, int fd)
{
    char        target[COPY_TARGET_MAX + 1];
    struct stat info;
    ssize_t     length = readlinkat(fd, "", target, sizeof(target));
    return fstat(fd, &info) == 0 && S_ISLNK(info.st_mode) && length == (ssize_t)strlen(receiver->frame.target)
           && memcmp(target, receiver->frame.target, (size_t)length) == 0;
}

static int put_link_meta(struct receiver* receiver, int fd, struct cv_error* err)
{
    const struct copy_meta* meta = &receiver->frame.meta;
    struct timespec         times[2];
    int                     rc = 0;
    times_of(meta, times);
    if (receiver->end.job->owners && fchownat(fd, "", meta->uid, meta->gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
        rc = note(receiver, "set the owner", err);
    if (rc == 0 && utimensat(fd, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
        rc = note(receiver, "set the times", err);
    return rc;
}

/* --- entries -------------------------------------------------------------------------------------------------------------------- */

/* What fails from here on is told by two numbers: of the entry (failure is filled in), or of the whole copy. */
struct outcome {
    int entry, copy;
};

static int put_in_place(struct receiver* receiver, const char* temporary, struct cv_error* err)
{
    int fd = folder_fd(receiver);
    if (renameat(fd, temporary, fd, name_of(receiver)) == 0)
        return 0;
    if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST) {
        cv_error_set(err, CV_ERR_EXISTS, "a folder is where '%s' would go", receiver->end.path);
        return cv_error_object(err, "%s", receiver->end.path);
    }
    return system_failure(receiver, "put it in its place", err);
}

struct moving {
    struct receiver* receiver;
    bool             tell; /* the sender waits for it */
    bool             broken;
};

static int acknowledge(struct receiver* receiver, uint64_t bytes, bool finished, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_ACK, .size = bytes, .finished = finished };
    int               rc    = copy_stream_put(receiver->end.stream, &frame, err);
    return rc == 0 ? copy_stream_flush(receiver->end.stream, err) : rc;
}

static int moved(void* context, uint64_t bytes, struct cv_error* err)
{
    struct moving* moving = context;
    int            rc     = copy_end_count(&moving->receiver->end, 0, bytes, err);
    if (rc == 0 && moving->tell)
        rc = acknowledge(moving->receiver, bytes, false, err);
    moving->broken = rc < 0;
    return rc;
}

/* A descriptor that came: a regular file of a filesystem that has files, else it is not read. */
static int check_source(struct receiver* receiver, int fd, struct cv_error* err)
{
    struct stat info;
    int         flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return cv_error_set(err, CV_ERR_PROTOCOL, "what came for '%s' is no regular file", receiver->end.path);
    struct copy_filesystems filesystems = { .allow_fuse = !receiver->end.job->on_host };
    return copy_filesystem_check(&filesystems, fd, &info, receiver->end.path, err);
}

static int next_data(struct receiver* receiver, struct copy_frame* data, struct cv_error* err)
{
    int rc = copy_stream_get(receiver->end.stream, data, err);
    if (rc < 0)
        return rc;
    if (data->kind != COPY_DATA)
        return copy_end_other(&receiver->end, data, err);
    if (data->hole > receiver->left || data->size > receiver->left - data->hole)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy sends more than it announced");
    receiver->left -= data->hole + data->size;
    return 0;
}

/* What comes for a file that could not be made, or not further. */
static int skip_data(struct receiver* receiver, struct cv_error* err)
{
    struct copy_frame data;
    int               rc = 0;
    while (rc == 0 && receiver->left > 0)
        rc = next_data(receiver, &data, err);
    return rc;
}

static int write_all(struct receiver* receiver, int fd, const uint8_t* data, size_t left, struct cv_error* err)
{
    while (left > 0) {
        ssize_t done = write(fd, data, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return system_failure(receiver, "write", err);
        data += done;
        left -= (size_t)done;
    }
    return 0;
}

static struct outcome write_streamed(struct receiver* receiver, int fd)
{
    struct copy_frame data    = { .kind = COPY_DATA };
    struct outcome    outcome = { 0, 0 };
    while (receiver->left > 0) {
        outcome.copy = next_data(receiver, &data, &receiver->failure);
        if (outcome.copy < 0)
            return outcome;
        if (data.hole > 0 && lseek(fd, (off_t)data.hole, SEEK_CUR) < 0)
            outcome.entry = system_failure(receiver, "leave a hole", &receiver->failure);
        if (outcome.entry == 0)
            outcome.entry = write_all(receiver, fd, data.data, (size_t)data.size, &receiver->failure);
        if (outcome.entry < 0)
            return outcome;
    }
    if (ftruncate(fd, (off_t)receiver->frame.size) < 0)
        outcome.entry = system_failure(receiver, "set the size of the copy", &receiver->failure);
    return outcome;
}

static struct outcome write_content(struct receiver* receiver, int source_fd, int fd)
{
    struct outcome outcome = { 0, 0 };
    struct moving  moving  = { .receiver = receiver, .tell = !receiver->end.job->on_host };
    if (receiver->frame.streamed)
        return write_streamed(receiver, fd);
    if (!receiver->frame.passed) {
        outcome.entry = write_all(receiver, fd, receiver->frame.data, (size_t)receiver->frame.size, &receiver->failure);
        if (outcome.entry == 0)
            outcome.copy = copy_end_count(&receiver->end, 0, receiver->frame.size, &receiver->failure);
        return outcome;
    }
    int rc = check_source(receiver, source_fd, &receiver->failure);
    if (rc == 0)
        rc =
            copy_file_data(source_fd, fd, receiver->frame.size, receiver->end.path, moved, &moving, &receiver->failure);
    *(moving.broken ? &outcome.copy : &outcome.entry) = rc;
    return outcome;
}

/* Remember where the first name of a file with several is. */
static int remember(struct receiver* receiver, int fd, struct cv_error* err)
{
    struct stat info;
    if (receiver->frame.link == 0)
        return 0;
    if (fstat(fd, &info) < 0)
        return system_failure(receiver, "look at the copy", err);
    return copy_links_put(
        &receiver->links, receiver->frame.link, receiver->relative.text, info.st_dev, info.st_ino, err);
}

static struct outcome receive_file(struct receiver* receiver, int source_fd)
{
    char                             temporary[TEMP_NAME_SIZE];
    struct outcome                   outcome = { 0, 0 };
    CV_CLEANUP(cv_handle_closep) int fd      = -1;
    temporary_name(receiver, temporary);
    fd = openat(folder_fd(receiver), temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        outcome.entry = system_failure(receiver, "make the file", &receiver->failure);
        return outcome;
    }
    outcome.copy = put_xattrs(receiver, fd, &receiver->failure); /* of a frame that is not there any more after DATA */
    if (outcome.copy == 0)
        outcome = write_content(receiver, source_fd, fd);
    if (outcome.entry == 0 && outcome.copy == 0)
        outcome.copy = put_meta(receiver, fd, &receiver->frame.meta, &receiver->failure);
    if (outcome.entry == 0 && outcome.copy == 0)
        outcome.entry = put_in_place(receiver, temporary, &receiver->failure);
    if (outcome.entry == 0 && outcome.copy == 0)
        outcome.entry = remember(receiver, fd, &receiver->failure);
    else
        unlinkat(folder_fd(receiver), temporary, 0);
    return outcome;
}

static struct outcome receive_symlink(struct receiver* receiver)
{
    char           temporary[TEMP_NAME_SIZE];
    struct outcome outcome = { 0, 0 };
    temporary_name(receiver, temporary);
    if (symlinkat(receiver->frame.target, folder_fd(receiver), temporary) < 0) {
        outcome.entry = system_failure(receiver, "make the symbolic link", &receiver->failure);
        return outcome;
    }
    int fd = openat(folder_fd(receiver), temporary, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        outcome.entry = system_failure(receiver, "open the symbolic link", &receiver->failure);
    else if (!is_link_made(receiver, fd))
        outcome.entry =
            cv_error_set(&receiver->failure, CV_ERR_STATE, "'%s' was replaced while it was made", receiver->end.path);
    else
        outcome.copy = put_link_meta(receiver, fd, &receiver->failure);
    cv_handle_closep(&fd);
    if (outcome.entry == 0 && outcome.copy == 0)
        outcome.entry = put_in_place(receiver, temporary, &receiver->failure);
    if (outcome.entry < 0 || outcome.copy < 0)
        unlinkat(folder_fd(receiver), temporary, 0);
    return outcome;
}

/* The folder of the first name, found anew beneath where the copy began. */
static int open_beneath(int base_fd, const char* path, const char** name_out)
{
    const char*     slash = strrchr(path, '/');
    char            parent[COPY_PATH_MAX + 1];
    struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve                   = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
    *name_out           = slash != NULL ? slash + 1 : path;
    if (cv_snprintf(parent, sizeof(parent), "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".")
        < 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return (int)syscall(SYS_openat2, base_fd, parent, &how, sizeof(how));
}

static bool is_same(int dirfd, const char* name, const struct copy_link_place* place)
{
    struct stat info;
    return fstatat(dirfd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_dev == place->device
           && info.st_ino == place->inode;
}

static int make_link(struct receiver* receiver, const char* temporary, struct cv_error* err)
{
    const struct copy_link_place* place = copy_links_get(&receiver->links, receiver->frame.link);
    const char*                   first = "";
    if (place == NULL)
        return cv_error_set(
            err, CV_ERR_NOT_FOUND, "the file that '%s' is a further name of was not copied", receiver->end.path);
    CV_CLEANUP(cv_handle_closep) int parent = open_beneath(receiver->base_fd, place->path, &first);
    if (parent < 0 || linkat(parent, first, folder_fd(receiver), temporary, 0) < 0)
        return system_failure(receiver, "make a further name of the file", err);
    if (is_same(folder_fd(receiver), temporary, place))
        return 0;
    unlinkat(folder_fd(receiver), temporary, 0);
    return cv_error_set(err, CV_ERR_STATE, "the file that '%s' is a further name of was replaced", receiver->end.path);
}

/* By the path that an archive gives. The name must be a file's: nothing else is a further name of something. */
static int make_link_to_path(struct receiver* receiver, const char* temporary, struct cv_error* err)
{
    const char*                      first  = "";
    CV_CLEANUP(cv_handle_closep) int parent = open_beneath(receiver->base_fd, receiver->frame.target, &first);
    struct stat                      info;
    if (parent < 0 || fstatat(parent, first, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return system_failure(receiver, "find the file that it is a further name of", err);
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "'%s' would be a further name of what is no file", receiver->end.path);
    return linkat(parent, first, folder_fd(receiver), temporary, 0) == 0
               ? 0
               : system_failure(receiver, "make a further name of the file", err);
}

static struct outcome receive_link(struct receiver* receiver)
{
    char           temporary[TEMP_NAME_SIZE];
    struct outcome outcome = { 0, 0 };
    temporary_name(receiver, temporary);
    outcome.entry = receiver->frame.link == 0 ? make_link_to_path(receiver, temporary, &receiver->failure)
                                              : make_link(receiver, temporary, &receiver->failure);
    if (outcome.entry == 0) {
        outcome.entry = put_in_place(receiver, temporary, &receiver->failure);
        unlinkat(folder_fd(receiver), temporary, 0); /* a rename onto another name of the same file does nothing */
    }
    return outcome;
}

/* --- folders -------------------------------------------------------------------------------------------------------------------- */

static int open_folder(struct receiver* receiver, bool* made_out, int* fd_out, struct cv_error* err)
{
    const char* name   = name_of(receiver);
    int         parent = folder_fd(receiver);
    struct stat info;
    *made_out = mkdirat(parent, name, 0700) == 0;
    if (!*made_out && errno != EEXIST)
        return system_failure(receiver, "make the folder", err);
    *fd_out = openat(parent, name, (*made_out ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd_out < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        cv_error_set(err, CV_ERR_EXISTS, "where '%s' would go is something else than a folder", receiver->end.path);
        return cv_error_object(err, "%s", receiver->end.path);
    }
    if (*fd_out < 0 || fstat(*fd_out, &info) < 0)
        return system_failure(receiver, "open the folder", err);
    return copy_filesystem_check(&receiver->end.filesystems, *fd_out, &info, receiver->end.path, err);
}

static int enter_folder(struct receiver* receiver, bool* made_out, int* fd_out, struct cv_error* err)
{
    if (receiver->depth >= COPY_DEPTH_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "'%s' is more than %d folders deep", receiver->end.path, COPY_DEPTH_MAX);
    if (receiver->depth > 0 || receiver->place != COPY_PLACE_MERGE)
        return open_folder(receiver, made_out, fd_out, err);
    *fd_out = fcntl(receiver->base_fd, F_DUPFD_CLOEXEC, 0);
    return *fd_out < 0 ? system_failure(receiver, "open the folder", err) : 0;
}

/* The path stays as it is until the folder is left. */
static struct outcome receive_folder(struct receiver* receiver, size_t path_length, size_t relative_length)
{
    struct outcome                   outcome = { 0, 0 };
    bool                             made    = false;
    CV_CLEANUP(cv_handle_closep) int fd      = -1;
    outcome.entry                            = enter_folder(receiver, &made, &fd, &receiver->failure);
    if (outcome.entry == 0 && made)
        outcome.copy = put_xattrs(receiver, fd, &receiver->failure);
    if (outcome.entry < 0 || outcome.copy < 0)
        return outcome;
    if (receiver->depth == 0 && receiver->place == COPY_PLACE_MERGE)
        relative_length = receiver->relative.length = 0; /* it is where links begin */
    receiver->levels[receiver->depth++] = (struct level){ .fd = CV_STEAL_HANDLE(fd),
        .path_length                                          = path_length,
        .relative_length                                      = relative_length,
        .made                                                 = made,
        .meta                                                 = receiver->frame.meta };
    return outcome;
}

static int leave(struct receiver* receiver, struct cv_error* err)
{
    if (receiver->skipped > 0) {
        receiver->skipped--;
        receiver->complete = receiver->skipped == 0 && receiver->depth == 0;
        return 0;
    }
    if (receiver->depth == 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy leaves a folder that it is not in");
    struct level* level = &receiver->levels[--receiver->depth];
    int           rc    = level->made ? put_meta(receiver, level->fd, &level->meta, err) : 0;
    cv_handle_closep(&level->fd);
    copy_end_cut(&receiver->end, level->path_length);
    cut_relative(receiver, level->relative_length);
    receiver->complete = receiver->depth == 0;
    return rc;
}

/* --- the stream ----------------------------------------------------------------------------------------------------------------- */

static struct outcome receive_kind(struct receiver* receiver, int source_fd, size_t path_length, size_t relative_length)
{
    if (receiver->frame.kind == COPY_ENTER)
        return receive_folder(receiver, path_length, relative_length);
    if (receiver->frame.kind == COPY_FILE)
        return receive_file(receiver, source_fd);
    return receiver->frame.kind == COPY_SYMLINK ? receive_symlink(receiver) : receive_link(receiver);
}

/* One entry of the tree, and back to the folder that it is in unless it is one itself. */
static int receive_at(struct receiver* receiver, int source_fd, struct cv_error* err)
{
    size_t         path_length = receiver->end.path_length, relative_length = receiver->relative.length;
    size_t         depth   = receiver->depth;
    struct outcome outcome = { .entry = push(receiver, &receiver->failure) };
    if (outcome.entry == 0)
        outcome = receive_kind(receiver, source_fd, path_length, relative_length);
    int rc = 0;
    if (outcome.copy < 0 && err != NULL)
        *err = receiver->failure;
    if (outcome.copy < 0)
        rc = outcome.copy;
    else if (outcome.entry < 0)
        rc = copy_end_report(&receiver->end, &receiver->failure, err);
    if (receiver->depth == depth) {
        copy_end_cut(&receiver->end, path_length);
        cut_relative(receiver, relative_length);
        if (receiver->frame.kind == COPY_ENTER)
            receiver->skipped = 1;
        else
            receiver->complete = depth == 0;
    }
    return rc;
}

/* The name must outlive the frame when more are read for the same entry. */
static void keep_streamed(struct receiver* receiver)
{
    receiver->left = receiver->frame.streamed ? receiver->frame.size : 0;
    if (!receiver->frame.streamed)
        return;
    cv_snprintf(receiver->name, sizeof(receiver->name), "%s", receiver->frame.name);
    receiver->frame.name = receiver->name;
}

static int receive_entry(struct receiver* receiver, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int source_fd = -1;
    bool                             passed    = receiver->frame.kind == COPY_FILE && receiver->frame.passed;
    if (!receiver->begun || receiver->complete)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy sends what belongs nowhere");
    if (passed && (source_fd = copy_stream_take_fd(receiver->end.stream)) < 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy announced a descriptor and sent none");
    if (receiver->end.job->on_host
        && (receiver->frame.streamed || (receiver->frame.kind == COPY_LINK && receiver->frame.link == 0)))
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy sends what only an archive does");
    keep_streamed(receiver);
    int rc = copy_end_count(&receiver->end, 1, 0, err);
    if (receiver->skipped > 0)
        receiver->skipped += receiver->frame.kind == COPY_ENTER ? 1 : 0;
    else if (rc == 0)
        rc = receive_at(receiver, source_fd, err);
    if (rc == 0)
        rc = skip_data(receiver, err);
    return rc == 0 && passed ? acknowledge(receiver, 0, true, err) : rc;
}

static int end(struct receiver* receiver, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_DONE };
    if (receiver->depth > 0 || receiver->skipped > 0 || !receiver->complete)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy ends in the middle");
    receiver->done = true;
    int rc         = copy_stream_put(receiver->end.stream, &frame, err);
    return rc == 0 ? copy_stream_flush(receiver->end.stream, err) : rc;
}

static int receive_frame(struct receiver* receiver, struct cv_error* err)
{
    int rc = copy_stream_get(receiver->end.stream, &receiver->frame, err);
    if (rc < 0)
        return rc;
    switch (receiver->frame.kind) {
    case COPY_BEGIN:
        return begin(receiver, err);
    case COPY_LEAVE:
        return leave(receiver, err);
    case COPY_END:
        return end(receiver, err);
    case COPY_ENTER:
    case COPY_FILE:
    case COPY_SYMLINK:
    case COPY_LINK:
        return receive_entry(receiver, err);
    default:
        return copy_end_other(&receiver->end, &receiver->frame, err);
    }
}

static int make_prefix(struct receiver* receiver, struct cv_error* err)
{
    char digits[TEMP_DIGITS + 1];
    int  rc = cv_random_hex(digits, TEMP_DIGITS, err);
    return rc == 0 ? cv_snprintf(receiver->prefix, sizeof(receiver->prefix), ".cv-%s-", digits) : rc;
}

static void release(struct receiver* receiver)
{
    while (receiver->depth > 0)
        cv_handle_closep(&receiver->levels[--receiver->depth].fd);
    cv_handle_closep(&receiver->base_fd);
    copy_path_release(&receiver->destination);
    copy_links_forget(&receiver->links);
    cv_str_release(&receiver->relative);
    copy_end_release(&receiver->end);
    free(receiver);
}

int copy_receive(struct copy_stream* stream, const struct copy_job* job, struct cv_error* err)
{
    struct receiver* receiver = calloc(1, sizeof(*receiver));
    if (receiver == NULL)
        return cv_error_no_memory(err);
    receiver->base_fd = -1;
    cv_str_init(&receiver->relative);
    int rc         = copy_end_init(&receiver->end, stream, job, err);
    stream->handle = NULL;
    if (rc == 0)
        rc = make_prefix(receiver, err);
    while (rc == 0 && !receiver->done)
        rc = receive_frame(receiver, err);
    release(receiver);
    return rc;
}
