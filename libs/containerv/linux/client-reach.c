/* Containers that can be opened: those that somebody holds have a socket in the run folder, and supervised ones a folder that is kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/folders.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/client-instance.h"

#include <cv/banned.h>

static const char prefix[] = "c-"; /* of a container's folder */

static int not_found(const char* id, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_NOT_FOUND, "there is no container '%s'", id);
    cv_error_step(err, "look for the container");
    cv_error_object(err, "%s", id);
    cv_error_hint(err, "it may have ended, or belong to another user");
    return CV_ERR_NOT_FOUND;
}

void linux_route_close(struct linux_route* route)
{
    cv_handle_closep(&route->folder_fd);
    cv_handle_closep(&route->ready_fd);
}

static int connect_anew(const struct linux_route* route, int* fd_out, struct cv_error* err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int                fd      = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int                result;

    if (fd < 0)
        return cv_error_errno(err, errno, "make a connection to the guardian", NULL);
    cv_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", route->folder_fd, GUARDIAN_SOCKET);
    do {
        result = connect(fd, (const struct sockaddr*)&address, sizeof(address));
    } while (result < 0 && errno == EINTR);
    if (result == 0) {
        *fd_out = fd;
        return 0;
    }
    result = errno;
    close(fd);
    if (result == ENOENT || result == ECONNREFUSED)
        return cv_error_set(
            err, CV_ERR_LOST, "the process that held the container has ended, and the container with it");
    return cv_error_errno(err, result, "connect to the container's guardian", GUARDIAN_SOCKET);
}

int linux_client_connect_to(struct linux_route* route, int* fd_out, struct cv_error* err)
{
    if (route->ready_fd < 0)
        return connect_anew(route, fd_out, err);
    *fd_out         = route->ready_fd;
    route->ready_fd = -1;
    return 0;
}

int linux_client_reach(const char* id, struct linux_route* route_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* run    = NULL;
    CV_CLEANUP(cv_freep) char* path   = NULL;
    struct linux_route         route  = LINUX_ROUTE_INIT;
    int                        result = cv_folders_run(&run, err);

    if (result < 0)
        return result;
    path = cv_asprintf(err, "%s/%s%s", run, prefix, id);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    route.folder_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (route.folder_fd < 0)
        return errno == ENOENT ? not_found(id, err)
                               : cv_error_errno(err, errno, "open the container's run folder", path);
    result = connect_anew(&route, &route.ready_fd, err); /* does anybody hold it? */
    if (result == 0) {
        *route_out = route;
        return 0;
    }
    linux_route_close(&route);
    return result == CV_ERR_LOST ? not_found(id, err) : result;
}
