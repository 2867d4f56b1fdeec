/*
 * One container as the guardian holds it: what was made for it on the host, and its PID 1. All functions run in the guardian, which is
 * single-threaded and a child of nobody's threads; none of them blocks for longer than the named deadlines.
 *
 * Life: linux_container_create() claims the id and makes everything; the processes are children of the guardian (or of the container's
 * PID 1, for the main process with an init); linux_container_destroy() takes everything away in reverse order and frees it. Every
 * function that fails leaves nothing behind.
 */
#ifndef CV_LINUX_CONTAINER_H
#define CV_LINUX_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>
#include <cv/macros.h>
#include <cv/strv.h>

#include "linux/home.h"
#include "spec/spec.h"

struct linux_container;
struct linux_seccomp_notify;

/* One program to start. Descriptors are borrowed. */
struct linux_start {
    const struct cv_spec_process* process;
    const char*                   user;     /* "name:group" of the container's own files, NULL: process->user counts */
    const struct cv_strv*         groups;   /* may be NULL */
    int                           stdio[3]; /* -1: the null device */
    const int*                    extra;    /* become 3, 4, ... */
    size_t                        extra_count;
    bool                          terminal;
    uint16_t                      columns, rows;
    const char*                   keyring; /* name of the session keyring to go to (keyring.h); NULL: the caller's */
    const struct linux_seccomp_notify* notify; /* of a bare container whose filter asks somebody; may be NULL */
};

/* A process that runs. `pidfd` and `terminal_fd` belong to whoever got the struct. */
struct linux_child {
    pid_t pid;         /* in the guardian's PID namespace */
    int   pidfd;       /* close-on-exec; waitid(P_PIDFD) works when `ours` */
    int   terminal_fd; /* the other end of its terminal, -1 without */
    bool  ours;        /* child of the guardian: it stays a zombie until it is waited for; else a child of PID 1 */
    const struct linux_seccomp_notify* notify; /* said by the caller: who is told when its filter asks; NULL: nobody */
};

/*
 * Once, with the program's arguments, before all else: without root's rights the guardian becomes root of a user namespace, for which the
 * program starts anew with `kept_fd` (unprivileged.h). What goes wrong is told by the first create.
 */
void linux_container_settle(char** argv, int kept_fd);

/*
 * Make the container. With `main` the command is started: main_out tells about it. With an init, the main process is a child of the
 * container's PID 1, and its end is told by the end of PID 1 (linux_container_main_status). Without an init it is PID 1 itself.
 */
int linux_container_create(const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err);

/* The same, in a home that the caller has claimed, and goes on to own: it must outlive the container. NULL: it claims one. */
int linux_container_create_in(const struct linux_home* home, const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err);
int linux_container_claim(const char* id, enum linux_home_mode mode, struct linux_home* home_out, struct cv_error* err);

/* Whether this back end builds what the specification asks for, as far as that can be told without making it. */
int linux_container_check(const struct cv_spec* spec, bool has_command, struct cv_error* err);

/* Start a further process (or, in a container without init that has no process yet, its PID 1: then *is_main_out is set). */
int linux_container_spawn(struct linux_container* container, const struct linux_start* start,
    struct linux_child* child_out, bool* is_main_out, struct cv_error* err);

/* The container's end of one copy: copy.h. */
struct linux_copy {
    const char* path;                                                   /* inside */
    bool        to_host, owners, setuid, follow, nodes, one_filesystem; /* as in struct copy_job */
};

/* Start it, with its socket, which is borrowed. It ends when the other end closes; what goes wrong is said there. */
int linux_container_copy(const struct linux_container* container, const struct linux_copy* copy, int socket_fd,
    int* pidfd_out, struct cv_error* err);

/* Diff or commit: snapshot.h. Both descriptors are borrowed. */
struct linux_snapshot {
    int socket_fd;
    int folder_fd; /* -1: diff */
};
/* As linux_container_copy(), also of a container that is paused or has stopped. CV_ERR_UNSUPPORTED when its root is used in place. */
int linux_container_snapshot(const struct linux_container* container, const struct linux_snapshot* snapshot,
    int* pidfd_out, struct cv_error* err);

const char*           linux_container_id(const struct linux_container* container);
const struct cv_spec* linux_container_spec(const struct linux_container* container);

/* Its folder in the run folder: only its owner may enter it. */
int linux_container_open_run_folder(const struct linux_container* container, int* fd_out, struct cv_error* err);

/* pidfd of the container's PID 1, a child of the guardian; readable once it has ended. Borrowed. */
int linux_container_init_pidfd(const struct linux_container* container);

/* Readable, or hung up, as soon as PID 1 begins to end, when its pidfd is not yet. -1 without an init: nothing tells. Borrowed. */
int linux_container_end_fd(const struct linux_container* container);

/* How many zombies of it may be held: they count against its limit of processes. None where nothing tells that PID 1 ends. */
size_t linux_container_max_held(const struct linux_container* container);

/*
 * After init_pidfd became readable and before destroy: how the main process ended, as waitid's si_code/si_status would say for it
 * (CLD_EXITED, CLD_KILLED, CLD_DUMPED), with its CPU time and peak memory. Reaps PID 1. Call once.
 */
struct linux_status {
    bool     known; /* false: PID 1 ended without telling; then signal and code are PID 1's own */
    int      code;  /* exit code when signal is 0 */
    int      signal;
    int64_t  cpu_ns;
    uint64_t peak_memory_bytes;
};
int linux_container_main_status(
    struct linux_container* container, struct linux_status* status_out, struct cv_error* err);

/* Signal the main process: through PID 1, which forwards, or PID 1 itself. */
int linux_container_signal_main(struct linux_container* container, int number, struct cv_error* err);

int linux_container_kill(struct linux_container* container, struct cv_error* err); /* all processes, also when frozen */
int linux_container_pause(struct linux_container* container, struct cv_error* err);
int linux_container_resume(struct linux_container* container, struct cv_error* err);
int linux_container_processes(
    struct linux_container* container, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err);

/* Limits from now on: ext.limits of `limits`. After a failure they are as before. `paused`: it stands still and shall go on to. */
int linux_container_update(
    struct linux_container* container, const struct cv_spec* limits, bool paused, struct cv_error* err);

struct containerv_stats;
int linux_container_stats(struct linux_container* container, struct containerv_stats* stats_out, struct cv_error* err);

/* What explains ends of processes, so far; 0 where it isn't counted. */
struct linux_counts {
    uint64_t oom_kills, pids_refused;
    bool     upper_full; /* now */
};
void linux_container_counts(const struct linux_container* container, struct linux_counts* counts_out);

/* A descriptor to be polled for `events`: then a process was, or is about to be, killed for want of memory. CV_ERR_UNSUPPORTED where nobody
 * counts. After each event linux_oom_watch_read(), which tells how many kills come in any case; 0: linux_container_counts() tells. */
struct linux_oom_watch {
    int   fd; /* the caller's, to be closed before the container is destroyed */
    short events;
};
int linux_container_watch_oom(
    const struct linux_container* container, struct linux_oom_watch* watch_out, struct cv_error* err);
uint64_t linux_oom_watch_read(const struct linux_oom_watch* watch);

/* Kill, take everything away, free. The first error is reported, the rest is taken away all the same; what could not be is left to the
 * next sweep. Slow deletes are left to a child. CV_ERR_TIMEOUT: killed processes are still there, kept by the kernel; nothing of the
 * container is given to anybody else before linux_container_finish_left finds that they have ended. */
int linux_container_destroy(struct linux_container* container, struct cv_error* err);

/* Take away those destroyed containers whose last processes have ended meanwhile. Does not wait; to be called now and then. */
void linux_container_finish_left(void);

/* Before each create of a guardian: with it a create looks for what dead owners left only when one has died (deaths.h). Without, always. */
int linux_container_watch(struct cv_error* err);

#endif
