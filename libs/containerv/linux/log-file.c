#include "linux/log-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cv/handle.h>

#include <cv/banned.h>

enum { WINDOW_BYTES = 64 << 10 };

int linux_log_folder(int home_fd, int* folder_out, struct cv_error* err)
{
    int fd = openat(home_fd, LINUX_LOG_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return cv_error_errno(err, errno, "open the log's folder", LINUX_LOG_FOLDER);
    *folder_out = fd;
    return 0;
}

static void span_add(struct linux_log_span* span, uint64_t name)
{
    if (!span->any || name < span->first)
        span->first = name;
    if (!span->any || name > span->last)
        span->last = name;
    span->any = true;
}

int linux_log_span(int folder_fd, uint64_t least, uint64_t most, struct linux_log_span* span_out, struct cv_error* err)
{
    struct linux_log_span span   = { .any = false };
    int                   fd     = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR*                  folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent*        entry;
    uint64_t              name;
    int                   number;

    if (folder == NULL) {
        cv_error_errno(err, errno, "list the log's files", LINUX_LOG_FOLDER);
        cv_handle_closep(&fd);
        return CV_ERR_SYSTEM;
    }
    while (errno = 0, (entry = readdir(folder)) != NULL)
        if (linux_log_name_parse(entry->d_name, &name) && name >= least && name <= most)
            span_add(&span, name);
    number = errno;
    closedir(folder);
    if (number != 0)
        return cv_error_errno(err, number, "list the log's files", LINUX_LOG_FOLDER);
    *span_out = span;
    return 0;
}

int linux_log_open(int folder_fd, uint64_t name, int flags, int* fd_out, struct cv_error* err)
{
    char text[LINUX_LOG_NAME];
    int  fd;
    linux_log_name(name, text);
    fd = openat(folder_fd, text, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the log's file", text);
    *fd_out = fd;
    return 0;
}

void linux_log_window_open(struct linux_log_window* window, int fd)
{
    cv_handle_closep(&window->fd);
    window->fd     = fd;
    window->length = 0;
}

void linux_log_window_release(struct linux_log_window* window)
{
    cv_handle_closep(&window->fd);
    free(window->bytes);
    *window = (struct linux_log_window){ .fd = -1 };
}

static int reserve(struct linux_log_window* window, size_t need, struct cv_error* err)
{
    size_t   capacity = need > WINDOW_BYTES ? need : WINDOW_BYTES;
    uint8_t* bytes;
    if (window->capacity >= capacity)
        return 0;
    bytes = realloc(window->bytes, capacity);
    if (bytes == NULL)
        return cv_error_no_memory(err);
    window->bytes    = bytes;
    window->capacity = capacity;
    return 0;
}

/* Whatever was there is read again: what is not complete may be cut off and written anew. */
static int fill(struct linux_log_window* window, uint64_t at, size_t need, struct cv_error* err)
{
    window->position = at;
    window->length   = 0;
    while (window->length < need) {
        ssize_t got = pread(window->fd, window->bytes + window->length, window->capacity - window->length,
            (off_t)(at + window->length));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            window->length = 0;
            return cv_error_errno(err, errno, "read the log", NULL);
        }
        if (got == 0) {
            window->length = 0;
            return 1;
        }
        window->length += (size_t)got;
    }
    return 0;
}

int linux_log_window_get(
    struct linux_log_window* window, uint64_t at, size_t need, const uint8_t** bytes_out, struct cv_error* err)
{
    int rc = 0;
    if (at < window->position || at + need > window->position + window->length) {
        rc = reserve(window, need, err);
        if (rc == 0)
            rc = fill(window, at, need, err);
    }
    if (rc == 0)
        *bytes_out = window->bytes + (at - window->position);
    return rc;
}

static int unpack(struct linux_log_window* window, const uint8_t* bytes, struct linux_log_header* header_out)
{
    if (linux_log_header_unpack(bytes, header_out))
        return LINUX_LOG_RECORD;
    window->length = 0;
    return LINUX_LOG_DAMAGED;
}

int linux_log_record_at(struct linux_log_window* window, uint64_t at, struct linux_log_header* header_out,
    const uint8_t** data_out, struct cv_error* err)
{
    struct linux_log_header header, again;
    const uint8_t*          bytes = NULL;
    int                     rc    = linux_log_window_get(window, at, LINUX_LOG_HEADER, &bytes, err);

    if (rc != 0)
        return rc < 0 ? rc : LINUX_LOG_NONE;
    if (unpack(window, bytes, &header) != LINUX_LOG_RECORD)
        return LINUX_LOG_DAMAGED;
    rc = linux_log_window_get(window, at, LINUX_LOG_HEADER + header.length, &bytes, err);
    if (rc != 0)
        return rc < 0 ? rc : LINUX_LOG_NONE;
    /* it may have been read anew, after a torn one was replaced */
    if (unpack(window, bytes, &again) != LINUX_LOG_RECORD || again.length != header.length) {
        window->length = 0;
        return LINUX_LOG_NONE;
    }
    *header_out = again;
    *data_out   = bytes + LINUX_LOG_HEADER;
    return LINUX_LOG_RECORD;
}

int linux_log_header_at(struct linux_log_window* window, uint64_t at, uint64_t size,
    struct linux_log_header* header_out, struct cv_error* err)
{
    const uint8_t* bytes = NULL;
    int            rc    = linux_log_window_get(window, at, LINUX_LOG_HEADER, &bytes, err);
    if (rc != 0)
        return rc < 0 ? rc : LINUX_LOG_NONE;
    rc = unpack(window, bytes, header_out);
    if (rc == LINUX_LOG_RECORD && (size < at || size - at < linux_log_record_size(header_out)))
        rc = LINUX_LOG_NONE;
    return rc;
}

uint64_t linux_log_record_size(const struct linux_log_header* header)
{
    return LINUX_LOG_HEADER + (uint64_t)header->length;
}
