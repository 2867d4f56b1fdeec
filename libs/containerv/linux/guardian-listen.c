/*
 * The container's socket in its run folder, by which other processes of the same user reach it. Bound through the folder's descriptor,
 * so that the length of its path does not matter, and readable by its owner only.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/guardian.h"

#include <cv/banned.h>

enum { BACKLOG = 64 };

static int bind_in(int folder_fd, int socket_fd, struct cv_error* err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t             before;
    int                result;

    cv_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder_fd, GUARDIAN_SOCKET);
    before = umask(0177); /* the socket never is what others may connect to, not even for a moment */
    result = bind(socket_fd, (const struct sockaddr*)&address, sizeof(address));
    umask(before);
    if (result < 0)
        return cv_error_errno(err, errno, "bind the container's socket", GUARDIAN_SOCKET);
    if (listen(socket_fd, BACKLOG) < 0)
        return cv_error_errno(err, errno, "listen at the container's socket", GUARDIAN_SOCKET);
    return 0;
}

int guardian_listen(struct guardian_container* container, struct cv_error* err)
{
    int folder_fd = -1;
    int result    = linux_container_open_run_folder(container->linux_, &folder_fd, err);
    int socket_fd;

    if (result < 0)
        return result;
    socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    result    = socket_fd < 0 ? cv_error_errno(err, errno, "make the container's socket", NULL)
                              : bind_in(folder_fd, socket_fd, err);
    close(folder_fd);
    if (result < 0)
        cv_handle_closep(&socket_fd);
    else
        container->listen_fd = socket_fd;
    return result;
}

/* The folder's mode keeps others out; this is for a folder that somebody has opened up. */
static bool is_welcome(int fd)
{
    struct ucred peer   = { .uid = (uid_t)-1 };
    socklen_t    length = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

void guardian_listen_accept(struct guardian* guardian, struct guardian_container* container)
{
    int fd = accept4(container->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    container->listen_ready = 0;
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
        guardian_full(guardian); /* it stays in the queue: to ask again at once would be to ask for ever */
    if (fd < 0)
        return; /* else whoever it was has gone again */
    if (is_welcome(fd))
        guardian_peer_add(guardian, fd, container);
    else
        close(fd);
}
