/* The sending end: walks the tree, without recursion, since how deep it is is a stranger's choice. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/macros.h>

#include "linux/copy-links.h"
#include "linux/copy-plan.h"
#include "linux/copy.h"

#include <cv/banned.h>

enum {
    OPEN_FLAGS       = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, /* a FIFO does not hold us up */
    FOLDER_FLAGS     = O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC,
    MOUNT_POINT_MODE = 0755,
    HOLES_FROM       = 4096 /* smaller files are sent whole, whatever their blocks say */
};

struct level {
    DIR*   stream;
    size_t path_length; /* of the folder */
};

struct sender {
    struct copy_end          end;
    struct level             levels[COPY_DEPTH_MAX];
    size_t                   depth;
    struct copy_link_numbers links;
    struct copy_buffer       xattrs;
    size_t                   outstanding; /* descriptors that are not acknowledged */
    uint64_t                 mount;       /* of the source; 0: what is mounted below is sent, too */
    bool                     done;        /* said by the receiver */
    bool                     broken;      /* what failed is the copy, not the entry */
    struct cv_error          failure;     /* of the entry at hand */
    struct copy_frame        frame;
};

/* --- the other end -------------------------------------------------------------------------------------------------------------- */

static int hear(void* context, const struct copy_frame* frame, struct cv_error* err)
{
    struct copy_end* end    = context;
    struct sender*   sender = (struct sender*)end; /* its first member */
    if (frame->kind == COPY_DONE) {
        sender->done = true;
        return 0;
    }
    if (frame->kind != COPY_ACK || (frame->finished && sender->outstanding == 0))
        return copy_end_other(end, frame, err);
    sender->outstanding -= frame->finished ? 1 : 0;
    return copy_end_count(end, 0, frame->size, err);
}

/* What ends the copy. */
static int broken(struct sender* sender, int rc)
{
    sender->broken = sender->broken || rc < 0;
    return rc;
}

static int say(struct sender* sender, struct cv_error* err)
{
    return broken(sender, copy_stream_put(sender->end.stream, &sender->frame, err));
}

static int say_kind(struct sender* sender, enum copy_kind kind, struct cv_error* err)
{
    sender->frame = (struct copy_frame){ .kind = kind };
    return say(sender, err);
}

/* A descriptor goes only when the receiver is not too far behind: there is a limit on how many may be on the way. */
static int pass(struct sender* sender, int fd, struct cv_error* err)
{
    int rc = 0;
    if (sender->outstanding >= COPY_WINDOW)
        rc = copy_stream_flush(sender->end.stream, err);
    while (rc == 0 && sender->outstanding >= COPY_WINDOW)
        rc = copy_stream_handle(sender->end.stream, err);
    if (rc == 0)
        rc = copy_stream_pass(sender->end.stream, &sender->frame, fd, err);
    if (rc == 0)
        sender->outstanding++;
    return broken(sender, rc);
}

/* --- one entry ------------------------------------------------------------------------------------------------------------------ */

static int not_copied(mode_t mode, const char* path, struct cv_error* err)
{
    static const struct {
        mode_t      type;
        const char* name;
    } kinds[]        = { { S_IFIFO, "a FIFO" }, { S_IFCHR, "a character device" }, { S_IFBLK, "a block device" },
               { S_IFSOCK, "a socket" } };
    const char* kind = "no file, folder or symbolic link";
    for (size_t i = 0; i < CV_ARRAY_LEN(kinds); i++)
        if ((mode & S_IFMT) == kinds[i].type)
            kind = kinds[i].name;
    cv_error_set(err, CV_ERR_UNSUPPORTED, "'%s' is %s: not copied", path, kind);
    return cv_error_object(err, "%s", path);
}

static int changed(const char* path, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_STATE, "'%s' was changed while it was opened", path);
    return cv_error_object(err, "%s", path);
}

static int start_frame(
    struct sender* sender, enum copy_kind kind, const char* name, const struct stat* info, int fd, struct cv_error* err)
{
    sender->frame = (struct copy_frame){ .kind = kind, .name = name };
    copy_meta_from(info, &sender->frame.meta);
    sender->xattrs.length = 0;
    sender->xattrs.full   = false;
    int rc                = fd >= 0 ? copy_xattrs_read(fd, &sender->xattrs, sender->end.path, err) : 0;
    if (sender->xattrs.length > 0)
        sender->frame.xattrs = sender->xattrs.bytes;
    sender->frame.xattrs_length = sender->xattrs.length;
    return rc;
}

/* The content goes into the frame's own buffer, and out again when it is not all there. */
static int send_inline(struct sender* sender, int fd, struct cv_error* err)
{
    struct copy_stream* stream = sender->end.stream;
    size_t              size   = (size_t)sender->frame.size;
    size_t              done   = 0;
    int                 rc     = broken(sender, copy_stream_reserve(stream, copy_frame_bound(&sender->frame), err));
    if (rc < 0)
        return rc;
    size_t start = stream->out.length;
    copy_frame_put(&stream->out, &sender->frame);
    while (done < size) {
        ssize_t got = pread(fd, stream->out.bytes + stream->out.length, size - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            stream->out.length = start;
            return got < 0 ? cv_error_errno(err, errno, "read", sender->end.path)
                           : cv_error_set(err, CV_ERR_STATE, "'%s' got shorter while it was copied", sender->end.path);
        }
        done += (size_t)got;
        stream->out.length += (size_t)got;
    }
    return broken(sender, copy_end_count(&sender->end, 0, size, err));
}

static int send_content(struct sender* sender, int fd, const struct stat* info, struct cv_error* err)
{
    bool holes           = info->st_size >= HOLES_FROM && (uint64_t)info->st_blocks * 512 < (uint64_t)info->st_size;
    sender->frame.size   = (uint64_t)info->st_size;
    sender->frame.passed = holes || info->st_size > COPY_INLINE_MAX;
    return sender->frame.passed ? pass(sender, fd, err) : send_inline(sender, fd, err);
}

/* A file with several names: true when it was sent as a further name of one that is known. */
static int send_further_name(
    struct sender* sender, const char* name, const struct stat* info, bool* sent_out, struct cv_error* err)
{
    uint32_t number = copy_links_find(&sender->links, info->st_dev, info->st_ino);
    *sent_out       = number != 0;
    if (number == 0)
        return 0;
    sender->frame = (struct copy_frame){ .kind = COPY_LINK, .name = name, .link = number };
    return say(sender, err);
}

static int number_links(struct sender* sender, const struct stat* info, struct cv_error* err)
{
    struct cv_error failure = CV_ERROR_INIT;
    if (copy_links_add(&sender->links, info->st_dev, info->st_ino, &sender->frame.link, &failure) == 0)
        return 0;
    sender->frame.link = 0; /* it comes over, but not as one file */
    return broken(sender, copy_end_report(&sender->end, &failure, err));
}

static int send_regular(struct sender* sender, int fd, const char* name, const struct stat* info, struct cv_error* err)
{
    bool sent = false;
    int  rc   = copy_filesystem_check(&sender->end.filesystems, fd, info, sender->end.path, err);
    if (rc == 0 && info->st_nlink > 1)
        rc = send_further_name(sender, name, info, &sent, err);
    if (rc < 0 || sent)
        return rc;
    rc = start_frame(sender, COPY_FILE, name, info, fd, err);
    if (rc == 0 && info->st_nlink > 1)
        rc = number_links(sender, info, err);
    return rc == 0 ? send_content(sender, fd, info, err) : rc;
}

static int send_link_text(
    struct sender* sender, int dirfd, const char* path, const char* name, const struct stat* info, struct cv_error* err)
{
    char    target[COPY_TARGET_MAX + 2];
    ssize_t length = readlinkat(dirfd, path, target, sizeof(target));
    if (length < 0)
        return errno == EINVAL ? changed(sender->end.path, err)
                               : cv_error_errno(err, errno, "read the symbolic link", sender->end.path);
    if (length == 0 || length > COPY_TARGET_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the target of '%s' is too long", sender->end.path);
    target[length] = '\0';
    start_frame(sender, COPY_SYMLINK, name, info, -1, err);
    sender->frame.target = target;
    return say(sender, err);
}

static int send_node(
    struct sender* sender, mode_t type, const char* name, const struct stat* info, struct cv_error* err)
{
    if (S_ISSOCK(type) && sender->end.job->nodes)
        return 0; /* no archive has them */
    if (!sender->end.job->nodes || !(S_ISFIFO(type) || S_ISCHR(type) || S_ISBLK(type)))
        return not_copied(type, sender->end.path, err);
    start_frame(sender, COPY_NODE, name, info, -1, err);
    sender->frame.type  = type & S_IFMT;
    sender->frame.major = major(info->st_rdev);
    sender->frame.minor = minor(info->st_rdev);
    return say(sender, err);
}

/* Whether something else is mounted there than at the source. */
static int is_elsewhere(
    struct sender* sender, int dirfd, const char* path, uint64_t* mount_out, bool* is_out, struct cv_error* err)
{
    struct statx about;
    int          flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (path[0] == '\0' ? AT_EMPTY_PATH : 0);
    if (statx(dirfd, path, flags, STATX_MNT_ID, &about) < 0)
        return cv_error_errno(err, errno, "ask where it is mounted", sender->end.path);
    *is_out = about.stx_mnt_id != sender->mount;
    if (mount_out != NULL)
        *mount_out = about.stx_mnt_id;
    return 0;
}

/* --- folders -------------------------------------------------------------------------------------------------------------------- */

/* Takes the descriptor. */
static int enter(struct sender* sender, int fd, const char* name, const struct stat* info, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int owned  = fd;
    DIR*                             stream = NULL;
    if (sender->depth >= COPY_DEPTH_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "'%s' is more than %d folders deep", sender->end.path, COPY_DEPTH_MAX);
    int rc = copy_filesystem_check(&sender->end.filesystems, fd, info, sender->end.path, err);
    if (rc == 0)
        rc = start_frame(sender, COPY_ENTER, name, info, fd, err);
    if (rc == 0 && (stream = fdopendir(fd)) == NULL)
        rc = cv_error_errno(err, errno, "read the folder", sender->end.path);
    if (rc < 0)
        return rc;
    (void)CV_STEAL_HANDLE(owned);
    sender->levels[sender->depth++] = (struct level){ .stream = stream, .path_length = sender->end.path_length };
    return say(sender, err);
}

/* The folder that something is mounted on: neither what is below that can be seen, nor what that is like. */
static int send_mount_point(struct sender* sender, const char* name, const struct stat* info, struct cv_error* err)
{
    int rc                  = start_frame(sender, COPY_ENTER, name, info, -1, err);
    sender->frame.meta.mode = MOUNT_POINT_MODE;
    sender->frame.meta.uid = sender->frame.meta.gid = 0;
    if (rc == 0)
        rc = say(sender, err);
    return rc == 0 ? say_kind(sender, COPY_LEAVE, err) : rc;
}

static int send_child_folder(struct sender* sender, int parent, const char* name, struct cv_error* err)
{
    struct stat info;
    int         fd = openat(parent, name, FOLDER_FLAGS);
    if (fd < 0)
        return errno == ELOOP || errno == ENOTDIR ? changed(sender->end.path, err)
                                                  : cv_error_errno(err, errno, "open", sender->end.path);
    if (fstat(fd, &info) < 0) {
        close(fd);
        return cv_error_errno(err, errno, "look at", sender->end.path);
    }
    return enter(sender, fd, name, &info, err);
}

static int send_child_file(struct sender* sender, int parent, const char* name, struct cv_error* err)
{
    struct stat                      info;
    CV_CLEANUP(cv_handle_closep) int fd = openat(parent, name, OPEN_FLAGS);
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO ? changed(sender->end.path, err)
                                                : cv_error_errno(err, errno, "open", sender->end.path);
    if (fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "look at", sender->end.path);
    return S_ISREG(info.st_mode) ? send_regular(sender, fd, name, &info, err) : changed(sender->end.path, err);
}

static int send_child_link(struct sender* sender, int parent, const char* name, struct cv_error* err)
{
    struct stat info;
    if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return cv_error_errno(err, errno, "look at", sender->end.path);
    return send_link_text(sender, parent, name, name, &info, err);
}

/* What the folder says about the kind is a hint: a device that is mounted on a file is a file there, and devices are not to be opened. */
static int send_child(struct sender* sender, int parent, const struct dirent* entry, struct cv_error* err)
{
    struct stat info;
    mode_t      type      = DTTOIF(entry->d_type);
    bool        elsewhere = false;
    int         rc        = sender->mount != 0 ? is_elsewhere(sender, parent, entry->d_name, NULL, &elsewhere, err) : 0;
    if (rc < 0)
        return rc;
    if (elsewhere || (!S_ISDIR(type) && !S_ISLNK(type))) {
        if (fstatat(parent, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
            return cv_error_errno(err, errno, "look at", sender->end.path);
        type = info.st_mode & S_IFMT;
    }
    if (elsewhere)
        return S_ISDIR(type) ? send_mount_point(sender, entry->d_name, &info, err) : 0;
    if (S_ISREG(type))
        return send_child_file(sender, parent, entry->d_name, err);
    if (S_ISDIR(type))
        return send_child_folder(sender, parent, entry->d_name, err);
    if (S_ISLNK(type))
        return send_child_link(sender, parent, entry->d_name, err);
    return send_node(sender, type, entry->d_name, &info, err);
}

static int leave(struct sender* sender, struct cv_error* err)
{
    closedir(sender->levels[--sender->depth].stream);
    return say_kind(sender, COPY_LEAVE, err);
}

/* Report what happened to an entry, unless it is the copy that is broken. */
static int settle(struct sender* sender, int rc, struct cv_error* err)
{
    if (rc == 0)
        return 0;
    if (!sender->broken)
        return broken(sender, copy_end_report(&sender->end, &sender->failure, err));
    if (err != NULL)
        *err = sender->failure;
    return rc;
}

static int next_child(struct sender* sender, const struct dirent* entry, struct cv_error* err)
{
    struct level* level = &sender->levels[sender->depth - 1];
    int           rc    = copy_end_count(&sender->end, 1, 0, &sender->failure);
    if (rc < 0)
        broken(sender, rc);
    else if (!copy_end_push(&sender->end, entry->d_name))
        rc =
            cv_error_set(&sender->failure, CV_ERR_LIMIT, "a path below it is longer than %d bytes", (int)COPY_PATH_MAX);
    else
        rc = send_child(sender, dirfd(level->stream), entry, &sender->failure);
    return settle(sender, rc, err);
}

static int walk(struct sender* sender, struct cv_error* err)
{
    int rc = 0;
    while (rc == 0 && sender->depth > 0) {
        struct level*        level = &sender->levels[sender->depth - 1];
        const struct dirent* entry;
        copy_end_cut(&sender->end, level->path_length);
        errno = 0;
        entry = readdir(level->stream);
        if (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0))
            continue;
        if (entry != NULL) {
            rc = next_child(sender, entry, err);
            continue;
        }
        if (errno != 0)
            rc = settle(sender, cv_error_errno(&sender->failure, errno, "read the folder", sender->end.path), err);
        if (rc == 0)
            rc = leave(sender, err);
    }
    return rc;
}

/* --- the source itself ---------------------------------------------------------------------------------------------------------- */

static int begin(struct sender* sender, const char* name, bool folder, bool contents, struct cv_error* err)
{
    sender->frame = (struct copy_frame){ .kind = COPY_BEGIN, .name = name, .folder = folder, .contents = contents };
    return say(sender, err);
}

/* The O_PATH descriptor says what it is; the file is opened anew by its path and must be the same then. */
static int send_top_file(
    struct sender* sender, const struct copy_path* path, int nofollow, const struct stat* seen, struct cv_error* err)
{
    struct stat info;
    CV_CLEANUP(cv_handle_closep)
    int fd = copy_open_path(sender->end.job->root_fd, sender->end.job->path, (OPEN_FLAGS & ~O_NOFOLLOW) | nofollow);
    if (fd < 0)
        return cv_error_errno(err, errno, "open", sender->end.path);
    if (fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "look at", sender->end.path);
    if (!S_ISREG(info.st_mode) || info.st_dev != seen->st_dev || info.st_ino != seen->st_ino)
        return changed(sender->end.path, err);
    int rc = copy_filesystem_check(&sender->end.filesystems, fd, &info, sender->end.path, err);
    if (rc == 0)
        rc = begin(sender, path->name, false, false, err);
    return rc == 0 ? send_regular(sender, fd, path->name, &info, err) : rc;
}

static int send_top_folder(
    struct sender* sender, const struct copy_path* path, int node, const struct stat* info, struct cv_error* err)
{
    const char* name = path->contents ? "contents" : path->name; /* then the receiver has its own for it */
    int         rc   = copy_filesystem_check(&sender->end.filesystems, node, info, sender->end.path, err);
    int         fd   = rc == 0 ? openat(node, ".", FOLDER_FLAGS) : -1;
    if (rc == 0 && fd < 0)
        rc = cv_error_errno(err, errno, "open", sender->end.path);
    if (rc == 0)
        rc = begin(sender, path->contents ? "" : path->name, true, path->contents, err);
    if (rc < 0 && fd >= 0)
        close(fd);
    return rc == 0 ? enter(sender, fd, name, info, err) : rc;
}

static int send_top(struct sender* sender, const struct copy_path* path, struct cv_error* err)
{
    const struct copy_job*           job      = sender->end.job;
    int                              nofollow = job->follow || path->slash ? 0 : O_NOFOLLOW;
    struct stat                      info;
    CV_CLEANUP(cv_handle_closep) int node = copy_open_path(job->root_fd, job->path, O_PATH | nofollow);
    if (node < 0)
        return cv_error_errno(err, errno, "open", job->path);
    if (fstat(node, &info) < 0)
        return cv_error_errno(err, errno, "look at", job->path);
    bool unused;
    if (job->one_filesystem && is_elsewhere(sender, node, "", &sender->mount, &unused, err) < 0)
        return CV_ERR_SYSTEM;
    if (S_ISDIR(info.st_mode))
        return send_top_folder(sender, path, node, &info, err);
    if (S_ISREG(info.st_mode))
        return send_top_file(sender, path, nofollow, &info, err);
    if (!S_ISLNK(info.st_mode))
        return not_copied(info.st_mode, job->path, err);
    int rc = begin(sender, path->name, false, false, err);
    return rc == 0 ? send_link_text(sender, node, "", path->name, &info, err) : rc;
}

/* The end is the receiver's to say: then everything is in its place. */
static int finish(struct sender* sender, struct cv_error* err)
{
    int rc = say_kind(sender, COPY_END, err);
    if (rc == 0)
        rc = copy_stream_flush(sender->end.stream, err);
    while (rc == 0 && !sender->done)
        rc = copy_stream_handle(sender->end.stream, err);
    return rc;
}

static int send_all(struct sender* sender, struct cv_error* err)
{
    struct copy_path path;
    int              rc = copy_path_parse(sender->end.job->path, &path, err);
    if (rc == 0)
        rc = copy_end_count(&sender->end, 1, 0, err);
    if (rc == 0)
        rc = send_top(sender, &path, err);
    if (rc == 0)
        rc = walk(sender, err);
    if (rc == 0)
        rc = finish(sender, err);
    copy_path_release(&path);
    return rc;
}

int copy_send(struct copy_stream* stream, const struct copy_job* job, struct cv_error* err)
{
    struct sender* sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return cv_error_no_memory(err);
    int rc                  = copy_end_init(&sender->end, stream, job, err);
    stream->handle          = hear;
    sender->xattrs.bytes    = malloc(COPY_XATTR_BYTES);
    sender->xattrs.capacity = COPY_XATTR_BYTES;
    if (rc == 0 && sender->xattrs.bytes == NULL)
        rc = cv_error_no_memory(err);
    if (rc == 0)
        rc = send_all(sender, err);
    while (sender->depth > 0)
        closedir(sender->levels[--sender->depth].stream);
    copy_links_release(&sender->links);
    free(sender->xattrs.bytes);
    copy_end_release(&sender->end);
    free(sender);
    return rc;
}
