/*
 * The caller's end of a copy. The guardian starts the container's end and hands it one end of a socket pair; everything on the host is
 * done here, in the calling thread, with the caller's own rights.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/client-instance.h"
#include "linux/copy.h"

#include <cv/banned.h>

static int choose_owners(uint32_t flags, bool* owners_out, struct cv_error* err)
{
    bool root = geteuid() == 0;
    if ((flags & CV_COPY_OWNERS) != 0 && !root) {
        cv_error_set(err, CV_ERR_PERMISSION, "only root can keep owners");
        return cv_error_hint(err, "run it as root, or leave owners out");
    }
    *owners_out = root && (flags & CV_COPY_NO_OWNERS) == 0;
    return 0;
}

static int start_helper(struct linux_instance* instance, struct linux_route* held,
    const struct cv_copy_request* request, bool owners, int fd, struct cv_error* err)
{
    Containerv__Guardian__Copy copy = CONTAINERV__GUARDIAN__COPY__INIT;
    copy.path                       = (char*)request->container_path;
    copy.to_host                    = request->to_host;
    copy.owners                     = owners;
    copy.setuid                     = (request->flags & CV_COPY_SETUID) != 0;
    copy.follow                     = (request->flags & CV_COPY_FOLLOW) != 0;
    copy.nodes                      = request->archive;
    copy.one_filesystem             = (request->flags & CV_COPY_ONE_FILESYSTEM) != 0;
    return linux_client_send_copy(instance, held, &copy, fd, err);
}

static int run(const struct cv_copy_request* request, bool owners, int fd, struct cv_error* err)
{
    struct copy_stream stream;
    struct copy_job    job = {
           .root_fd        = AT_FDCWD,
           .path           = request->host_path,
           .on_host        = true,
           .to_host        = request->to_host,
           .owners         = owners,
           .setuid         = (request->flags & CV_COPY_SETUID) != 0,
           .follow         = (request->flags & CV_COPY_FOLLOW) != 0,
           .one_filesystem = (request->flags & CV_COPY_ONE_FILESYSTEM) != 0,
           .max_bytes      = request->max_bytes,
           .max_entries    = request->max_entries,
           .failed         = request->failed,
           .moved          = request->moved,
           .context        = request->context,
    };
    int rc          = copy_stream_init(&stream, fd, err);
    stream.stall_ms = request->stall_ms;
    if (rc == 0)
        rc = request->to_host ? copy_receive(&stream, &job, err) : copy_send(&stream, &job, err);
    copy_stream_release(&stream);
    return rc;
}

static int copy_by(struct linux_instance* instance, struct linux_route* held, const struct cv_copy_request* request,
    struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int own    = -1;
    bool                             owners = false;
    int                              ends[2];
    int                              rc = choose_owners(request->flags, &owners, err);
    if (rc < 0)
        return rc;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return cv_error_errno(err, errno, "make the copy's socket", NULL);
    own = ends[0];
    rc  = start_helper(instance, held, request, owners, ends[1], err);
    close(ends[1]);
    if (rc < 0)
        return rc;
    return request->archive ? linux_client_archive(request, own, err) : run(request, owners, own, err);
}

/* The files of a supervised container that does not run are held for the time of the copy. */
int linux_client_copy(void* instance, const struct cv_copy_request* request, struct cv_error* err)
{
    struct linux_instance* self = instance;
    struct linux_route     held = LINUX_ROUTE_INIT;
    int                    rc   = self->supervised ? linux_supervised_hold(self, &held, err) : 0;
    if (rc < 0)
        return rc;
    rc = copy_by(self, &held, request, err);
    linux_supervised_release(self, &held);
    return rc;
}
