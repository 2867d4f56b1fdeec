#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>

#include "linux/journal.h"
#include "linux/notice.h"

#include <cv/banned.h>

enum { BUFFER_BYTES = 4 * JOURNAL_MAX_LINE };

struct journal_reader {
    int                 dir_fd, fd;
    struct linux_notice notice;
    int64_t             since_ns;
    off_t               position; /* in the file, behind what is in the buffer */
    size_t              start, length;
    bool                skipping; /* the rest of a line that is too long */
    bool                gone;     /* the open file is not the one that is written any more */
    char                buffer[BUFFER_BYTES];
};

/* --- lines --- */

/* 1: no more of the file now. What is there of a line is read anew then: it may be taken back. */
static int fill(struct journal_reader* reader, struct cv_error* err)
{
    ssize_t got;
    if (reader->skipping || reader->length - reader->start > JOURNAL_MAX_LINE) {
        reader->skipping = true;
        reader->start = reader->length = 0;
    }
    memmove(reader->buffer, reader->buffer + reader->start, reader->length - reader->start);
    reader->length -= reader->start;
    reader->start = 0;
    got           = TEMP_FAILURE_RETRY(
                  pread(reader->fd, reader->buffer + reader->length, sizeof(reader->buffer) - reader->length, reader->position));
    if (got < 0)
        return cv_error_errno(err, errno, "read the journal", NULL);
    if (got == 0) {
        reader->position -= (off_t)reader->length;
        reader->length = 0;
        return 1;
    }
    reader->length += (size_t)got;
    reader->position += got;
    return 0;
}

static int next_line(struct journal_reader* reader, const char** line_out, size_t* length_out, struct cv_error* err)
{
    for (;;) {
        const char* from = reader->buffer + reader->start;
        const char* end  = memchr(from, '\n', reader->length - reader->start);
        bool        skip = reader->skipping;
        int         rc   = end == NULL ? fill(reader, err) : 0;
        if (rc != 0)
            return rc;
        if (end == NULL)
            continue;
        reader->start += (size_t)(end - from) + 1;
        reader->skipping = false;
        if (skip)
            continue;
        *line_out   = from;
        *length_out = (size_t)(end - from);
        return 0;
    }
}

/* --- files --- */

/* 1: it is not there. */
static int open_file(struct journal_reader* reader, const char* name, struct cv_error* err)
{
    int fd = openat(reader->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 1 : cv_error_errno(err, errno, "open the journal", name);
    cv_handle_closep(&reader->fd);
    reader->fd       = fd;
    reader->position = 0;
    reader->start = reader->length = 0;
    reader->skipping = reader->gone = false;
    return 0;
}

static bool is_ours(const struct journal_reader* reader, const char* name)
{
    struct stat ours, there;
    return reader->fd >= 0 && fstat(reader->fd, &ours) == 0
           && fstatat(reader->dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_ino == there.st_ino
           && ours.st_dev == there.st_dev;
}

/* 0: look there again, or in the file that is open now. 1: there is nothing now. */
static int advance(struct journal_reader* reader, struct cv_error* err)
{
    int rc = 1;
    if (is_ours(reader, JOURNAL_FILE))
        return 1;
    if (reader->fd >= 0 && !reader->gone) {
        reader->gone = true; /* what was written before it was moved aside is looked at first */
        return 0;
    }
    if (!is_ours(reader, JOURNAL_OLD_FILE)) /* it was moved aside more than once, or we begin */
        rc = open_file(reader, JOURNAL_OLD_FILE, err);
    return rc == 1 ? open_file(reader, JOURNAL_FILE, err) : rc;
}

static int look(struct journal_reader* reader, struct containerv_journal_entry* entry_out, struct cv_error* err)
{
    struct containerv_journal_entry entry;
    const char*                     line   = NULL;
    size_t                          length = 0;
    int                             rc     = 0;

    while (rc == 0) {
        rc = reader->fd >= 0 ? next_line(reader, &line, &length, err) : 1;
        if (rc == 1) {
            rc = advance(reader, err);
            continue;
        }
        if (rc == 0 && journal_parse(line, length, &entry, NULL) == 0 && entry.time_ns >= reader->since_ns) {
            *entry_out = entry;
            return 0;
        }
    }
    return rc;
}

int journal_read(struct journal_reader* reader, struct containerv_journal_entry* entry_out, struct cv_error* err)
{
    int rc = look(reader, entry_out, err);
    if (rc == 1) {
        linux_notice_take(&reader->notice); /* what comes from here on is told by the handle */
        rc = look(reader, entry_out, err);
    }
    return rc;
}

int journal_reader_handle(const struct journal_reader* reader)
{
    return reader->notice.fd;
}

/* --- where to start --- */

/* Behind what is there. Without a file, the first one that comes is all new. */
static int go_to_end(struct journal_reader* reader, struct cv_error* err)
{
    struct stat file;
    int         rc = open_file(reader, JOURNAL_FILE, err);
    if (rc == 1)
        rc = open_file(reader, JOURNAL_OLD_FILE, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (fstat(reader->fd, &file) < 0)
        return cv_error_errno(err, errno, "look at the journal", JOURNAL_FILE);
    reader->position = file.st_size;
    return 0;
}

static int start(struct journal_reader* reader, const char* state_dir, struct cv_error* err)
{
    int rc = cv_folder_make(state_dir, 0755, err);
    if (rc < 0)
        return rc;
    reader->dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reader->dir_fd < 0)
        return cv_error_errno(err, errno, "open the state folder", state_dir);
    rc = linux_notice_open(&reader->notice, reader->dir_fd, IN_MODIFY | IN_CREATE, err);
    return rc == 0 && reader->since_ns < 0 ? go_to_end(reader, err) : rc;
}

int journal_reader_open(
    const char* state_dir, int64_t since_ns, struct journal_reader** reader_out, struct cv_error* err)
{
    struct journal_reader* reader = calloc(1, sizeof(*reader));
    int                    rc;

    if (reader == NULL)
        return cv_error_no_memory(err);
    reader->dir_fd = reader->fd = CV_HANDLE_NONE;
    reader->notice              = (struct linux_notice)LINUX_NOTICE_INIT;
    reader->since_ns            = since_ns;
    rc                          = start(reader, state_dir, err);
    if (rc < 0) {
        journal_reader_close(reader);
        return cv_error_wrap(err, "open the journal");
    }
    *reader_out = reader;
    return 0;
}

void journal_reader_close(struct journal_reader* reader)
{
    if (reader == NULL)
        return;
    cv_handle_closep(&reader->fd);
    linux_notice_close(&reader->notice);
    cv_handle_closep(&reader->dir_fd);
    free(reader);
}
