/* Where the last lines of a log begin: its files are walked from the newest to the one that the first of the lines is in. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <cv/handle.h>

#include "linux/log-file.h"

#include <cv/banned.h>

struct tail {
    int                     folder_fd;
    struct linux_log_window window;
    uint64_t                wanted; /* ends of lines that are still to be found, from the log's end */
    bool                    is_end; /* of the log: nothing was seen yet */
    uint64_t                offset; /* the best so far */
};

/* One file's ends of lines: counted, or the one after the `passed` first ones is looked for. */
struct lines {
    uint64_t count, passed, end; /* end: offset behind the last record */
    uint8_t  last;               /* byte of the file */
    bool     any, found;
    uint64_t offset; /* behind the one that was found */
};

static bool find_in_record(struct lines* lines, uint64_t at, const uint8_t* data, size_t length)
{
    const uint8_t* from = data;
    const uint8_t* end;
    while ((end = memchr(from, '\n', length - (size_t)(from - data))) != NULL) {
        from = end + 1;
        if (lines->count++ == lines->passed) {
            lines->offset =
                at + LINUX_LOG_HEADER + (uint64_t)(from - data); /* of the next record when this one is over */
            return true;
        }
    }
    return false;
}

/* passed: UINT64_MAX to count only. */
static int walk(struct tail* tail, uint64_t name, uint64_t end, struct lines* lines, struct cv_error* err)
{
    struct linux_log_header header;
    const uint8_t*          data;
    uint64_t                at    = name;
    int                     found = LINUX_LOG_RECORD;

    while (!lines->found && at < end
           && (found = linux_log_record_at(&tail->window, at - name, &header, &data, err)) == LINUX_LOG_RECORD) {
        lines->found = find_in_record(lines, at, data, header.length);
        lines->last  = data[header.length - 1];
        lines->any   = true;
        at += linux_log_record_size(&header);
    }
    lines->end = at;
    return found < 0 ? found : 0;
}

/* 0: go on with the file before. 1: found. */
static int look_at_file(struct tail* tail, uint64_t name, struct cv_error* err)
{
    struct lines counted = { .passed = UINT64_MAX }, again;
    int          rc      = walk(tail, name, UINT64_MAX, &counted, err);

    if (rc < 0)
        return rc;
    if (tail->is_end)
        tail->offset = counted.end;
    if (tail->is_end && tail->wanted == 0)
        return 1;
    if (tail->is_end && counted.any) {
        tail->wanted += counted.last == '\n' && tail->wanted < UINT64_MAX ? 1 : 0;
        tail->is_end = false;
    }
    if (!counted.any)
        return 0;
    tail->offset = name;
    if (counted.count < tail->wanted) {
        tail->wanted -= counted.count;
        return 0;
    }
    again = (struct lines){ .passed = counted.count - tail->wanted };
    rc    = walk(tail, name, counted.end, &again, err);
    if (rc == 0 && again.found)
        tail->offset = again.offset;
    return rc < 0 ? rc : 1;
}

static int look_at_files(struct tail* tail, struct cv_error* err)
{
    struct linux_log_span span;
    uint64_t              most = UINT64_MAX;
    int                   rc = 0, fd = CV_HANDLE_NONE;

    while (rc == 0) {
        rc = linux_log_span(tail->folder_fd, 0, most, &span, err);
        if (rc < 0 || !span.any)
            return rc;
        rc = linux_log_open(tail->folder_fd, span.last, O_RDONLY, &fd, err);
        if (rc == CV_ERR_NOT_FOUND) { /* dropped: the log begins behind it now */
            rc = 0;
            continue;
        }
        if (rc < 0)
            return rc;
        linux_log_window_open(&tail->window, fd);
        rc = look_at_file(tail, span.last, err);
        if (span.last == 0)
            break;
        most = span.last - 1;
    }
    return rc < 0 ? rc : 0;
}

int linux_log_tail(int home_fd, uint64_t lines, uint64_t* offset_out, struct cv_error* err)
{
    struct tail tail = { .folder_fd = CV_HANDLE_NONE, .window.fd = CV_HANDLE_NONE, .wanted = lines, .is_end = true };
    int         rc   = linux_log_folder(home_fd, &tail.folder_fd, err);

    if (rc == 0 && tail.folder_fd >= 0)
        rc = look_at_files(&tail, err);
    linux_log_window_release(&tail.window);
    cv_handle_closep(&tail.folder_fd);
    if (rc < 0)
        return cv_error_wrap(err, "find the log's last lines");
    *offset_out = tail.offset;
    return 0;
}
