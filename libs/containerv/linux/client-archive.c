/* The caller's side of a copy to or from an archive: it starts cv-archive, hands it the descriptors, and hears what became of it. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/archive.h"
#include "linux/client.h"

#include <cv/banned.h>

static int send_job(int main_fd, const struct cv_copy_request* request, int copy_fd, struct cv_error* err)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(ARCHIVE_FDS * sizeof(int))];
    } control                = { .bytes = { 0 } };
    const int          fds[] = { copy_fd, request->stream };
    struct archive_job job   = { .version = ARCHIVE_VERSION,
          .to_archive                     = request->to_host,
          .stall_ms                       = request->stall_ms,
          .max_bytes                      = request->max_bytes,
          .max_entries                    = request->max_entries };
    struct iovec       part  = { &job, sizeof(job) };
    struct msghdr      about = {
             .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type  = SCM_RIGHTS;
    control.header.cmsg_len   = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
    if (sendmsg(main_fd, &about, MSG_NOSIGNAL) != (ssize_t)sizeof(job))
        return cv_error_errno(err, errno, "hand over the archive", NULL);
    return 0;
}

static int tick(void* context, struct cv_error* err)
{
    const struct cv_copy_request* request = context;
    return request->moved(request->context, 0, 0, err);
}

static int hear(const struct cv_copy_request* request, const struct copy_frame* frame, bool* done, struct cv_error* err)
{
    switch (frame->kind) {
    case COPY_FAILED:
        return request->failed(request->context, frame->path, &frame->error, err);
    case COPY_COUNT:
        return request->moved(request->context, frame->entries, frame->size, err);
    case COPY_DONE:
        *done = true;
        return 0;
    case COPY_FATAL:
        if (err != NULL)
            *err = frame->error;
        return frame->error.code;
    default:
        return cv_error_set(err, CV_ERR_PROTOCOL, "the archive's program says what it may not say");
    }
}

/* Closing the socket ends the program, wherever it is. */
static int hear_all(int main_fd, const struct cv_copy_request* request, struct cv_error* err)
{
    struct copy_stream stream;
    struct copy_frame  frame;
    bool               done = false;
    int                rc   = copy_stream_init(&stream, main_fd, err);
    stream.tick             = tick;
    stream.context          = (void*)(uintptr_t)request;
    while (rc == 0 && !done) {
        rc = copy_stream_get(&stream, &frame, err);
        if (rc == CV_ERR_LOST)
            return copy_stream_release(&stream), cv_error_set(err, rc, "the archive's program ended unexpectedly");
        if (rc == 0)
            rc = hear(request, &frame, &done, err);
    }
    copy_stream_release(&stream);
    return rc;
}

int linux_client_archive(const struct cv_copy_request* request, int copy_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       program = NULL;
    CV_CLEANUP(cv_handle_closep) int own     = -1;
    int                              ends[2];
    pid_t                            pid;
    int                              rc = linux_client_archiver(&program, err);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return cv_error_errno(err, errno, "make the archive's socket", NULL);
    own = ends[0];
    rc  = linux_client_start(program, ends[1], &pid, err);
    close(ends[1]);
    if (rc == 0)
        rc = send_job(own, request, copy_fd, err);
    return rc == 0 ? hear_all(own, request, err) : rc;
}
