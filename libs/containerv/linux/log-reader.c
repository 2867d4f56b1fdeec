/* Readers of a log. One follows the files by their names; a file that was dropped while it is open is read to its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/log-file.h"
#include "linux/notice.h"

#include <cv/banned.h>

struct linux_log_reader {
    int                     home_fd, folder_fd;
    struct linux_notice     notice;
    struct linux_log_window window;
    uint64_t                name;   /* of the open file */
    uint64_t                cursor; /* where the next record is looked for */
    uint64_t expected; /* what would follow what was told; the cursor is beyond it when files were dropped */
    uint32_t skip;     /* bytes of the next record that are not told */
    bool     gone;     /* the open file is not the log's any more */
};

/* --- files --- */

static int open_folder(struct linux_log_reader* reader, struct cv_error* err)
{
    int rc;
    if (reader->folder_fd >= 0)
        return 0;
    rc = linux_log_folder(reader->home_fd, &reader->folder_fd, err);
    if (rc == 0 && reader->folder_fd >= 0)
        (void)flock(reader->folder_fd, LOCK_SH | LOCK_NB); /* who deletes it waits for us, unless he is at it already */
    return rc == 0 && reader->folder_fd >= 0
               ? linux_notice_watch(&reader->notice, reader->folder_fd, IN_MODIFY | IN_CREATE, err)
               : rc;
}

/* 0: it is open. 1: it is not there. */
static int open_file(struct linux_log_reader* reader, uint64_t name, struct cv_error* err)
{
    int fd = CV_HANDLE_NONE;
    int rc = linux_log_open(reader->folder_fd, name, O_RDONLY, &fd, err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? 1 : rc;
    linux_log_window_open(&reader->window, fd);
    reader->name = name;
    reader->gone = false;
    if (reader->cursor < name) {
        reader->cursor = name;
        reader->skip   = 0;
    }
    return 0;
}

/* The first file that is there at or after the cursor. One that is dropped meanwhile is followed by another. */
static int open_next(struct linux_log_reader* reader, struct cv_error* err)
{
    struct linux_log_span span;
    int                   rc;
    do {
        rc = linux_log_span(reader->folder_fd, reader->cursor, UINT64_MAX, &span, err);
        if (rc < 0 || !span.any)
            return rc < 0 ? rc : 1;
        rc = open_file(reader, span.first, err);
    } while (rc == 1);
    return rc;
}

static bool is_dropped(const struct linux_log_reader* reader)
{
    struct stat file;
    return fstat(reader->window.fd, &file) == 0 && file.st_nlink == 0;
}

/* There is no record at the cursor. 0: look there again, or at where it is now. 1: there is none now. */
static int advance(struct linux_log_reader* reader, bool damaged, struct cv_error* err)
{
    int rc = open_folder(reader, err);
    if (rc < 0 || reader->folder_fd < 0)
        return rc < 0 ? rc : 1;
    if (reader->window.fd < 0 || reader->gone || damaged) {
        if (damaged)
            reader->cursor++;
        rc = open_next(reader, err);
        if (damaged && rc != 0)
            reader->cursor--;
        return rc;
    }
    if (is_dropped(reader)) {
        reader->gone = true; /* what was written before that is looked at first */
        return 0;
    }
    return reader->cursor == reader->name ? 1 : open_file(reader, reader->cursor, err);
}

/* --- records --- */

static void tell(struct linux_log_reader* reader, const struct linux_log_header* header, const uint8_t* data,
    struct linux_log_record* record_out)
{
    uint32_t skip = reader->skip < header->length ? reader->skip : 0;
    uint64_t at   = reader->cursor + (skip == 0 ? 0 : LINUX_LOG_HEADER + (uint64_t)skip);

    *record_out               = (struct linux_log_record){ .header = *header, .offset = at, .data = data + skip };
    record_out->header.length = header->length - skip;
    record_out->dropped       = at - reader->expected;
    reader->cursor += linux_log_record_size(header);
    reader->expected = reader->cursor;
    reader->skip     = 0;
}

static int look(struct linux_log_reader* reader, struct linux_log_record* record_out, struct cv_error* err)
{
    struct linux_log_header header;
    const uint8_t*          data = NULL;
    int                     rc   = 0;

    while (rc == 0) {
        int found = LINUX_LOG_NONE;
        if (reader->window.fd >= 0)
            found = linux_log_record_at(&reader->window, reader->cursor - reader->name, &header, &data, err);
        if (found < 0)
            return found;
        if (found == LINUX_LOG_RECORD) {
            tell(reader, &header, data, record_out);
            return 0;
        }
        rc = advance(reader, found == LINUX_LOG_DAMAGED, err);
    }
    return rc;
}

int linux_log_read(struct linux_log_reader* reader, struct linux_log_record* record_out, struct cv_error* err)
{
    int rc = look(reader, record_out, err);
    if (rc == 1) {
        linux_notice_take(&reader->notice); /* what comes from here on is told by the handle */
        rc = look(reader, record_out, err);
    }
    return rc < 0 ? cv_error_wrap(err, "read the log") : rc;
}

int linux_log_reader_handle(const struct linux_log_reader* reader)
{
    return reader->notice.fd;
}

/* --- where to start --- */

static int no_record(uint64_t offset, struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_INVALID, "no record of the log begins at %llu", (unsigned long long)offset);
}

/* Walk from the file's first record to the one that `offset` is in. */
static int find_record(struct linux_log_reader* reader, uint64_t offset, struct cv_error* err)
{
    struct linux_log_header header;
    struct stat             file;
    uint64_t                at = reader->name;
    int                     found;

    if (fstat(reader->window.fd, &file) < 0)
        return cv_error_errno(err, errno, "look at the log's file", NULL);
    while (at < offset) {
        found = linux_log_header_at(&reader->window, at - reader->name, (uint64_t)file.st_size, &header, err);
        if (found != LINUX_LOG_RECORD)
            return found < 0 ? found : no_record(offset, err);
        if (offset - at < linux_log_record_size(&header)) {
            if (offset - at <= LINUX_LOG_HEADER)
                return no_record(offset, err);
            reader->skip = (uint32_t)(offset - at - LINUX_LOG_HEADER);
            break;
        }
        at += linux_log_record_size(&header);
    }
    reader->cursor = at;
    return 0;
}

static int find(struct linux_log_reader* reader, uint64_t offset, struct cv_error* err)
{
    struct linux_log_span span;
    int                   rc = open_folder(reader, err);

    if (rc < 0 || reader->folder_fd < 0)
        return rc < 0 || offset == 0 ? rc : no_record(offset, err);
    reader->cursor = reader->expected = offset;
    rc                                = linux_log_span(reader->folder_fd, 0, offset, &span, err);
    if (rc == 0 && span.any)
        rc = open_file(reader, span.last, err);
    if (rc == 0 && span.any)
        return find_record(reader, offset, err);
    if (rc >= 0)
        rc = open_next(reader, err); /* what was there has been dropped */
    return rc == 1 && offset > 0 ? no_record(offset, err) : rc < 0 ? rc : 0;
}

int linux_log_reader_open(int home_fd, uint64_t offset, struct linux_log_reader** reader_out, struct cv_error* err)
{
    struct linux_log_reader* reader = calloc(1, sizeof(*reader));
    int                      rc     = 0;

    if (reader == NULL)
        return cv_error_no_memory(err);
    reader->window.fd = reader->folder_fd = CV_HANDLE_NONE;
    reader->notice                        = (struct linux_notice)LINUX_NOTICE_INIT;
    reader->home_fd                       = fcntl(home_fd, F_DUPFD_CLOEXEC, 3);
    if (reader->home_fd < 0)
        rc = cv_error_errno(err, errno, "duplicate a descriptor", NULL);
    if (rc == 0)
        rc = linux_notice_open(
            &reader->notice, reader->home_fd, IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF, err);
    if (rc == 0)
        rc = find(reader, offset, err);
    if (rc < 0) {
        linux_log_reader_close(reader);
        return cv_error_wrap(err, "open the log");
    }
    *reader_out = reader;
    return 0;
}

void linux_log_reader_close(struct linux_log_reader* reader)
{
    if (reader == NULL)
        return;
    linux_log_window_release(&reader->window);
    linux_notice_close(&reader->notice);
    cv_handle_closep(&reader->folder_fd);
    cv_handle_closep(&reader->home_fd);
    free(reader);
}
