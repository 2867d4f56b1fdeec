/* Connections: how they come in, how they are answered, and the waits among them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/macros.h>

#include "linux/guardian.h"

#include <cv/banned.h>

void guardian_peer_remove(struct guardian* guardian, struct guardian_peer* peer)
{
    struct guardian_peer** at = &guardian->peers;

    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    if (guardian->next_peer == peer)
        guardian->next_peer = peer->next;
    guardian->is_full = false;
    close(peer->fd);
    wire_reader_release(&peer->reader, peer->account);
    wire_account_give(peer->account, peer->writer.length);
    wire_writer_release(&peer->writer);
    free(peer);
}

size_t guardian_peers_count(const struct guardian* guardian, bool (*is_one)(const struct guardian_peer* peer))
{
    size_t count = 0;

    for (const struct guardian_peer* at = guardian->peers; at != NULL; at = at->next)
        count += is_one(at);
    return count;
}

void guardian_full(struct guardian* guardian)
{
    guardian->is_full       = true;
    guardian->full_until_ms = cv_clock_deadline_ms(GUARDIAN_SPARE_MS);
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

/* The lowest that is free is what one gets: a high number tells that few are left. What is done for a request takes some. */
static bool few_are_left(int fd)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + GUARDIAN_SPARE_FDS >= limit.rlim_cur;
}

void guardian_peer_add(struct guardian* guardian, int fd, struct guardian_container* only)
{
    struct guardian_peer* peer = calloc(1, sizeof(*peer));

    if (peer == NULL || !guardian_is_stream(fd)) {
        free(peer);
        close(fd); /* its other end finds the connection lost */
        return;
    }
    if (few_are_left(fd))
        guardian_full(guardian);
    peer->fd          = fd;
    peer->ready       = POLLIN; /* most come with their request in them; to look costs no more than to ask whether */
    peer->only        = only;
    peer->is_stranger = only != NULL;
    peer->account     = &guardian->accounts[peer->is_stranger];
    peer->writer.fd   = -1;
    peer->deadline_ms = cv_clock_deadline_ms(GUARDIAN_REQUEST_MS);
    peer->next        = guardian->peers;
    guardian->peers   = peer;
}

bool guardian_has_spare(struct guardian* guardian)
{
    if (guardian->main_fd < 0) /* detached: no caller comes */
        return true;
    if (guardian->spare_fd < 0)
        guardian->spare_fd = fcntl(guardian->main_fd, F_DUPFD_CLOEXEC, 3);
    return guardian->spare_fd >= 0;
}

/* A connection that finds no free descriptor would be lost, and with it the means to end what holds them all. */
int guardian_accept(struct guardian* guardian, struct cv_error* err)
{
    int fd = -1;
    int result;

    cv_handle_closep(&guardian->spare_fd);
    result = receive_connection(guardian->main_fd, &fd, err);

    if (result == 0 && fd >= 0)
        guardian_peer_add(guardian, fd, NULL);
    return result;
}

/* Header and body, so that one system call sends it. */
static int pack(const Containerv__Guardian__Reply* reply, const struct cv_error* failure, struct wire_writer* writer)
{
    Containerv__Guardian__Reply whole = *reply;
    Containerv__Guardian__Error error;
    size_t                      length;

    if (failure != NULL) {
        message_from_error(failure, &error);
        whole.error = &error;
    }
    length        = containerv__guardian__reply__get_packed_size(&whole);
    writer->bytes = length <= WIRE_MAX_BYTES ? malloc(WIRE_HEADER_BYTES + length) : NULL;
    if (writer->bytes == NULL)
        return CV_ERR_NO_MEMORY; /* the connection is closed then, and the caller finds it lost */
    wire_frame_header(length, writer->bytes);
    containerv__guardian__reply__pack(&whole, writer->bytes + WIRE_HEADER_BYTES);
    writer->length = WIRE_HEADER_BYTES + length;
    return 0;
}

/* A large answer for which there is no room becomes a small one that says so. */
static int stay_within(struct wire_account* account, struct wire_writer* writer)
{
    Containerv__Guardian__Reply none = CONTAINERV__GUARDIAN__REPLY__INIT;
    struct cv_error             failure;

    if (wire_account_take(account, writer->length))
        return 0;
    cv_error_set(
        &failure, CV_ERR_LIMIT, "answers that nobody takes hold %zu of %zu bytes", account->used, account->most);
    cv_error_hint(&failure, "try again when those who asked have read them");
    wire_writer_release(writer);
    return pack(&none, &failure, writer);
}

int guardian_reply(
    struct guardian_peer* peer, const Containerv__Guardian__Reply* reply, const struct cv_error* failure, int passed_fd)
{
    struct wire_writer* writer = &peer->writer;
    int                 result = pack(reply, failure, writer);

    wire_reader_release(&peer->reader, peer->account);
    if (result == 0)
        result = stay_within(peer->account, writer);
    if (passed_fd >= 0 && result == 0)
        writer->fd = passed_fd;
    else if (passed_fd >= 0)
        close(passed_fd);
    if (result == 0)
        result = wire_write(peer->fd, writer, NULL);
    if (result == 0) {
        peer->state       = GUARDIAN_PEER_TAKES;
        peer->deadline_ms = cv_clock_deadline_ms(GUARDIAN_REQUEST_MS);
        peer->container   = NULL;
        peer->process     = NULL;
        peer->only        = NULL;
    }
    return result;
}

static bool is_late(const struct guardian_peer* peer)
{
    return peer->deadline_ms >= 0 && cv_clock_left_ms(peer->deadline_ms) == 0;
}

static bool refuse(struct guardian_peer* peer, const struct cv_error* failure)
{
    const Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;

    return guardian_reply(peer, &reply, failure, -1) != 0;
}

/* One that has said nothing at all is told nothing. */
static bool handle_asking(struct guardian* guardian, struct guardian_peer* peer)
{
    struct cv_error failure;

    if (peer->ready != 0 && guardian_serve(guardian, peer))
        return true;
    if (peer->state != GUARDIAN_PEER_ASKS || !is_late(peer))
        return false;
    if (peer->reader.frame.received == 0)
        return true;
    cv_error_set(&failure, CV_ERR_TIMEOUT, "the request has not come within %d ms", (int)GUARDIAN_REQUEST_MS);
    return refuse(peer, &failure);
}

/* It has nothing to say: what is readable is its end. */
static bool handle_waiting(struct guardian_peer* peer)
{
    struct cv_error failure;

    if (peer->ready != 0)
        return true;
    if (!is_late(peer))
        return false;
    cv_error_set(&failure, CV_ERR_TIMEOUT, "process %d still runs", (int)peer->process->pid);
    return refuse(peer, &failure);
}

/* True: done with. */
static bool handle_peer(struct guardian* guardian, struct guardian_peer* peer)
{
    if (peer->state == GUARDIAN_PEER_ASKS)
        return handle_asking(guardian, peer);
    if (peer->state == GUARDIAN_PEER_WAITS)
        return handle_waiting(peer);
    return (peer->ready != 0 && wire_write(peer->fd, &peer->writer, NULL) != 0) || is_late(peer);
}

/* Serving one may remove others (destroy): who comes next is told by the guardian, not by the one before. */
void guardian_peers_handle(struct guardian* guardian)
{
    guardian->next_peer = guardian->peers;
    while (guardian->next_peer != NULL) {
        struct guardian_peer* peer = guardian->next_peer;
        guardian->next_peer        = peer->next;
        guardian->serving          = peer;
        if (handle_peer(guardian, peer))
            guardian_peer_remove(guardian, peer);
        else
            peer->ready = 0;
    }
    guardian->serving = NULL;
}

void guardian_peers_ended(
    struct guardian* guardian, struct guardian_container* container, struct guardian_process* process)
{
    struct guardian_peer* next;
    bool                  told = false;

    for (struct guardian_peer* peer = guardian->peers; peer != NULL; peer = next) {
        Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;
        Containerv__Guardian__Exit  exit;
        int                         sent;
        next = peer->next;
        if (peer->process != process)
            continue;
        guardian_process_release(container, process); /* first: once told, the number is nobody's */
        message_from_exit(&process->exit, &exit);
        reply.exit = &exit;
        sent       = guardian_reply(peer, &reply, NULL, -1);
        told       = told || sent > 0;
        if (sent != 0)
            guardian_peer_remove(guardian, peer);
    }
    if (told && !process->is_main)
        guardian_process_remove(container, process);
}

void guardian_peers_drop(struct guardian* guardian, const struct guardian_container* container)
{
    struct guardian_peer* next;
    struct cv_error       failure;

    cv_error_set(&failure, CV_ERR_STATE, "the container was destroyed");
    for (struct guardian_peer* peer = guardian->peers; peer != NULL; peer = next) {
        next = peer->next;
        if (peer->container != container && peer->only != container)
            continue;
        if (peer == guardian->serving) /* it has asked for this, and is answered yet */
            peer->only = NULL;
        else if (refuse(peer, &failure))
            guardian_peer_remove(guardian, peer);
    }
}
