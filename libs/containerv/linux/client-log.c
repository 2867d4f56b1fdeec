/*
 * A reader of a container's log: it reads the files itself, so that a slow one holds nobody up. What it can't see in them is how the
 * supervisor ended: for that it watches the supervisor's process. All output is written before the end is, and the end is looked at
 * before the log is read once more: so an end that is told has nothing missing before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/client-instance.h"
#include "linux/log.h"
#include "linux/record.h"

#include <cv/banned.h>

enum { LOOK_AGAIN_MS = 250 /* it is just being started, or about to end */ };

struct linux_log {
    struct linux_instance*   instance; /* its own: the container's handle may be closed before */
    struct linux_log_reader* reader;
    int                      epoll_fd; /* the reader's handle, and watch_fd */
    int                      watch_fd; /* readable when the supervisor has ended; -1: none is watched */
    bool                     unsure;   /* it should have a supervisor, but none could be watched */
};

static struct linux_log* log_free(struct linux_log* log)
{
    if (log == NULL)
        return NULL;
    linux_log_reader_close(log->reader);
    cv_handle_closep(&log->watch_fd);
    cv_handle_closep(&log->epoll_fd);
    linux_instance_free(log->instance);
    free(log);
    return NULL;
}
CV_DEFINE_CLEANUP(struct linux_log, log_free)

static int watch(const struct linux_log* log, int fd, struct cv_error* err)
{
    struct epoll_event event = { .events = EPOLLIN };

    return epoll_ctl(log->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EEXIST
               ? cv_error_errno(err, errno, "watch the container's log", NULL)
               : 0;
}

static int open_home(const struct linux_instance* from, struct linux_instance* to, struct cv_error* err)
{
    if (from->home_fd < 0) {
        cv_error_set(err, CV_ERR_NOT_FOUND, "container '%s' was destroyed, and its log with it", from->id);
        return cv_error_object(err, "%s", from->id);
    }
    to->home_fd = fcntl(from->home_fd, F_DUPFD_CLOEXEC, 0);
    return to->home_fd < 0 ? cv_error_errno(err, errno, "open the container's folder", from->id) : 0;
}

int linux_client_log_open(void* instance, uint64_t offset, void** log_out, struct cv_error* err)
{
    const struct linux_instance*            self = instance;
    CV_CLEANUP(log_freep) struct linux_log* log  = calloc(1, sizeof(*log));
    int                                     rc;

    if (log == NULL)
        return cv_error_no_memory(err);
    log->epoll_fd = log->watch_fd = -1;
    log->instance                 = linux_instance_new(self->id, err);
    if (log->instance == NULL)
        return CV_ERR_NO_MEMORY;
    log->instance->supervised = true;
    rc                        = open_home(self, log->instance, err);
    if (rc == 0)
        rc = linux_log_reader_open(log->instance->home_fd, offset, &log->reader, err);
    if (rc < 0)
        return rc;
    log->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (log->epoll_fd < 0)
        return cv_error_errno(err, errno, "make a handle for the log", NULL);
    rc = watch(log, linux_log_reader_handle(log->reader), err);
    if (rc == 0)
        *log_out = CV_STEAL(log);
    return rc;
}

static bool is_over(int fd)
{
    struct pollfd entry = { .fd = fd, .events = POLLIN };

    return poll(&entry, 1, 0) != 0;
}

/* A descriptor that tells the end of the process at the other end of `connection_fd`. Where its number can't be seen, the connection
 * itself: the supervisor drops it after a while when nothing is asked, and then we look again. */
static int end_of_peer(int connection_fd)
{
    struct ucred peer   = { .pid = 0 };
    socklen_t    length = sizeof(peer);
    int          fd     = -1;

    if (getsockopt(connection_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid > 0)
        fd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
    if (fd < 0)
        return connection_fd;
    if (is_over(connection_fd)) /* it has ended: the number may be somebody else's */
        cv_handle_closep(&fd);
    close(connection_fd);
    return fd;
}

static int watch_supervisor(struct linux_log* log, struct linux_route* route, struct cv_error* err)
{
    int connection_fd = -1;
    int rc            = linux_client_connect_to(route, &connection_fd, err);

    if (rc < 0)
        return rc == CV_ERR_LOST ? 0 : rc; /* looked at again */
    log->watch_fd = end_of_peer(connection_fd);
    return log->watch_fd >= 0 ? watch(log, log->watch_fd, err) : 0;
}

static int look_around(struct linux_log* log, struct containerv_info* info, struct cv_error* err)
{
    struct linux_route route = LINUX_ROUTE_INIT;
    int                rc    = linux_client_record(log->instance, info, &route, err);

    if (rc == 0 && route.folder_fd >= 0)
        rc = watch_supervisor(log, &route, err);
    log->unsure = log->watch_fd < 0 && !linux_client_rests(info);
    linux_route_close(&route);
    return rc;
}

/* With a living supervisor's end watched the file is all that need be looked at. One that was destroyed has stopped. */
static int look(struct linux_log* log, bool* stopped_out, struct cv_error* err)
{
    struct containerv_info info = { .size = sizeof(info), .state = CV_STATE_STOPPED };
    int                    rc;

    if (log->watch_fd >= 0 && is_over(log->watch_fd))
        cv_handle_closep(&log->watch_fd);
    rc = log->watch_fd >= 0 ? linux_record_read(log->instance->home_fd, &info, err) : look_around(log, &info, err);
    if (rc < 0 && rc != CV_ERR_NOT_FOUND)
        return rc;
    *stopped_out = rc == CV_ERR_NOT_FOUND || info.state == CV_STATE_STOPPED;
    return 0;
}

static int await(const struct linux_log* log, int64_t left_ms, struct cv_error* err)
{
    struct pollfd entry = { .fd = log->epoll_fd, .events = POLLIN };
    int64_t       most  = log->unsure ? LOOK_AGAIN_MS : INT_MAX;
    int           wait  = (int)(left_ms < 0 || left_ms > most ? most : left_ms);

    return poll(&entry, 1, wait) < 0 && errno != EINTR ? cv_error_errno(err, errno, "wait for the log", NULL) : 0;
}

static void hand_out(const struct linux_log_record* from, struct containerv_log_record* to)
{
    to->stream  = from->header.stream;
    to->time_ns = from->header.time_ns;
    to->offset  = from->offset;
    to->dropped = from->dropped;
    to->data    = from->data;
    to->length  = from->header.length;
}

int linux_client_log_read(void* log, int64_t timeout_ms, struct containerv_log_record* record_out, struct cv_error* err)
{
    struct linux_log*       self        = log;
    struct linux_log_record record      = { .data = NULL };
    int64_t                 deadline_ms = cv_clock_deadline_ms(timeout_ms);
    bool                    stopped     = false;
    int                     rc;

    while ((rc = linux_log_read(self->reader, &record, err)) == 1) {
        if (stopped)
            return 1;
        rc = look(self, &stopped, err);
        if (rc < 0)
            return rc;
        if (stopped)
            continue;
        if (cv_clock_left_ms(deadline_ms) == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "nothing new in the log");
        rc = await(self, cv_clock_left_ms(deadline_ms), err);
        if (rc < 0)
            return rc;
    }
    if (rc == 0)
        hand_out(&record, record_out);
    return rc;
}

int linux_client_log_tail(void* instance, uint64_t count, uint64_t* offset_out, struct cv_error* err)
{
    const struct linux_instance* self = instance;

    if (self->home_fd < 0)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "container '%s' was destroyed, and its log with it", self->id);
    return linux_log_tail(self->home_fd, count, offset_out, err);
}

int linux_client_log_handle(void* log, containerv_handle_t* handle_out, struct cv_error* err)
{
    const struct linux_log* self = log;
    (void)err;
    *handle_out = self->epoll_fd;
    return 0;
}

void linux_client_log_close(void* log)
{
    log_free(log);
}
