/* The caller's side of a copy to or from an archive: it starts cv-archive, hands it the descriptors, and hears what became of it. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/archive.h"
#include "linux/client-hear.h"
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

/* Closing the socket ends the program, wherever it is. */
static int hear_all(int main_fd, const struct cv_copy_request* request, struct cv_error* err)
{
    const struct linux_hear hear = {
        .who = "the archive's program", .failed = request->failed, .moved = request->moved, .context = request->context
    };
    struct copy_stream stream;
    bool               last_word = false;
    int                rc        = copy_stream_init(&stream, main_fd, err);
    if (rc == 0)
        rc = linux_client_hear(&stream, &hear, &last_word, err);
    copy_stream_release(&stream);
    return rc == CV_ERR_LOST && !last_word ? cv_error_set(err, rc, "the archive's program ended unexpectedly") : rc;
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
