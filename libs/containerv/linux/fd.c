#include "linux/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linux/syscalls.h"

void linux_forget_environment(void)
{
    for (char** word = environ; word != NULL && *word != NULL; word++)
        explicit_bzero(*word, strlen(*word));
}

void linux_fd_closep(const int* fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

int linux_fd_steal(int* fd)
{
    int value = *fd;
    *fd       = -1;
    return value;
}

static int compare(const void* a, const void* b)
{
    return (*(const int*)a > *(const int*)b) - (*(const int*)a < *(const int*)b);
}

int linux_fd_close_others(int* keep, size_t count, struct cv_error* err)
{
    unsigned next = 0;
    qsort(keep, count, sizeof(*keep), compare);
    for (size_t i = 0; i < count; i++) {
        if (keep[i] < 0 || (unsigned)keep[i] < next)
            continue;
        if ((unsigned)keep[i] > next && sys_close_range(next, (unsigned)keep[i] - 1, 0) < 0)
            return cv_error_errno(err, errno, "close inherited descriptors", NULL);
        next = (unsigned)keep[i] + 1;
    }
    if (sys_close_range(next, ~0U, 0) < 0)
        return cv_error_errno(err, errno, "close inherited descriptors", NULL);
    return 0;
}

union control {
    struct cmsghdr header;
    char           space[CMSG_SPACE(sizeof(int))];
};

int linux_fd_send(int socket_fd, const void* data, size_t length, int fd, struct cv_error* err)
{
    union control control = { 0 };
    struct iovec  vector  = { .iov_base = (void*)(uintptr_t)data, .iov_len = length };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control       = &control;
        message.msg_controllen    = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type  = SCM_RIGHTS;
        control.header.cmsg_len   = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    ssize_t n;
    do
        n = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? cv_error_errno(err, errno, "talk to the container's set-up", NULL) : 0;
}

long linux_fd_receive(int socket_fd, void* data, size_t size, int* fd_out, struct cv_error* err)
{
    union control control = { 0 };
    struct iovec  vector  = { .iov_base = data, .iov_len = size };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t n;
    do
        n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *fd_out = -1;
    if (n < 0 && errno == ECONNRESET)
        return 0;
    if (n < 0) {
        cv_error_errno(err, errno, "hear from the container's set-up", NULL);
        return -1;
    }
    const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS)
        memcpy(fd_out, CMSG_DATA(header), sizeof(int));
    if ((message.msg_flags & MSG_CTRUNC) == 0)
        return n;
    linux_fd_closep(fd_out);
    *fd_out = -1;
    cv_error_set(err, CV_ERR_LIMIT, "a descriptor could not be taken: there are too many open ones");
    cv_error_step(err, "hear from the container's set-up");
    return -1;
}
