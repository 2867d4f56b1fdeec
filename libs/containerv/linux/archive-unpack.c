/*
 * A tar archive as what a sender would say: a tree, folder by folder. The archive is a stranger's word. What is made of it is up to the
 * container's end with all its checks: it opens one component at a time, and follows no symbolic link.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cv/clock.h>

#include "linux/archive-name.h"
#include "linux/archive.h"

#include <cv/banned.h>

enum { CHUNK_BYTES = 64 << 10, NANOSECONDS = 1000000000, FOLDER_MODE = 0755 };

struct unpack {
    struct copy_end       end; /* its path is the folder that is entered, below the top */
    struct archive*       archive;
    struct archive_entry* entry; /* the archive's */
    size_t                lengths[COPY_DEPTH_MAX];
    size_t                depth;
    int                   archive_fd;
    bool                  done, broken;
    char                  name[COPY_PATH_MAX + 1], target[COPY_PATH_MAX + 1];
    uint8_t               chunk[CHUNK_BYTES];
    uint8_t               xattrs[COPY_XATTR_BYTES];
    struct copy_frame     frame;
};

/* --- the other end ---------------------------------------------------------------------------------------------------------------- */

static int hear(void* context, const struct copy_frame* frame, struct cv_error* err)
{
    struct copy_end* end    = context;
    struct unpack*   unpack = (struct unpack*)end; /* its first member */
    if (frame->kind != COPY_DONE)
        return copy_end_other(end, frame, err);
    unpack->done = true;
    return 0;
}

static int say(struct unpack* unpack, struct cv_error* err)
{
    int rc         = copy_stream_put(unpack->end.stream, &unpack->frame, err);
    unpack->broken = unpack->broken || rc < 0;
    return rc;
}

static int say_kind(struct unpack* unpack, enum copy_kind kind, struct cv_error* err)
{
    unpack->frame = (struct copy_frame){ .kind = kind };
    return say(unpack, err);
}

/* --- the archive ------------------------------------------------------------------------------------------------------------------ */

static la_ssize_t take_in(struct archive* archive, void* context, const void** bytes_out)
{
    struct unpack* unpack = context;
    *bytes_out            = unpack->chunk;
    for (;;) {
        ssize_t       got   = read(unpack->archive_fd, unpack->chunk, CHUNK_BYTES);
        struct pollfd entry = { .fd = unpack->archive_fd, .events = POLLIN };
        if (got >= 0)
            return got;
        if (errno == EAGAIN)
            poll(&entry, 1, -1);
        else if (errno != EINTR) {
            archive_set_error(archive, errno, "%s", "can't be read");
            return -1;
        }
    }
}

static int broken(struct unpack* unpack, struct cv_error* err)
{
    unpack->broken = true;
    cv_error_set(err, CV_ERR_INVALID, "the archive can't be read: %s", archive_error_string(unpack->archive));
    cv_error_step(err, "read the archive");
    return cv_error_hint(
        err, "a tar archive is needed, complete and not compressed: 'zcat FILE | cvctl cp - CONTAINER:PATH'");
}

static int start(struct unpack* unpack, struct cv_error* err)
{
    unpack->archive = archive_read_new();
    if (unpack->archive == NULL)
        return cv_error_no_memory(err);
    if (archive_read_support_format_tar(unpack->archive) != ARCHIVE_OK
        || archive_read_open(unpack->archive, unpack, NULL, take_in, NULL) != ARCHIVE_OK)
        return broken(unpack, err);
    return 0;
}

/* --- folders ---------------------------------------------------------------------------------------------------------------------- */

static int leave(struct unpack* unpack, struct cv_error* err)
{
    copy_end_cut(&unpack->end, unpack->lengths[--unpack->depth]);
    return say_kind(unpack, COPY_LEAVE, err);
}

/* Whether the folder that is entered is `length` bytes of `name`, or around that. */
static bool is_around(const struct unpack* unpack, const char* name, size_t length)
{
    size_t own = unpack->end.path_length;
    return own == 0
           || (own <= length && memcmp(name, unpack->end.path, own) == 0 && (own == length || name[own] == '/'));
}

/* unpack->frame has what it is like. */
static int enter(struct unpack* unpack, const char* name, size_t length, struct cv_error* err)
{
    char component[COPY_NAME_MAX + 1];
    memcpy(component, name, length);
    component[length]              = '\0';
    unpack->lengths[unpack->depth] = unpack->end.path_length;
    unpack->depth++;
    copy_end_push(&unpack->end, component);
    unpack->frame.kind = COPY_ENTER;
    unpack->frame.name = component;
    int rc             = copy_end_count(&unpack->end, 1, 0, err);
    return rc == 0 ? say(unpack, err) : rc;
}

/* A folder that the archive has things in, but does not have itself. */
static void describe_default(struct unpack* unpack)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unpack->frame = (struct copy_frame){ .meta = { .mode = FOLDER_MODE,
                                             .atime_s    = now.tv_sec,
                                             .mtime_s    = now.tv_sec,
                                             .atime_ns   = (uint32_t)now.tv_nsec,
                                             .mtime_ns   = (uint32_t)now.tv_nsec } };
}

/* Be in the folder that is the first `length` bytes of the name. */
static int go_to(struct unpack* unpack, const char* name, size_t length, struct cv_error* err)
{
    int rc = 0;
    while (rc == 0 && !is_around(unpack, name, length))
        rc = leave(unpack, err);
    while (rc == 0 && unpack->end.path_length < length) {
        const char* at  = name + unpack->end.path_length + (unpack->end.path_length > 0 ? 1 : 0);
        size_t      own = strcspn(at, "/");
        describe_default(unpack);
        rc = enter(unpack, at, own < length - (size_t)(at - name) ? own : length - (size_t)(at - name), err);
    }
    unpack->broken = unpack->broken || rc < 0;
    return rc;
}

/* --- entries ---------------------------------------------------------------------------------------------------------------------- */

static int refuse(struct unpack* unpack, int code, const char* why, struct cv_error* err)
{
    cv_error_set(err, code, "'%s' %s", unpack->name, why);
    return cv_error_object(err, "%s", unpack->name);
}

static int put_xattrs(struct unpack* unpack, struct cv_error* err)
{
    struct copy_buffer buffer = { .bytes = unpack->xattrs, .capacity = sizeof(unpack->xattrs) };
    struct copy_xattr  xattr;
    const void*        value;
    size_t             count = 0;
    archive_entry_xattr_reset(unpack->entry);
    while (archive_entry_xattr_next(unpack->entry, &xattr.name, &value, &xattr.length) == ARCHIVE_OK) {
        xattr.value = value;
        if (!copy_xattr_is_carried(xattr.name))
            continue;
        copy_xattr_put(&buffer, &xattr);
        if (buffer.full || ++count > COPY_XATTRS_MAX)
            return refuse(unpack, CV_ERR_LIMIT, "has too many or too large extended attributes", err);
    }
    unpack->frame.xattrs        = buffer.length > 0 ? buffer.bytes : NULL;
    unpack->frame.xattrs_length = buffer.length;
    return 0;
}

static uint32_t nanoseconds(long value)
{
    return value >= 0 && value < NANOSECONDS ? (uint32_t)value : 0;
}

static int describe(struct unpack* unpack, enum copy_kind kind, struct cv_error* err)
{
    struct archive_entry* entry = unpack->entry;
    const char*           slash = strrchr(unpack->name, '/');
    la_int64_t            uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
    bool                  read = archive_entry_atime_is_set(entry) != 0;
    if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
        return refuse(unpack, CV_ERR_INVALID, "belongs to no id that there is", err);
    unpack->frame               = (struct copy_frame){ .kind = kind, .name = slash != NULL ? slash + 1 : unpack->name };
    unpack->frame.meta.mode     = archive_entry_mode(entry) & 07777;
    unpack->frame.meta.uid      = (uint32_t)uid;
    unpack->frame.meta.gid      = (uint32_t)gid;
    unpack->frame.meta.mtime_s  = archive_entry_mtime(entry);
    unpack->frame.meta.mtime_ns = nanoseconds(archive_entry_mtime_nsec(entry));
    unpack->frame.meta.atime_s  = read ? archive_entry_atime(entry) : unpack->frame.meta.mtime_s;
    unpack->frame.meta.atime_ns = read ? nanoseconds(archive_entry_atime_nsec(entry)) : unpack->frame.meta.mtime_ns;
    return put_xattrs(unpack, err);
}

static int put_data(struct unpack* unpack, uint64_t hole, const void* bytes, size_t length, struct cv_error* err)
{
    unpack->frame = (struct copy_frame){ .kind = COPY_DATA, .hole = hole, .data = bytes, .size = length };
    int rc        = say(unpack, err);
    if (rc == 0) {
        rc             = copy_end_count(&unpack->end, 0, length, err);
        unpack->broken = unpack->broken || rc < 0;
    }
    return rc;
}

static int put_block(struct unpack* unpack, uint64_t hole, const uint8_t* bytes, size_t length, struct cv_error* err)
{
    int rc = 0;
    while (rc == 0 && length > 0) {
        size_t part = length < COPY_INLINE_MAX ? length : COPY_INLINE_MAX;
        rc          = put_data(unpack, hole, bytes, part, err);
        hole        = 0;
        bytes += part;
        length -= part;
    }
    return rc;
}

/* Once it has been announced, a content that is not there ends the copy. */
static int put_content(struct unpack* unpack, uint64_t size, struct cv_error* err)
{
    uint64_t at = 0;
    int      rc = 0;
    while (rc == 0) {
        const void* bytes;
        size_t      length;
        la_int64_t  offset;
        int         got = archive_read_data_block(unpack->archive, &bytes, &length, &offset);
        if (got == ARCHIVE_EOF)
            break;
        if (got != ARCHIVE_OK || offset < 0 || (uint64_t)offset < at || (uint64_t)offset > size
            || length > size - (uint64_t)offset)
            return broken(unpack, err);
        rc = put_block(unpack, (uint64_t)offset - at, bytes, length, err);
        at = length > 0 ? (uint64_t)offset + length : at;
    }
    return rc == 0 && at < size ? put_data(unpack, size - at, NULL, 0, err) : rc;
}

static int put_file(struct unpack* unpack, struct cv_error* err)
{
    la_int64_t size = archive_entry_size(unpack->entry);
    if (size < 0)
        return refuse(unpack, CV_ERR_INVALID, "has no size", err);
    unpack->frame.size     = (uint64_t)size;
    unpack->frame.streamed = size > 0;
    unpack->frame.data     = unpack->chunk;
    int rc                 = say(unpack, err);
    return rc == 0 && size > 0 ? put_content(unpack, (uint64_t)size, err) : rc;
}

static int put_link(struct unpack* unpack, const char* text, struct cv_error* err)
{
    const char* slash = strrchr(unpack->name, '/');
    int         rc    = archive_name_clean(text, unpack->target, err);
    if (rc < 0)
        return cv_error_wrap(err, "'%.200s'", unpack->name);
    unpack->frame = (struct copy_frame){ .kind = COPY_LINK, .name = slash != NULL ? slash + 1 : unpack->name };
    if (unpack->target[0] == '\0')
        return refuse(unpack, CV_ERR_INVALID, "is a further name of a folder", err);
    unpack->frame.target = unpack->target;
    return say(unpack, err);
}

static int put_symlink(struct unpack* unpack, struct cv_error* err)
{
    const char* target = archive_entry_symlink(unpack->entry);
    if (target == NULL || target[0] == '\0' || strlen(target) > COPY_TARGET_MAX)
        return refuse(unpack, CV_ERR_INVALID, "is a symbolic link to nothing, or to what is too long", err);
    unpack->frame.target = target;
    return say(unpack, err);
}

static int put_folder(struct unpack* unpack, size_t around, struct cv_error* err)
{
    const char* name = unpack->name + around + (around > 0 ? 1 : 0);
    int         rc   = describe(unpack, COPY_ENTER, err);
    if (rc < 0)
        return rc;
    rc             = enter(unpack, name, strlen(name), err);
    unpack->broken = unpack->broken || rc < 0;
    return rc;
}

static int put_known(struct unpack* unpack, size_t around, struct cv_error* err)
{
    const char* hardlink = archive_entry_hardlink(unpack->entry);
    unsigned    type     = archive_entry_filetype(unpack->entry);
    if (hardlink != NULL)
        return put_link(unpack, hardlink, err);
    if (type == AE_IFDIR)
        return put_folder(unpack, around, err);
    if (type != AE_IFREG && type != AE_IFLNK)
        return refuse(unpack, CV_ERR_UNSUPPORTED, "is a device, a FIFO or unknown: not unpacked", err);
    int rc = describe(unpack, type == AE_IFREG ? COPY_FILE : COPY_SYMLINK, err);
    if (rc < 0)
        return rc;
    return type == AE_IFREG ? put_file(unpack, err) : put_symlink(unpack, err);
}

static int put_entry(struct unpack* unpack, struct cv_error* err)
{
    const char* text = archive_entry_pathname(unpack->entry);
    if (text == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "a name in the archive can't be read");
    int rc = archive_name_clean(text, unpack->name, err);
    if (rc < 0 || unpack->name[0] == '\0') /* the top itself: the folder that it goes into stays as it is */
        return rc;
    const char* slash  = strrchr(unpack->name, '/');
    size_t      around = slash != NULL ? (size_t)(slash - unpack->name) : 0;
    rc                 = go_to(unpack, unpack->name, around, err);
    if (rc == 0 && archive_entry_filetype(unpack->entry) != AE_IFDIR) {
        rc             = copy_end_count(&unpack->end, 1, 0, err);
        unpack->broken = unpack->broken || rc < 0;
    }
    return rc == 0 ? put_known(unpack, around, err) : rc;
}

static int report(struct unpack* unpack, const struct cv_error* failure, struct cv_error* err)
{
    size_t length = unpack->end.path_length;
    if (unpack->broken) {
        *err = *failure;
        return failure->code;
    }
    return unpack->end.job->failed(unpack->end.job->context,
               failure->object[0] != '\0' ? failure->object : unpack->end.path, failure,
               err) < 0
               ? err->code
               : (copy_end_cut(&unpack->end, length), 0);
}

static int next(struct unpack* unpack, bool* more_out, struct cv_error* err)
{
    struct cv_error failure = CV_ERROR_INIT;
    int             got     = archive_read_next_header(unpack->archive, &unpack->entry);
    *more_out               = got != ARCHIVE_EOF;
    if (got == ARCHIVE_EOF)
        return 0;
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
        return broken(unpack, err);
    return put_entry(unpack, &failure) < 0 ? report(unpack, &failure, err) : 0;
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------- */

static int begin(struct unpack* unpack, struct cv_error* err)
{
    unpack->frame = (struct copy_frame){ .kind = COPY_BEGIN, .name = "", .folder = true, .contents = true };
    int rc        = say(unpack, err);
    describe_default(unpack);
    unpack->frame.kind = COPY_ENTER;
    unpack->frame.name = "contents";
    return rc == 0 ? say(unpack, err) : rc;
}

static int finish(struct unpack* unpack, struct cv_error* err)
{
    int rc = 0;
    while (rc == 0 && unpack->depth > 0)
        rc = leave(unpack, err);
    if (rc == 0)
        rc = say_kind(unpack, COPY_LEAVE, err);
    if (rc == 0)
        rc = say_kind(unpack, COPY_END, err);
    if (rc == 0)
        rc = copy_stream_flush(unpack->end.stream, err);
    while (rc == 0 && !unpack->done)
        rc = copy_stream_handle(unpack->end.stream, err);
    return rc;
}

static int run(struct unpack* unpack, struct cv_error* err)
{
    bool more = true;
    int  rc   = start(unpack, err);
    if (rc == 0)
        rc = begin(unpack, err);
    while (rc == 0 && more)
        rc = next(unpack, &more, err);
    return rc == 0 ? finish(unpack, err) : rc;
}

int archive_unpack(struct copy_stream* stream, const struct copy_job* job, int archive_fd, struct cv_error* err)
{
    struct unpack* unpack = calloc(1, sizeof(*unpack));
    if (unpack == NULL)
        return cv_error_no_memory(err);
    unpack->archive_fd = archive_fd;
    int rc             = copy_end_init(&unpack->end, stream, job, err);
    stream->handle     = hear;
    if (rc == 0)
        rc = run(unpack, err);
    archive_read_free(unpack->archive);
    copy_end_release(&unpack->end);
    free(unpack);
    return rc;
}
