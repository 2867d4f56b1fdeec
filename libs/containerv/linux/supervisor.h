/*
 * The supervisor: the guardian's loop with one container that outlives its caller. It holds the lock of the container's run folder, and
 * answers at the socket in there, for as long as it lives, over all restarts; the container's folder stays when it ends. It ends when the
 * container has stopped for good: a container that does not run has no process.
 *
 * What it was started for is said by one Create request over its main socket (enum Action of guardian.proto). With RUN and START it goes
 * on without its caller from then on.
 *
 * Order at the end of the main process: its output is in the log, how it ended in state.json, then in the journal, then told to those that
 * wait. Those are told when everything of the run is taken away, unless it is started again.
 */
#ifndef CV_LINUX_SUPERVISOR_H
#define CV_LINUX_SUPERVISOR_H

#include <stdbool.h>

#include <chef/containerv/supervised.h>
#include <cv/error.h>

#include "linux/guardian.h"
#include "linux/home.h"
#include "linux/log.h"
#include "linux/supervisor-plan.h"
#include "linux/supervisor-streams.h"

enum {
    SUPERVISOR_MAX_ENDED = 256 /* ended processes that nobody has waited for; the oldest go */
};

/* Who asked last for what may end the main process. */
struct supervisor_asked {
    bool     set;
    int      signal; /* 0: whatever ended it then */
    uint32_t uid;
    int64_t  pid;
};

struct supervisor {
    struct guardian            guardian;
    struct linux_home          home;
    struct cv_spec*            spec;
    struct guardian_container* container; /* NULL: none */
    struct linux_log_writer*   log;       /* once it has run */
    struct supervisor_streams* streams;   /* of this run's main process; NULL: there is none */
    struct containerv_info     info;      /* as in state.json */
    struct plan_restart        restart;
    struct plan_health         health;
    struct plan_stop           stop;
    struct supervisor_asked    asked;
    struct guardian_process*   check;         /* of its health; NULL: none runs */
    int64_t                    restart_ms;    /* when to start it again; -1: not */
    int64_t                    destroy_by_ms; /* -1: nobody wants it destroyed */
    struct linux_oom_watch     oom;           /* fd -1: nothing to watch */
    short                      oom_ready;
    uint64_t                   oom_kills;   /* of this run, that were told */
    bool                       claimed;     /* the home is ours */
    bool                       live;        /* it has a record, which is kept true */
    bool                       unwritten;   /* but could not be written */
    bool                       is_checking; /* the process that starts is a check */
    bool                       done;        /* end with the next turn */
};

/* Serve the caller at the other end of main_fd, and then the container for as long as it is not at rest. Once a process. Takes the descriptor. */
int supervisor_serve(int main_fd, struct cv_error* err);

/* supervisor-create.c: the one create request; config.json as the container is now. */
int supervisor_write_spec(struct supervisor* supervisor, struct cv_error* err);
int supervisor_create(struct supervisor* supervisor, struct guardian_request* request, struct cv_error* err);

/* supervisor-run.c: make the namespaces, start the command if there is one. supervisor->container is there, and stays after a failure. */
int supervisor_run(struct supervisor* supervisor, struct cv_error* err);
/* What is left of a run that has ended, but its container's home. */
int  supervisor_clear_run(struct supervisor* supervisor, struct cv_error* err);
void supervisor_kill(struct supervisor* supervisor);

/* supervisor-life.c: what is due while it runs. */
int supervisor_collect(
    struct guardian* guardian, struct guardian_poll* poll, int64_t* deadline_ms, struct cv_error* err);
int supervisor_handle(struct guardian* guardian, struct cv_error* err);

/* supervisor-end.c */
void supervisor_tell_oom(
    struct supervisor* supervisor, uint64_t more); /* those that the kernel counts, and `more` for sure */
bool supervisor_ended(struct guardian_container* container, struct guardian_process* process);
void supervisor_finish(
    struct supervisor* supervisor); /* it has stopped for good: take everything away but its folder */

/* supervisor-tell.c: the record and the journal. What can't be written is tried again at the end. */
int  supervisor_record(struct supervisor* supervisor, struct cv_error* err);
void supervisor_trouble(
    struct supervisor* supervisor, const char* what, const struct cv_error* failure); /* into the record */
void supervisor_journal(struct supervisor* supervisor, enum containerv_event_kind kind,
    const struct guardian_process* process, const char* detail); /* both may be NULL */
void supervisor_event(
    struct guardian_container* container, enum containerv_event_kind kind, const struct guardian_process* process);

/* supervisor-requests.c */
bool supervisor_request(struct guardian_request* request, int* result_out, struct cv_error* err);

/* supervisor-place.c: out of the caller's session or service, best effort. */
void supervisor_leave_cgroup(void);

#endif
