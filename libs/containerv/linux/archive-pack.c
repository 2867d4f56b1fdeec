/* What the container's end sends, as a tar archive with pax headers. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/archive.h"
#include "linux/copy-links.h"

#include <cv/banned.h>

enum { CHUNK_BYTES = 64 << 10, BLOCK_BYTES = 64 << 10, LAST_BLOCK_BYTES = 10 << 10, HOLES_MAX = 4096 };

struct pack {
    struct copy_end         end;
    struct archive*         archive;
    struct archive_entry*   entry;
    struct copy_link_places links;
    size_t                  lengths[COPY_DEPTH_MAX]; /* of the path around each folder */
    size_t                  depth;
    char                    top[COPY_NAME_MAX + 1];
    bool                    begun, complete, done;
    int                     archive_fd;
    uint8_t                 chunk[CHUNK_BYTES];
    struct copy_frame       frame;
};

/* --- the archive ------------------------------------------------------------------------------------------------------------------ */

static la_ssize_t put_out(struct archive* archive, void* context, const void* bytes, size_t length)
{
    const struct pack* pack = context;
    for (;;) {
        ssize_t       done  = write(pack->archive_fd, bytes, length);
        struct pollfd entry = { .fd = pack->archive_fd, .events = POLLOUT };
        if (done >= 0)
            return done;
        if (errno == EAGAIN)
            poll(&entry, 1, -1);
        else if (errno != EINTR) {
            archive_set_error(archive, errno, "%s", "can't be written");
            return -1;
        }
    }
}

static int broken(struct pack* pack, struct cv_error* err)
{
    int number = archive_errno(pack->archive);
    if (number > 0)
        return cv_error_errno(err, number, "write the archive", NULL);
    return cv_error_set(err, CV_ERR_SYSTEM, "write the archive: %s", archive_error_string(pack->archive));
}

static int start(struct pack* pack, struct cv_error* err)
{
    pack->archive = archive_write_new();
    pack->entry   = archive_entry_new();
    if (pack->archive == NULL || pack->entry == NULL)
        return cv_error_no_memory(err);
    if (archive_write_set_format_pax(pack->archive) != ARCHIVE_OK
        || archive_write_set_options(pack->archive, "xattrheader=SCHILY") != ARCHIVE_OK
        || archive_write_set_bytes_per_block(pack->archive, BLOCK_BYTES) != ARCHIVE_OK
        || archive_write_set_bytes_in_last_block(pack->archive, LAST_BLOCK_BYTES) != ARCHIVE_OK
        || archive_write_open(pack->archive, pack, NULL, put_out, NULL) != ARCHIVE_OK)
        return broken(pack, err);
    return 0;
}

/* --- entries ---------------------------------------------------------------------------------------------------------------------- */

static int push(struct pack* pack, struct cv_error* err)
{
    const char* name = pack->depth > 0 ? pack->frame.name : pack->top;
    return copy_end_push(&pack->end, name)
               ? 0
               : cv_error_set(err, CV_ERR_LIMIT, "a path is longer than %d bytes", (int)COPY_PATH_MAX);
}

static void describe(struct pack* pack, unsigned type)
{
    const struct copy_meta* meta   = &pack->frame.meta;
    const uint8_t*          rest   = pack->frame.xattrs;
    size_t                  length = pack->frame.xattrs_length;
    struct copy_xattr       xattr;
    archive_entry_clear(pack->entry);
    archive_entry_set_pathname(pack->entry, pack->end.path);
    archive_entry_set_mode(pack->entry, type | meta->mode);
    archive_entry_set_uid(pack->entry, meta->uid);
    archive_entry_set_gid(pack->entry, meta->gid);
    archive_entry_set_mtime(pack->entry, meta->mtime_s, (long)meta->mtime_ns);
    archive_entry_set_size(pack->entry, 0);
    while (copy_xattr_next(&rest, &length, &xattr))
        archive_entry_xattr_add_entry(pack->entry, xattr.name, xattr.value, xattr.length);
}

/* What the archive can't keep of an entry is told, and the entry goes in all the same; < 0: it did not, with a warning that is no end. */
static int put_header(struct pack* pack, bool* in_out, struct cv_error* err)
{
    struct cv_error failure = CV_ERROR_INIT;
    int             got     = archive_write_header(pack->archive, pack->entry);
    *in_out                 = got == ARCHIVE_OK || got == ARCHIVE_WARN;
    if (got == ARCHIVE_OK)
        return 0;
    if (got == ARCHIVE_FATAL)
        return broken(pack, err);
    cv_error_set(&failure, CV_ERR_SYSTEM, "'%s': %s", pack->end.path, archive_error_string(pack->archive));
    return copy_end_report(&pack->end, &failure, err);
}

static int put_bytes(struct pack* pack, const void* bytes, size_t length, struct cv_error* err)
{
    while (length > 0) {
        la_ssize_t done = archive_write_data(pack->archive, bytes, length);
        if (done <= 0)
            return broken(pack, err);
        bytes = (const uint8_t*)bytes + done;
        length -= (size_t)done;
    }
    return 0;
}

/* A file with more holes than that is written out in full. */
static void note_holes(struct pack* pack, int fd)
{
    off_t size = (off_t)pack->frame.size, at = 0;
    int   count = 0;
    bool  any   = false;
    while (at < size && count < HOLES_MAX) {
        off_t begin = lseek(fd, at, SEEK_DATA);
        begin       = begin < 0 ? (errno == ENXIO ? size : at) : begin < size ? begin : size;
        off_t end   = begin < size ? lseek(fd, begin, SEEK_HOLE) : size;
        end         = end < 0 || end > size ? size : end;
        any         = any || begin > at || end < size;
        if (begin < size && end > begin)
            archive_entry_sparse_add_entry(pack->entry, begin, end - begin);
        if (end <= at)
            break;
        at = end;
        count++;
    }
    if (!any || at < size || archive_entry_sparse_count(pack->entry) == 0)
        archive_entry_sparse_clear(pack->entry);
}

/* Of a hole zeros are read, which the archive leaves out where it knows of it. */
static int put_content(struct pack* pack, int fd, struct cv_error* err)
{
    uint64_t at = 0;
    int      rc = 0;
    while (rc == 0 && at < pack->frame.size) {
        uint64_t left = pack->frame.size - at;
        ssize_t  got  = pread(fd, pack->chunk, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) { /* the rest is zeros, since the size has been written */
            struct cv_error failure = CV_ERROR_INIT;
            if (got < 0)
                cv_error_errno(&failure, errno, "read", pack->end.path);
            else
                cv_error_set(&failure, CV_ERR_STATE, "'%s' got shorter while it was copied", pack->end.path);
            return copy_end_report(&pack->end, &failure, err);
        }
        at += (uint64_t)got;
        rc = put_bytes(pack, pack->chunk, (size_t)got, err);
        if (rc == 0)
            rc = copy_end_count(&pack->end, 0, (uint64_t)got, err);
    }
    return rc;
}

static int check_source(struct pack* pack, int fd, struct cv_error* err)
{
    struct stat             info;
    struct copy_filesystems filesystems = { .allow_fuse = false };
    int                     flags       = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return cv_error_set(err, CV_ERR_PROTOCOL, "what came for '%s' is no regular file", pack->end.path);
    return copy_filesystem_check(&filesystems, fd, &info, pack->end.path, err);
}

static int put_passed(struct pack* pack, int fd, struct cv_error* err)
{
    struct cv_error failure = CV_ERROR_INIT;
    bool            in      = false;
    if (check_source(pack, fd, &failure) < 0)
        return copy_end_report(&pack->end, &failure, err);
    note_holes(pack, fd);
    int rc = put_header(pack, &in, err);
    return rc == 0 && in ? put_content(pack, fd, err) : rc;
}

static int acknowledge(struct pack* pack, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_ACK, .finished = true };
    int               rc    = copy_stream_put(pack->end.stream, &frame, err);
    return rc == 0 ? copy_stream_flush(pack->end.stream, err) : rc;
}

static int put_file(struct pack* pack, struct cv_error* err)
{
    bool in = false;
    int  rc = 0;
    if (pack->frame.streamed)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy sends what only an archive does");
    describe(pack, S_IFREG);
    archive_entry_set_size(pack->entry, (la_int64_t)pack->frame.size);
    if (pack->frame.link != 0)
        rc = copy_links_put(&pack->links, pack->frame.link, pack->end.path, 0, 0, err);
    if (rc == 0 && pack->frame.passed) {
        CV_CLEANUP(cv_handle_closep) int fd = copy_stream_take_fd(pack->end.stream);
        if (fd < 0)
            return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy announced a descriptor and sent none");
        rc = put_passed(pack, fd, err);
        return rc == 0 ? acknowledge(pack, err) : rc;
    }
    if (rc == 0)
        rc = put_header(pack, &in, err);
    if (rc == 0 && in)
        rc = put_bytes(pack, pack->frame.data, (size_t)pack->frame.size, err);
    return rc == 0 ? copy_end_count(&pack->end, 0, pack->frame.size, err) : rc;
}

static int put_link(struct pack* pack, struct cv_error* err)
{
    const struct copy_link_place* place   = copy_links_get(&pack->links, pack->frame.link);
    struct cv_error               failure = CV_ERROR_INIT;
    bool                          in;
    if (place == NULL) {
        cv_error_set(
            &failure, CV_ERR_NOT_FOUND, "the file that '%s' is a further name of was not copied", pack->end.path);
        return copy_end_report(&pack->end, &failure, err);
    }
    describe(pack, S_IFREG);
    archive_entry_set_hardlink(pack->entry, place->path);
    return put_header(pack, &in, err);
}

static int put_other(struct pack* pack, struct cv_error* err)
{
    bool in;
    if (pack->frame.kind == COPY_LINK)
        return put_link(pack, err);
    if (pack->frame.kind == COPY_SYMLINK) {
        describe(pack, S_IFLNK);
        archive_entry_set_symlink(pack->entry, pack->frame.target);
    } else {
        describe(pack, pack->frame.type);
        archive_entry_set_rdev(pack->entry, makedev(pack->frame.major, pack->frame.minor));
    }
    return put_header(pack, &in, err);
}

static int put_folder(struct pack* pack, size_t around, struct cv_error* err)
{
    bool in;
    if (pack->depth >= COPY_DEPTH_MAX)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy goes too deep");
    describe(pack, S_IFDIR);
    pack->lengths[pack->depth++] = around;
    return put_header(pack, &in, err);
}

static int put_entry(struct pack* pack, struct cv_error* err)
{
    size_t around = pack->end.path_length;
    if (!pack->begun || pack->complete)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy sends what belongs nowhere");
    int rc = copy_end_count(&pack->end, 1, 0, err);
    if (rc == 0)
        rc = push(pack, err);
    if (rc == 0 && pack->frame.kind == COPY_ENTER)
        return put_folder(pack, around, err);
    if (rc == 0)
        rc = pack->frame.kind == COPY_FILE ? put_file(pack, err) : put_other(pack, err);
    copy_end_cut(&pack->end, around);
    pack->complete = pack->depth == 0;
    return rc;
}

/* --- the stream ------------------------------------------------------------------------------------------------------------------- */

static int begin(struct pack* pack, struct cv_error* err)
{
    if (pack->begun)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy begins twice");
    pack->begun = true;
    memcpy(pack->top, pack->frame.contents ? "." : pack->frame.name,
        strlen(pack->frame.contents ? "." : pack->frame.name) + 1);
    return 0;
}

static int leave(struct pack* pack, struct cv_error* err)
{
    if (pack->depth == 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy leaves a folder that it is not in");
    copy_end_cut(&pack->end, pack->lengths[--pack->depth]);
    pack->complete = pack->depth == 0;
    return 0;
}

static int finish(struct pack* pack, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_DONE };
    if (!pack->complete)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the other end of the copy ends in the middle");
    if (archive_write_close(pack->archive) != ARCHIVE_OK)
        return broken(pack, err);
    pack->done = true;
    int rc     = copy_stream_put(pack->end.stream, &frame, err);
    return rc == 0 ? copy_stream_flush(pack->end.stream, err) : rc;
}

static int next(struct pack* pack, struct cv_error* err)
{
    int rc = copy_stream_get(pack->end.stream, &pack->frame, err);
    if (rc < 0)
        return rc;
    switch (pack->frame.kind) {
    case COPY_BEGIN:
        return begin(pack, err);
    case COPY_LEAVE:
        return leave(pack, err);
    case COPY_END:
        return finish(pack, err);
    case COPY_ENTER:
    case COPY_FILE:
    case COPY_SYMLINK:
    case COPY_LINK:
    case COPY_NODE:
        return put_entry(pack, err);
    default:
        return copy_end_other(&pack->end, &pack->frame, err);
    }
}

/* A half archive is not closed: it has no end that would make it look whole. */
static void release(struct pack* pack)
{
    if (pack->archive != NULL && !pack->done)
        archive_write_fail(pack->archive);
    archive_write_free(pack->archive);
    archive_entry_free(pack->entry);
    copy_links_forget(&pack->links);
    copy_end_release(&pack->end);
    free(pack);
}

int archive_pack(struct copy_stream* stream, const struct copy_job* job, int archive_fd, struct cv_error* err)
{
    struct pack* pack = calloc(1, sizeof(*pack));
    if (pack == NULL)
        return cv_error_no_memory(err);
    pack->archive_fd = archive_fd;
    int rc           = copy_end_init(&pack->end, stream, job, err);
    stream->handle   = NULL;
    if (rc == 0)
        rc = start(pack, err);
    while (rc == 0 && !pack->done)
        rc = next(pack, err);
    release(pack);
    return rc;
}
