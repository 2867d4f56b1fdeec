/* The loop: everything that is waited for is asked by one poll, then handled kind by kind. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/macros.h>

#include "linux/guardian.h"

#include <cv/banned.h>

int guardian_poll_add(struct guardian_poll* set, int fd, short events, short* target, struct cv_error* err)
{
    *target = 0;
    if (fd < 0)
        return 0;
    if (set->count == set->capacity) {
        size_t         capacity = set->capacity == 0 ? 64 : set->capacity * 2;
        struct pollfd* entries  = reallocarray(set->entries, capacity, sizeof(*entries));
        short**        targets;
        if (entries == NULL)
            return cv_error_no_memory(err);
        set->entries = entries;
        targets      = reallocarray(set->targets, capacity, sizeof(*targets));
        if (targets == NULL)
            return cv_error_no_memory(err);
        set->targets  = targets;
        set->capacity = capacity;
    }
    set->entries[set->count]   = (struct pollfd){ .fd = fd, .events = events };
    set->targets[set->count++] = target;
    return 0;
}

void guardian_sooner(int64_t* deadline_ms, int64_t other_ms)
{
    if (other_ms >= 0 && (*deadline_ms < 0 || other_ms < *deadline_ms))
        *deadline_ms = other_ms;
}

static int collect_container(struct guardian_container* container, bool closed, struct guardian_poll* set,
    int64_t* deadline_ms, struct cv_error* err)
{
    int listen_fd = closed ? -1 : container->listen_fd;
    int init_fd   = container->state == CV_STATE_STOPPED ? -1 : linux_container_init_pidfd(container->linux_);
    int end_fd    = init_fd < 0 || container->held == 0 ? -1 : linux_container_end_fd(container->linux_);
    int result    = guardian_poll_add(set, init_fd, POLLIN, &container->init_ready, err);

    if (result == 0)
        result = guardian_poll_add(set, end_fd, POLLIN, &container->end_ready, err);
    if (result == 0)
        result = guardian_poll_add(
            set, container->events.count > 0 ? container->event_fd : -1, POLLOUT, &container->event_ready, err);
    if (result == 0)
        result = guardian_poll_add(set, listen_fd, POLLIN, &container->listen_ready, err);
    if (result == 0)
        result = guardian_poll_add(set, container->copies.pauses ? container->copies.pause_fd : -1, POLLIN,
            &container->copies.pause_ready, err);
    for (struct guardian_process* at = container->processes; at != NULL && result == 0; at = at->next) {
        if (!at->ended)
            guardian_sooner(deadline_ms, at->deadline_ms);
        result = guardian_poll_add(set, at->is_main ? -1 : at->pidfd, POLLIN, &at->ready, err);
    }
    return result;
}

static bool is_stranger(const struct guardian_peer* peer)
{
    return peer->is_stranger;
}

/* Those at the sockets wait then: the caller itself never does. */
static bool is_crowded(const struct guardian* guardian)
{
    return guardian_peers_count(guardian, is_stranger) >= GUARDIAN_MAX_PEERS;
}

/* The next try is made by a turn that comes in any case. */
static bool is_full(struct guardian* guardian, int64_t* deadline_ms)
{
    if (guardian->is_full && cv_clock_left_ms(guardian->full_until_ms) == 0)
        guardian->is_full = false;
    if (!guardian_has_spare(guardian) && !guardian->is_full)
        guardian_full(guardian);
    if (guardian->is_full)
        guardian_sooner(deadline_ms, guardian->full_until_ms);
    return guardian->is_full;
}

static int collect(struct guardian* guardian, struct guardian_poll* set, int64_t* deadline_ms, struct cv_error* err)
{
    bool closed;
    int  result;

    set->count   = 0;
    *deadline_ms = -1;
    closed       = is_full(guardian, deadline_ms) || is_crowded(guardian);
    result =
        guardian_poll_add(set, guardian->spare_fd < 0 ? -1 : guardian->main_fd, POLLIN, &guardian->main_ready, err);
    if (result == 0)
        result = guardian_poll_add(set, guardian->caller_fd, POLLIN, &guardian->caller_ready, err);
    for (struct guardian_container* at = guardian->containers; at != NULL && result == 0; at = at->next)
        result = collect_container(at, closed, set, deadline_ms, err);
    for (struct guardian_peer* at = guardian->peers; at != NULL && result == 0; at = at->next) {
        guardian_sooner(deadline_ms, at->deadline_ms);
        result = guardian_poll_add(set, at->fd, at->state == GUARDIAN_PEER_TAKES ? POLLOUT : POLLIN, &at->ready, err);
    }
    if (result == 0 && guardian->hooks != NULL)
        result = guardian->hooks->collect(guardian, set, deadline_ms, err);
    return result;
}

static void handle_containers(struct guardian* guardian)
{
    for (struct guardian_container* at = guardian->containers; at != NULL; at = at->next) {
        guardian_container_reap(guardian, at);
        for (struct guardian_process* process = at->processes; process != NULL; process = process->next)
            guardian_process_timeout(at, process);
        if (at->event_ready != 0)
            guardian_events_flush(at);
        if (at->listen_ready != 0)
            guardian_listen_accept(guardian, at);
        if (at->copies.pause_ready != 0)
            guardian_snapshot_ended(at);
    }
}

static int turn(struct guardian* guardian, struct guardian_poll* set, struct cv_error* err)
{
    int64_t deadline_ms;
    int     result = collect(guardian, set, &deadline_ms, err);

    if (result < 0)
        return result;
    if (poll(set->entries, set->count, (int)cv_clock_left_ms(deadline_ms)) < 0) {
        if (errno == EINTR)
            return 0;
        return cv_error_errno(err, errno, "wait for requests", NULL);
    }
    for (size_t i = 0; i < set->count; i++)
        *set->targets[i] = set->entries[i].revents;
    handle_containers(guardian);
    if (guardian->hooks != NULL)
        result = guardian->hooks->handle(guardian, err);
    if (result < 0)
        return result;
    if (guardian->main_ready != 0) /* before the peers: most connections come with their request in them */
        result = guardian_accept(guardian, err);
    guardian_peers_handle(guardian);
    guardian_reap_strays(guardian);
    if (guardian->caller_ready != 0)
        return cv_error_set(err, CV_ERR_LOST, "the caller has ended");
    return result;
}

/* The socket alone would not do: a child that the caller forked keeps its other end open. */
static int open_caller(int main_fd)
{
    struct ucred caller;
    socklen_t    length = sizeof(caller);

    if (getsockopt(main_fd, SOL_SOCKET, SO_PEERCRED, &caller, &length) < 0 || caller.pid <= 0)
        return -1;
    return (int)syscall(SYS_pidfd_open, caller.pid, 0);
}

static void sweep(struct guardian* guardian)
{
    while (guardian->peers != NULL)
        guardian_peer_remove(guardian, guardian->peers);
    while (guardian->containers != NULL)
        guardian_container_remove(guardian, guardian->containers, NULL); /* nobody is left to be told of an error */
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR) {}
    guardian_reap_strays(guardian); /* forgets those that were left */
}

void guardian_init(struct guardian* guardian, int main_fd)
{
    *guardian = (struct guardian){ .main_fd = main_fd,
        .caller_fd                          = open_caller(main_fd),
        .spare_fd                           = -1,
        .accounts                           = { { .most = GUARDIAN_MAX_HELD }, { .most = GUARDIAN_MAX_HELD } } };
}

void guardian_detach(struct guardian* guardian)
{
    cv_handle_closep(&guardian->main_fd);
    cv_handle_closep(&guardian->spare_fd);
    cv_handle_closep(&guardian->caller_fd);
    guardian->main_ready = guardian->caller_ready = 0;
}

int guardian_loop(struct guardian* guardian, struct cv_error* err)
{
    struct guardian_poll set = { .entries = NULL };
    int                  result;

    do {
        result = turn(guardian, &set, err);
        if (result == CV_ERR_NO_MEMORY)
            result = 0; /* of one turn: the next may have it */
    } while (result == 0);
    sweep(guardian);
    free(set.entries);
    free(set.targets);
    guardian_detach(guardian);
    return result == CV_ERR_LOST ? 0 : result;
}

int guardian_run(int main_fd, struct cv_error* err)
{
    struct guardian guardian;

    guardian_init(&guardian, main_fd);
    return guardian_loop(&guardian, err);
}
