/* The supervisor's end of the log. There is one writer at a time: it holds the container's lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/log-file.h"

#include <cv/banned.h>

struct linux_log_writer {
    int      folder_fd, fd;
    uint64_t file_bytes, total_bytes;
    uint64_t first, name,
        end;   /* offsets: of the oldest file, of the file that is written, where the next record goes */
    bool torn; /* bytes of a record that failed may be behind the end */
};

static int open_folder(int home_fd, int* folder_out, struct cv_error* err)
{
    int folder_fd = CV_HANDLE_NONE;
    int rc;
    if (mkdirat(home_fd, LINUX_LOG_FOLDER, 0700) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the log's folder", LINUX_LOG_FOLDER);
    rc = linux_log_folder(home_fd, &folder_fd, err);
    if (rc == 0 && folder_fd < 0)
        rc = cv_error_set(err, CV_ERR_NOT_FOUND, "the container's folder was taken away");
    if (rc == 0)
        *folder_out = folder_fd;
    return rc;
}

static int cut(struct linux_log_writer* writer, struct cv_error* err)
{
    if (ftruncate(writer->fd, (off_t)(writer->end - writer->name)) < 0)
        return cv_error_errno(err, errno, "cut off the log's torn record", NULL);
    writer->torn = false;
    return 0;
}

/* Find the end of what is complete. */
static int find_end(struct linux_log_writer* writer, struct cv_error* err)
{
    struct linux_log_window window = { .fd = writer->fd };
    struct linux_log_header header;
    struct stat             file;
    uint64_t                at = 0;
    int                     rc = 0;

    if (fstat(writer->fd, &file) < 0)
        return cv_error_errno(err, errno, "look at the log's file", NULL);
    while ((rc = linux_log_header_at(&window, at, (uint64_t)file.st_size, &header, err)) == LINUX_LOG_RECORD)
        at += linux_log_record_size(&header);
    free(window.bytes);
    if (rc < 0)
        return rc;
    writer->end = writer->name + at;
    return at < (uint64_t)file.st_size ? cut(writer, err) : 0;
}

static int go_on(struct linux_log_writer* writer, struct cv_error* err)
{
    struct linux_log_span span;
    int                   rc = linux_log_span(writer->folder_fd, 0, UINT64_MAX, &span, err);
    if (rc < 0)
        return rc;
    writer->first = span.any ? span.first : 0;
    writer->name = writer->end = span.any ? span.last : 0;
    rc                         = linux_log_open(writer->folder_fd, writer->name, O_RDWR | O_CREAT, &writer->fd, err);
    return rc == 0 ? find_end(writer, err) : rc;
}

static void set_limits(struct linux_log_writer* writer, uint64_t file_bytes, uint64_t total_bytes)
{
    uint64_t total = total_bytes == 0 ? LINUX_LOG_TOTAL_BYTES : total_bytes;
    uint64_t file  = file_bytes == 0 ? LINUX_LOG_FILE_BYTES : file_bytes;
    if (file > total / 2)
        file = total / 2;
    if (file < total / LINUX_LOG_MAX_FILES)
        file = total / LINUX_LOG_MAX_FILES;
    writer->file_bytes  = file;
    writer->total_bytes = total;
}

int linux_log_writer_open(
    int home_fd, uint64_t file_bytes, uint64_t total_bytes, struct linux_log_writer** writer_out, struct cv_error* err)
{
    struct linux_log_writer* writer = calloc(1, sizeof(*writer));
    int                      rc;

    if (writer == NULL)
        return cv_error_no_memory(err);
    writer->folder_fd = writer->fd = CV_HANDLE_NONE;
    set_limits(writer, file_bytes, total_bytes);
    rc = open_folder(home_fd, &writer->folder_fd, err);
    if (rc == 0)
        rc = go_on(writer, err);
    if (rc < 0) {
        linux_log_writer_close(writer);
        return cv_error_wrap(err, "open the log for writing");
    }
    *writer_out = writer;
    return 0;
}

static bool is_full(int number)
{
    return number == ENOSPC || number == EDQUOT;
}

/* False: there is none but the one that is written. */
static bool drop_oldest(struct linux_log_writer* writer)
{
    char                  name[LINUX_LOG_NAME];
    struct linux_log_span span;

    if (writer->first >= writer->name)
        return false;
    linux_log_name(writer->first, name);
    if (unlinkat(writer->folder_fd, name, 0) < 0 && errno != ENOENT)
        return false;
    if (linux_log_span(writer->folder_fd, 0, writer->name, &span, NULL) < 0 || !span.any)
        return false;
    writer->first = span.first;
    return true;
}

static int next_file(struct linux_log_writer* writer, struct cv_error* err)
{
    struct cv_error why = CV_ERROR_INIT;
    int             fd  = CV_HANDLE_NONE;
    int             rc;
    do
        rc = linux_log_open(writer->folder_fd, writer->end, O_RDWR | O_CREAT | O_TRUNC, &fd, &why);
    while (rc < 0 && is_full((int)why.number) && drop_oldest(writer));
    if (rc < 0) {
        if (err != NULL)
            *err = why;
        return rc;
    }
    close(writer->fd);
    writer->fd   = fd;
    writer->name = writer->end;
    return 0;
}

/* Room by our own limits. */
static int make_room(struct linux_log_writer* writer, uint64_t size, struct cv_error* err)
{
    uint64_t used = writer->end - writer->name;
    if (used > 0 && used + size > writer->file_bytes) {
        int rc = next_file(writer, err);
        if (rc < 0)
            return rc;
    }
    while (writer->end - writer->first + size > writer->total_bytes && drop_oldest(writer)) {}
    return 0;
}

/* All of it, or nothing. 0, or errno. */
static int put(struct linux_log_writer* writer, const struct iovec parts[2], size_t size)
{
    ssize_t written;
    do
        written = pwritev(writer->fd, parts, 2, (off_t)(writer->end - writer->name));
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)size)
        return 0;
    writer->torn = written > 0;
    return written < 0 ? errno : ENOSPC;
}

int linux_log_write(
    struct linux_log_writer* writer, uint32_t stream, const void* data, size_t length, struct cv_error* err)
{
    struct linux_log_header header = {
        .stream = stream, .length = (uint32_t)length, .time_ns = cv_clock_realtime_ns()
    };
    uint8_t      bytes[LINUX_LOG_HEADER];
    struct iovec parts[2] = { { bytes, sizeof(bytes) }, { (void*)(uintptr_t)data, length } };
    uint64_t     size     = LINUX_LOG_HEADER + (uint64_t)length;
    int          number, rc;

    if (length == 0)
        return 0;
    if (length > LINUX_LOG_MAX_RECORD)
        return cv_error_set(err, CV_ERR_LIMIT, "a record of the log has at most %d bytes", LINUX_LOG_MAX_RECORD);
    linux_log_header_pack(&header, bytes);
    rc = writer->torn ? cut(writer, err) : 0;
    if (rc == 0)
        rc = make_room(writer, size, err);
    if (rc < 0)
        return cv_error_wrap(err, "write the log");
    do
        number = put(writer, parts, (size_t)size);
    while (number != 0 && (!writer->torn || cut(writer, NULL) == 0) && is_full(number) && drop_oldest(writer));
    if (number != 0) {
        cv_error_errno(err, number, "write the log", NULL);
        return cv_error_hint(err, "make room on the filesystem of the state folder");
    }
    writer->end += size;
    return 0;
}

void linux_log_writer_close(struct linux_log_writer* writer)
{
    if (writer == NULL)
        return;
    cv_handle_closep(&writer->fd);
    cv_handle_closep(&writer->folder_fd);
    free(writer);
}
