/*
 * The guardians of this process, and calls to them. A guardian makes one container at a time. There is one, and further ones come only
 * when threads make containers at the same time, at most one a CPU. A container stays with the guardian that made it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/mutex.h>

#include "linux/client.h"

#include <cv/banned.h>

enum {
    SMALL_REQUEST = 32 * 1024, /* well below what a socket takes without a reader */
    GUARDIANS_MAX = 16
};

struct guardian_slot {
    int      main_fd; /* -1: none runs */
    pid_t    pid;
    uint64_t generation; /* tells it from all others that ran before or after it, in any slot */
    unsigned creating;   /* containers being made */
};

static struct {
    struct cv_mutex      mutex;
    struct cv_once       once;
    size_t               count; /* of slots in use, some of which may be free again */
    size_t               most;
    uint64_t             generations;
    struct guardian_slot slots[GUARDIANS_MAX];
} client = { .mutex = CV_MUTEX_INIT, .once = CV_ONCE_INIT };

static void before_fork(void)
{
    cv_mutex_lock(&client.mutex);
}

static void after_fork_in_parent(void)
{
    cv_mutex_unlock(&client.mutex);
}

/* The guardians are the parent's. What the child still holds of them are containers that it has no access to. */
static void after_fork_in_child(void)
{
    for (size_t i = 0; i < client.count; i++)
        cv_handle_closep(&client.slots[i].main_fd);
    client.count = 0;
    cv_mutex_unlock(&client.mutex);
}

static void set_up(void)
{
    long cpus   = sysconf(_SC_NPROCESSORS_ONLN);
    client.most = cpus < 1 ? 1 : cpus < GUARDIANS_MAX ? (size_t)cpus : GUARDIANS_MAX;
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* With the mutex, as the next four. */
static void forget(struct guardian_slot* slot)
{
    cv_handle_closep(&slot->main_fd);
    /* where we are init or a subreaper it has become our child */
    if (slot->pid > 0)
        waitpid(slot->pid, NULL, WNOHANG | __WALL);
    slot->pid = 0;
}

static bool is_alive(const struct guardian_slot* slot)
{
    struct pollfd entry = { .fd = slot->main_fd, .events = POLLIN };

    return slot->main_fd >= 0 && poll(&entry, 1, 0) == 0;
}

static int start(struct guardian_slot* slot, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    int                        ends[2];
    pid_t                      pid;
    int                        result = linux_client_program(&path, err);

    if (result < 0)
        return result;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return cv_error_errno(err, errno, "make the guardian's main socket", NULL);
    result = linux_client_start(path, ends[1], &pid, err);
    close(ends[1]);
    if (result < 0) {
        close(ends[0]);
        return result;
    }
    *slot = (struct guardian_slot){ .main_fd = ends[0], .pid = pid, .generation = ++client.generations };
    return 0;
}

/* The one that has least to do, or a place for a new one when all have something to do. */
static struct guardian_slot* choose(void)
{
    struct guardian_slot* best  = NULL;
    struct guardian_slot* empty = NULL;

    for (size_t i = 0; i < client.count; i++) {
        struct guardian_slot* slot = &client.slots[i];
        if (!is_alive(slot))
            forget(slot);
        if (slot->main_fd < 0)
            empty = empty != NULL ? empty : slot;
        else if (best == NULL || slot->creating < best->creating)
            best = slot;
    }
    if (best != NULL && (best->creating == 0 || (empty == NULL && client.count == client.most)))
        return best;
    if (empty == NULL) {
        empty  = &client.slots[client.count++];
        *empty = (struct guardian_slot){ .main_fd = -1 };
    }
    return empty;
}

static struct guardian_slot* find(uint64_t generation)
{
    for (size_t i = 0; i < client.count; i++) {
        if (client.slots[i].main_fd >= 0 && client.slots[i].generation == generation)
            return &client.slots[i];
    }
    return NULL;
}

int linux_client_begin_create(uint64_t* generation_out, struct cv_error* err)
{
    struct guardian_slot* slot;
    int                   result = 0;

    cv_once(&client.once, set_up);
    cv_mutex_lock(&client.mutex);
    slot = choose();
    if (slot->main_fd < 0)
        result = start(slot, err);
    if (result == 0) {
        slot->creating++;
        *generation_out = slot->generation;
    }
    cv_mutex_unlock(&client.mutex);
    return result;
}

void linux_client_end_create(uint64_t generation)
{
    struct guardian_slot* slot;

    cv_mutex_lock(&client.mutex);
    slot = find(generation);
    if (slot != NULL)
        slot->creating--;
    cv_mutex_unlock(&client.mutex);
}

size_t linux_client_guardians(pid_t* pids, size_t capacity)
{
    size_t found = 0;

    cv_mutex_lock(&client.mutex);
    for (size_t i = 0; i < client.count; i++) {
        if (client.slots[i].main_fd < 0)
            continue;
        if (found < capacity)
            pids[found] = client.slots[i].pid;
        found++;
    }
    cv_mutex_unlock(&client.mutex);
    return found;
}

static int lost(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_LOST, "the guardian of this container is gone, and the container with it");
    cv_error_hint(err, "destroy the container and make a new one; what was left is swept by the next create");
    return CV_ERR_LOST;
}

int linux_client_send_connection(int main_fd, int connection_fd)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(sizeof(int))];
    } control            = { .bytes = { 0 } };
    char          byte   = 0;
    struct iovec  part   = { &byte, 1 };
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    struct cmsghdr* attached = CMSG_FIRSTHDR(&header);
    ssize_t         sent;

    attached->cmsg_level = SOL_SOCKET;
    attached->cmsg_type  = SCM_RIGHTS;
    attached->cmsg_len   = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(attached), &connection_fd, sizeof(int));
    do {
        sent = sendmsg(main_fd, &header, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/* The lock is held while sending: another thread may be about to replace a guardian that was lost, and its descriptor. */
static int hand_to_slot(uint64_t generation, int guardian_end)
{
    const struct guardian_slot* slot;
    int                         error_number = EPIPE;

    cv_mutex_lock(&client.mutex);
    slot = find(generation);
    if (slot != NULL)
        error_number = linux_client_send_connection(slot->main_fd, guardian_end);
    cv_mutex_unlock(&client.mutex);
    return error_number;
}

static int hand_over(const struct linux_route* route, int guardian_end, struct cv_error* err)
{
    int error_number = route->main_fd >= 0 ? linux_client_send_connection(route->main_fd, guardian_end)
                                           : hand_to_slot(route->generation, guardian_end);

    if (error_number == 0)
        return 0;
    if (error_number == EPIPE || error_number == ECONNRESET)
        return lost(err);
    return cv_error_errno(err, error_number, "send a connection to the guardian", NULL);
}

/* The request as it goes over the wire; malloc'ed. */
static int pack_request(
    const Containerv__Guardian__Request* request, uint8_t** bytes_out, size_t* length_out, struct cv_error* err)
{
    Containerv__Guardian__Request stamped = *request;
    size_t                        length;

    stamped.protocol = GUARDIAN_PROTOCOL;
    length           = containerv__guardian__request__get_packed_size(&stamped);
    if (length > WIRE_MAX_BYTES)
        return cv_error_set(err, CV_ERR_LIMIT, "a request of %zu bytes is over %d", length, (int)WIRE_MAX_BYTES);
    *bytes_out = malloc(length + 1);
    if (*bytes_out == NULL)
        return cv_error_no_memory(err);
    *length_out = containerv__guardian__request__pack(&stamped, *bytes_out);
    return 0;
}

/*
 * A connection of its own for the request. One that the socket's buffer holds whole is in it before the guardian gets the connection,
 * which then need not wait for it: that saves a turn of its loop. A larger one would wait for a reader that does not know of it yet.
 */
static int send_privately(const struct linux_route* route, const uint8_t* bytes, size_t length,
    const struct message_fds* fds, int* fd_out, struct cv_error* err)
{
    const int* items = fds != NULL ? fds->items : NULL;
    size_t     count = fds != NULL ? fds->count : 0;
    bool       first = length <= SMALL_REQUEST;
    int        ends[2];
    int        result = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return cv_error_errno(err, errno, "make a connection to the guardian", NULL);
    if (first)
        result = wire_send(ends[0], bytes, length, items, count, err);
    if (result == 0)
        result = hand_over(route, ends[1], err);
    close(ends[1]);
    if (result == 0 && !first)
        result = wire_send(ends[0], bytes, length, items, count, err);
    if (result == 0)
        *fd_out = ends[0];
    else
        close(ends[0]);
    return result;
}

static int send_to_another(struct linux_route* route, const uint8_t* bytes, size_t length,
    const struct message_fds* fds, int* fd_out, struct cv_error* err)
{
    int fd     = -1;
    int result = linux_client_connect_to(route, &fd, err);

    if (result == 0)
        result = wire_send(fd, bytes, length, fds != NULL ? fds->items : NULL, fds != NULL ? fds->count : 0, err);
    if (result == 0)
        *fd_out = fd;
    else
        cv_handle_closep(&fd);
    return result;
}

static int receive_answer(int fd, struct linux_client_answer* answer, struct cv_error* err)
{
    int result = wire_receive(fd, -1, &answer->wire, err);

    if (result < 0)
        return result;
    answer->reply = containerv__guardian__reply__unpack(NULL, answer->wire.length, answer->wire.bytes);
    if (answer->reply == NULL)
        result = cv_error_set(err, CV_ERR_PROTOCOL, "the guardian's answer can't be read");
    else if (answer->reply->error != NULL)
        result = message_to_error(answer->reply->error, err);
    if (result < 0)
        linux_client_answer_release(answer);
    return result;
}

int linux_client_call(struct linux_route* route, const Containerv__Guardian__Request* request,
    const struct message_fds* fds, struct linux_client_answer* answer_out, struct cv_error* err)
{
    struct linux_client_answer    answer = { .reply = NULL };
    CV_CLEANUP(cv_freep) uint8_t* bytes  = NULL;
    size_t                        length = 0;
    int                           fd     = -1;
    int                           result = pack_request(request, &bytes, &length, err);

    if (result == 0)
        result = route->folder_fd >= 0 ? send_to_another(route, bytes, length, fds, &fd, err)
                                       : send_privately(route, bytes, length, fds, &fd, err);
    if (result == 0)
        result = receive_answer(fd, &answer, err);
    cv_handle_closep(&fd);
    if (result == CV_ERR_LOST)
        return lost(err);
    if (result == 0)
        *answer_out = answer;
    return result;
}

void linux_client_answer_release(struct linux_client_answer* answer)
{
    if (answer->reply != NULL)
        containerv__guardian__reply__free_unpacked(answer->reply, NULL);
    answer->reply = NULL;
    wire_message_release(&answer->wire);
}
