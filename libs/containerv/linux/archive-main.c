/* The program: takes its job, gives up what it doesn't need, and does it. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/clock.h>

#include "linux/archive.h"

#include <cv/banned.h>

enum { TELL_MS = 100, STACK_BYTES = 64 * 1024 };

/* To the caller. */
struct report {
    struct copy_stream stream;
    uint64_t           entries, bytes;
    int64_t            told_ms;
};

static int tell_count(struct report* report, struct cv_error* err)
{
    struct copy_frame frame = { .kind = COPY_COUNT, .entries = report->entries, .size = report->bytes };
    int               rc    = copy_stream_put(&report->stream, &frame, err);
    report->entries = report->bytes = 0;
    report->told_ms                 = cv_clock_monotonic_ms();
    return rc == 0 ? copy_stream_flush(&report->stream, err) : rc;
}

static int moved(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err)
{
    struct report* report = context;
    report->entries += entries;
    report->bytes += bytes;
    return cv_clock_monotonic_ms() - report->told_ms >= TELL_MS ? tell_count(report, err) : 0;
}

static int failed(void* context, const char* path, const struct cv_error* failure, struct cv_error* err)
{
    struct report*    report = context;
    struct copy_frame frame  = { .kind = COPY_FAILED, .path = path, .error = *failure };
    return copy_stream_put(&report->stream, &frame, err);
}

static int take_job(struct archive_job* job, int fds[ARCHIVE_FDS], struct cv_error* err)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(ARCHIVE_FDS * sizeof(int))];
    } control           = { .bytes = { 0 } };
    struct iovec  part  = { job, sizeof(*job) };
    struct msghdr about = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t         got   = recvmsg(ARCHIVE_MAIN_FD, &about, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    struct cmsghdr* first = CMSG_FIRSTHDR(&about);
    if (got != (ssize_t)sizeof(*job) || job->version != ARCHIVE_VERSION || first == NULL
        || first->cmsg_type != SCM_RIGHTS || first->cmsg_len != CMSG_LEN(ARCHIVE_FDS * sizeof(int)))
        return cv_error_set(err, CV_ERR_PROTOCOL, "this program is started by libcontainerv, of the same version");
    memcpy(fds, CMSG_DATA(first), ARCHIVE_FDS * sizeof(int));
    return 0;
}

/* Who reads from a pipe that nobody fills is not woken by the caller's end. */
static void* watch(void* unused)
{
    struct pollfd entry = { .fd = ARCHIVE_MAIN_FD, .events = POLLRDHUP };
    (void)unused;
    while (poll(&entry, 1, -1) < 0 && errno == EINTR) {}
    _exit(1);
}

static int start_watching(struct cv_error* err)
{
    pthread_attr_t how;
    pthread_t      thread;
    int            number = pthread_attr_init(&how);
    if (number == 0)
        number = pthread_attr_setstacksize(&how, STACK_BYTES);
    if (number == 0)
        number = pthread_create(&thread, &how, watch, NULL);
    return number == 0 ? 0 : cv_error_errno(err, number, "watch for the caller's end", NULL);
}

static int work(
    struct report* report, const struct archive_job* given, const int fds[ARCHIVE_FDS], struct cv_error* err)
{
    struct copy_stream stream;
    int                rc = start_watching(err);
    if (rc == 0)
        rc = archive_confine(err);
    if (rc < 0)
        return rc;
    struct copy_job job = { .root_fd = -1,
        .path                        = "",
        .on_host                     = true,
        .to_host                     = given->to_archive != 0,
        .max_bytes                   = given->max_bytes,
        .max_entries                 = given->max_entries,
        .failed                      = failed,
        .moved                       = moved,
        .context                     = report };
    rc                  = copy_stream_init(&stream, fds[0], err);
    stream.stall_ms     = given->stall_ms;
    if (rc == 0)
        rc = job.to_host ? archive_pack(&stream, &job, fds[1], err) : archive_unpack(&stream, &job, fds[1], err);
    if (rc < 0 && rc != CV_ERR_LOST) { /* else the container's end does not know why */
        struct copy_frame last = { .kind = COPY_FATAL, .error = *err };
        stream.tick            = NULL;
        if (copy_stream_put(&stream, &last, NULL) == 0)
            copy_stream_flush(&stream, NULL);
    }
    return rc == 0 ? tell_count(report, err) : rc;
}

int main(void)
{
    struct report      report = { .told_ms = 0 };
    struct copy_frame  last   = { .kind = COPY_DONE, .error = CV_ERROR_INIT };
    struct archive_job given;
    int                fds[ARCHIVE_FDS] = { -1, -1 };
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_CTYPE, "C.UTF-8");              /* names are bytes; those that are UTF-8 go through unchanged */
    int rc = take_job(&given, fds, &last.error); /* first: the stream does not wait */
    if (copy_stream_init(&report.stream, ARCHIVE_MAIN_FD, NULL) < 0)
        return 1;
    if (rc < 0 || work(&report, &given, fds, &last.error) < 0)
        last.kind = COPY_FATAL;
    if (copy_stream_put(&report.stream, &last, NULL) < 0 || copy_stream_flush(&report.stream, NULL) < 0)
        return 1;
    _exit(last.kind == COPY_DONE ? 0 : 1); /* what would be tidied up needs calls that there are none of */
}
