/*
 * The guardian: a small process of each process that uses libcontainerv, several while that makes containers at the same time. It makes
 * containers, tells how processes ended, and takes everything away when its caller is gone, however that happened. Single-threaded, one
 * poll loop, no state but this.
 *
 * Ends of processes: who was spawned is our child, and stays a zombie until a Wait took its record, so that nobody else gets its number.
 * But the kernel lets a PID namespace's first process end only after every other process of the namespace was reaped. So zombies are let
 * go when PID 1 begins to end, which its socket tells (a file is closed before the namespace's end is waited for), and before we end the
 * container. Where the program is PID 1 there is no such socket, and nothing is held. A signal goes through the record's pidfd in any
 * case, and can never hit another process.
 */
#ifndef CV_LINUX_GUARDIAN_H
#define CV_LINUX_GUARDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <chef/containerv/container.h>
#include <cv/error.h>

#include "linux/container.h"
#include "linux/messages.h"
#include "linux/reconcile-plan.h"

enum {
    GUARDIAN_MAIN_FD    = 3,
    GUARDIAN_MAX_EVENTS = 1024, /* kept for a caller that does not read them */
    GUARDIAN_MAX_PEERS = 1024, /* connections by containers' sockets at a time; more wait until one has been answered */
    GUARDIAN_MAX_WAITS = 768,  /* of these, that wait for an end: room is left for those that bring it about */
    GUARDIAN_MAX_HELD =
        64 << 20, /* bytes of half requests and of answers not yet taken, beyond 64 KiB each; of the caller, and as
                                       much of all others */
    GUARDIAN_REQUEST_MS = 10000, /* to send a request whose connection is open, or to take the answer */
    GUARDIAN_SPARE_FDS  = 64,    /* free descriptors without which nobody is accepted at a container's socket, */
    GUARDIAN_SPARE_MS   = 100,   /* until one was closed or this has passed */
    GUARDIAN_MAX_COPIES = 64,    /* of one container at a time */
    GUARDIAN_END_MS     = 10000  /* for killed processes to be gone */
};

struct guardian_process {
    struct guardian_process* next;
    pid_t                    pid;
    int                      pidfd;       /* -1 once it has ended */
    int                      terminal_fd; /* its terminal's slave, to be resized; -1 without */
    bool                     is_main, ours, ended, timed_out;
    bool                     held;        /* ended, and a zombie still */
    bool                     killed;      /* a SIGKILL was asked for */
    struct linux_counts      counts;      /* before its start */
    short                    ready;       /* what poll said about pidfd */
    int64_t                  deadline_ms; /* -1: none */
    struct containerv_exit   exit;        /* start_ns from the start, the rest once it has ended */
};

/* Events that the socket had no room for, oldest first. */
struct guardian_events {
    struct containerv_event* ring; /* GUARDIAN_MAX_EVENTS, made when needed */
    size_t                   first, count;
};

/* The helpers of copies, and of snapshots, that may still run. */
struct guardian_copies {
    int    pidfds[GUARDIAN_MAX_COPIES];
    size_t count;
    bool   pauses;   /* one of them has the container paused until it ends: */
    int    pause_fd; /* its pidfd */
    short  pause_ready;
};

struct guardian_container {
    struct guardian_container* next;
    struct guardian*           guardian; /* whose it is */
    struct linux_container*    linux_;
    enum containerv_state      state;
    bool                       killed; /* by us: an end that PID 1 could not tell is no riddle */
    bool                       ending; /* no zombie is held any more */
    size_t                     held;   /* zombies */
    short                      init_ready, end_ready, event_ready, listen_ready;
    int                        event_fd;
    int                        listen_fd; /* its socket in the run folder, for other processes */
    struct guardian_events     events;
    struct guardian_copies     copies;
    struct guardian_process*   processes;
};

enum guardian_peer_state {
    GUARDIAN_PEER_ASKS,  /* its request has not come, or not all of it */
    GUARDIAN_PEER_WAITS, /* for the end of a process */
    GUARDIAN_PEER_TAKES, /* the rest of its answer, the last that is done for it */
};

/* A connection. Nothing is ever waited for at one of them: what is not there yet is left to the loop. */
struct guardian_peer {
    struct guardian_peer*    next;
    enum guardian_peer_state state;
    int                      fd;
    short                    ready;
    bool                     is_stranger; /* it came by a container's socket */
    int64_t                  deadline_ms;
    struct guardian_container*
        only; /* it came by this container's socket and may ask for no other; NULL: the caller's own */
    struct guardian_container* container; /* where it waits */
    struct guardian_process*   process;
    struct wire_account*       account;
    struct wire_reader         reader;
    struct wire_writer         writer;
};

/* What is polled, and where the answer goes: the objects remember it, so that handling one may free others. */
struct guardian_poll {
    struct pollfd* entries;
    short**        targets;
    size_t         count, capacity;
};

/* A request being answered. */
struct guardian_request {
    struct guardian*                     guardian;
    struct guardian_peer*                peer;
    const Containerv__Guardian__Request* message;
    struct wire_message*                 wire;
    Containerv__Guardian__Reply          reply; /* config_json and info_json: malloc'ed, freed once it is sent */
    Containerv__Guardian__Exit           exit;
    uint64_t                             stats[MESSAGE_STATS];
    struct reconcile_list                leftovers; /* what the reply tells of */
    struct linux_counts counts;    /* before the process was started; a new container has counted nothing */
    int                 passed_fd; /* goes with the reply, closed afterwards */
    bool
        waits; /* no reply now: the peer is in GUARDIAN_PEER_WAITS, for a process, or (NULL) for somebody to answer it */
};

/* What a guardian with one supervised container (supervisor.h) does more, or otherwise. All are there or none. */
struct guardian_hooks {
    /* What else is to be polled, and when to turn at the latest. */
    int (*collect)(struct guardian* guardian, struct guardian_poll* poll, int64_t* deadline_ms, struct cv_error* err);
    /* Each turn, before requests are served. CV_ERR_LOST ends the loop. */
    int (*handle)(struct guardian* guardian, struct cv_error* err);
    /* Instead of the caller's event socket. */
    void (*event)(
        struct guardian_container* container, enum containerv_event_kind kind, const struct guardian_process* process);
    /* A process has ended, nobody knows yet. False: those that wait for it are answered later. */
    bool (*ended)(struct guardian_container* container, struct guardian_process* process);
    /* True: the request is done with, by *result_out; false: it is one for the guardian. */
    bool (*request)(struct guardian_request* request, int* result_out, struct cv_error* err);
};

struct guardian {
    const struct guardian_hooks* hooks;              /* NULL: none */
    void*                        supervisor;         /* theirs */
    int                          main_fd, caller_fd; /* pidfd of the caller, -1 where it can't be had */
    short                        main_ready, caller_ready;
    struct guardian_container*   containers;
    struct guardian_process*     left; /* killed processes of destroyed containers that have not ended yet */
    struct guardian_peer*        peers;
    struct guardian_peer*        serving; /* the peer that is looked at, and the one to be looked at next */
    struct guardian_peer*        next_peer;
    struct wire_account          accounts[2]; /* the caller's, and that of all others */
    int                          spare_fd;    /* given up for the caller's next connection; -1: there is none */
    bool                         is_full;     /* of descriptors: nobody is accepted at containers' sockets */
    int64_t                      full_until_ms;
};

/* guardian-start.c: what a process must shed before it watches over containers. False: it was not started by the library. */
bool guardian_is_started_by_library(int argc);
int  guardian_settle(char** argv, struct cv_error* err);

/* Serve the caller at the other end of main_fd until it is gone, then take everything away. Takes the descriptor. */
int guardian_run(int main_fd, struct cv_error* err);
/* The same in two steps, for hooks. */
void guardian_init(struct guardian* guardian, int main_fd);
int  guardian_loop(struct guardian* guardian, struct cv_error* err);
/* Go on without the caller. */
void guardian_detach(struct guardian* guardian);

/* Where poll's answer about the descriptor (-1: none) goes, for this turn; cleared before. */
int  guardian_poll_add(struct guardian_poll* poll, int fd, short events, short* target, struct cv_error* err);
void guardian_sooner(int64_t* deadline_ms, int64_t other_ms); /* -1: none */

/* guardian-requests.c: read what has come of a request; answer it when it is complete, or let the peer wait. True: done with it. */
bool guardian_serve(struct guardian* guardian, struct guardian_peer* peer);
int  guardian_update(struct guardian_request* request, struct cv_error* err); /* one of them */

/* guardian-peers.c */
int guardian_accept(struct guardian* guardian, struct cv_error* err); /* CV_ERR_LOST: the caller is gone */
/* Takes the descriptor. `only` as in struct guardian_peer. */
void guardian_peer_add(struct guardian* guardian, int fd, struct guardian_container* only);
bool guardian_is_stream(int fd); /* a stream socket */
/* Takes passed_fd. 1: it is sent, 0: the peer takes it by and by, negative: it can't be sent. */
int guardian_reply(struct guardian_peer* peer, const Containerv__Guardian__Reply* reply, const struct cv_error* failure,
    int passed_fd);
size_t guardian_peers_count(const struct guardian* guardian, bool (*is_one)(const struct guardian_peer* peer));
/* Accept nobody for GUARDIAN_SPARE_MS, or until a connection was closed. */
void guardian_full(struct guardian* guardian);
bool guardian_has_spare(struct guardian* guardian);    /* a descriptor for the caller's next connection */
void guardian_peers_handle(struct guardian* guardian); /* serve, time out, drop */
void guardian_peers_ended(struct guardian* guardian, struct guardian_container* container,
    struct guardian_process* process); /* answer all that wait for it; frees it then unless it is the main process */
void guardian_peers_drop(struct guardian* guardian, const struct guardian_container* container);
void guardian_peer_remove(struct guardian* guardian, struct guardian_peer* peer); /* and close it */

/* guardian-records.c. `process_id`: 0 is the main process. NULL with err filled when there is none. */
struct guardian_process* guardian_process_find(
    struct guardian_container* container, int64_t process_id, struct cv_error* err);
/* Takes the child's descriptors, not terminal_fd; also on failure. */
struct guardian_process* guardian_process_add(struct guardian_container* container, const struct linux_child* child,
    bool is_main, int64_t timeout_ms, struct cv_error* err);
void guardian_process_remove(struct guardian_container* container, struct guardian_process* process);
void guardian_process_release(
    struct guardian_container* container, struct guardian_process* process); /* its zombie, if there is one */
void guardian_process_timeout(struct guardian_container* container, struct guardian_process* process);
void guardian_container_reap(struct guardian* guardian, struct guardian_container* container); /* all that have ended */
/* Before a kill, and when PID 1 begins to end: let all zombies go, and hold no new ones. */
void guardian_container_ends(struct guardian_container* container);
/* After a kill: returns when all its processes and PID 1 are reaped. CV_ERR_TIMEOUT after GUARDIAN_END_MS. */
int guardian_container_drain(struct guardian* guardian, struct guardian_container* container, struct cv_error* err);
struct guardian_container* guardian_container_find(struct guardian* guardian, const char* id, struct cv_error* err);
/* Kill, take away, free. */
int guardian_container_remove(struct guardian* guardian, struct guardian_container* container, struct cv_error* err);
/* Only our memory of it and its descriptors; linux_ is gone already. */
void guardian_container_forget(struct guardian* guardian, struct guardian_container* container);
/* Reap children that are nobody's process: deletes in the background, and what is left of destroyed containers. */
void guardian_reap_strays(struct guardian* guardian);

/* guardian-reconcile.c */
int  guardian_reconcile(struct guardian_request* request, struct cv_error* err);
void guardian_reconcile_release(struct guardian_request* request); /* of the reply, once it is sent */

/* guardian-listen.c */
int guardian_listen(struct guardian_container* container, struct cv_error* err); /* make the socket in the run folder */
void guardian_listen_accept(struct guardian* guardian, struct guardian_container* container);

/* guardian-copy.c. The socket is borrowed. */
int guardian_copy_start(
    struct guardian_container* container, const struct linux_copy* copy, int socket_fd, struct cv_error* err);
int guardian_copies_check(struct guardian_container* container, struct cv_error* err); /* CV_ERR_LIMIT: no more */
/* Remember one, after that check. Takes the pidfd. */
void guardian_copies_add(struct guardian_container* container, int pidfd);
void guardian_copies_kill(struct guardian_container* container);
/* Wait for those that were killed: after the container's processes, one of which may be the filesystem that a copy waits for. */
void guardian_copies_end(struct guardian_container* container, int64_t deadline_ms);

/* guardian-snapshot.c. The descriptors are borrowed. */
int guardian_snapshot_start(
    struct guardian_container* container, const struct linux_snapshot* snapshot, bool pause, struct cv_error* err);
void guardian_snapshot_ended(struct guardian_container* container);  /* let the container go on */
void guardian_snapshot_forget(struct guardian_container* container); /* somebody else has, or it is destroyed */

/* guardian-events.c */
void guardian_event(struct guardian_container* container, enum containerv_event_kind kind,
    const struct guardian_process* process); /* NULL: none */
void guardian_events_flush(struct guardian_container* container);

#endif
