/* Connections: how they come in, how they are answered, and the waits among them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/macros.h>

#include "linux/guardian.h"

#include <cv/banned.h>

struct guardian_peer* guardian_peer_free(struct guardian_peer* peer)
{
    if (peer == NULL)
        return NULL;
    close(peer->fd);
    free(peer);
    return NULL;
}

static int take_fd(struct msghdr* header)
{
    struct cmsghdr* attached = CMSG_FIRSTHDR(header);
    int             fd       = -1;

    if (attached != NULL && attached->cmsg_level == SOL_SOCKET && attached->cmsg_type == SCM_RIGHTS
        && attached->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(attached), sizeof(fd));
    return fd;
}

/* More than one descriptor does not fit (in CMSG_LEN: padding would make room for a second one) and is closed by the kernel. */
static int receive_connection(int main_fd, int* fd_out, struct cv_error* err)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char          byte;
    struct iovec  part   = { &byte, 1 };
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))
    };
    ssize_t got = recvmsg(main_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    *fd_out = -1;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return cv_error_set(err, CV_ERR_LOST, "the caller has closed the main socket");
    *fd_out = take_fd(&header);
    return 0;
}

bool guardian_is_stream(int fd)
{
    int       type   = 0;
    socklen_t length = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

static short has_request(int fd)
{
    struct pollfd entry = { .fd = fd, .events = POLLIN };

    return poll(&entry, 1, 0) > 0 ? entry.revents : 0;
}

void guardian_peer_add(struct guardian* guardian, int fd, struct guardian_container* only)
{
    struct timeval        patience = { .tv_sec = GUARDIAN_REQUEST_MS / 1000 };
    struct guardian_peer* peer     = calloc(1, sizeof(*peer));

    if (peer == NULL || !guardian_is_stream(fd)
        || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0) {
        free(peer);
        close(fd); /* its other end finds the connection lost */
        return;
    }
    peer->fd          = fd;
    peer->ready       = has_request(fd);
    peer->only        = only;
    peer->deadline_ms = cv_clock_deadline_ms(GUARDIAN_REQUEST_MS);
    peer->next        = guardian->peers;
    guardian->peers   = peer;
}

int guardian_accept(struct guardian* guardian, struct cv_error* err)
{
    int fd     = -1;
    int result = receive_connection(guardian->main_fd, &fd, err);

    if (result == 0 && fd >= 0)
        guardian_peer_add(guardian, fd, NULL);
    return result;
}

int guardian_reply(int fd, const Containerv__Guardian__Reply* reply, const struct cv_error* failure, int passed_fd)
{
    CV_CLEANUP(cv_freep) uint8_t* bytes = NULL;
    Containerv__Guardian__Reply   whole = *reply;
    Containerv__Guardian__Error   error;
    size_t                        length;

    if (failure != NULL) {
        message_from_error(failure, &error);
        whole.error = &error;
    }
    length = containerv__guardian__reply__get_packed_size(&whole);
    bytes  = malloc(length + 1);
    if (bytes == NULL)
        return CV_ERR_NO_MEMORY; /* the connection is closed then, and the caller finds it lost */
    containerv__guardian__reply__pack(&whole, bytes);
    return wire_send(fd, bytes, length, &passed_fd, passed_fd >= 0 ? 1 : 0, NULL);
}

static void reply_timeout(const struct guardian_peer* peer)
{
    Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;
    struct cv_error             failure;

    cv_error_set(&failure, CV_ERR_TIMEOUT, "process %d still runs", (int)peer->process->pid);
    guardian_reply(peer->fd, &reply, &failure, -1);
}

/* True: done with. A peer that waits has nothing to say: what is readable is its end. */
static bool handle_peer(struct guardian* guardian, struct guardian_peer* peer)
{
    bool late = peer->deadline_ms >= 0 && cv_clock_left_ms(peer->deadline_ms) == 0;

    if (peer->container == NULL)
        return peer->ready != 0 ? guardian_serve(guardian, peer) : late;
    if (peer->ready != 0)
        return true;
    if (late)
        reply_timeout(peer);
    return late;
}

/* Serving one may drop others (destroy), so each turn starts at the head of a list of those not looked at yet. */
void guardian_peers_handle(struct guardian* guardian)
{
    size_t left = 0;

    for (const struct guardian_peer* at = guardian->peers; at != NULL; at = at->next)
        left++;
    for (; left > 0 && guardian->peers != NULL; left--) {
        struct guardian_peer* peer = guardian->peers;
        guardian->peers            = peer->next;
        peer->next                 = NULL;
        if (handle_peer(guardian, peer)) {
            guardian_peer_free(peer);
        } else {
            struct guardian_peer** end = &guardian->peers;
            while (*end != NULL)
                end = &(*end)->next;
            peer->ready = 0;
            *end        = peer;
        }
    }
}

void guardian_peers_ended(
    struct guardian* guardian, struct guardian_container* container, struct guardian_process* process)
{
    bool told = false;

    for (struct guardian_peer** at = &guardian->peers; *at != NULL;) {
        struct guardian_peer*       peer  = *at;
        Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;
        Containerv__Guardian__Exit  exit;
        if (peer->process != process) {
            at = &peer->next;
            continue;
        }
        guardian_process_release(container, process); /* first: once told, the number is nobody's */
        message_from_exit(&process->exit, &exit);
        reply.exit = &exit;
        told       = guardian_reply(peer->fd, &reply, NULL, -1) == 0 || told;
        *at        = peer->next;
        guardian_peer_free(peer);
    }
    if (told && !process->is_main)
        guardian_process_remove(container, process);
}

void guardian_peers_drop(struct guardian* guardian, const struct guardian_container* container)
{
    for (struct guardian_peer** at = &guardian->peers; *at != NULL;) {
        struct guardian_peer*       peer  = *at;
        Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;
        struct cv_error             failure;
        if (peer->container != container && peer->only != container) {
            at = &peer->next;
            continue;
        }
        cv_error_set(&failure, CV_ERR_STATE, "the container was destroyed");
        guardian_reply(peer->fd, &reply, &failure, -1);
        *at = peer->next;
        guardian_peer_free(peer);
    }
}
