/* The parts of `cvctl run`: options (run-options.h), the library's options (run-build.c), the container (run-create.c), and how it is
 * watched (session). */
#ifndef CVCTL_RUN_H
#define CVCTL_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <chef/containerv.h>
#include <cv/handle.h>

#include "detach-keys.h"
#include "run-options.h"

/* Fill an options object. `root` is the root folder, absolute. *rootfs_out is what containerv_create() wants as rootfs: `root` or NULL. */
int cvctl_run_build(struct cvctl_run_options* options, const char* root, struct containerv_options** made_out,
    const char** rootfs_out, struct cv_error* err);

/*
 * Catch signals, find (or make) the root, make the container: the options were checked. Returns 0, or cvctl's exit code when it has failed,
 * which was told. *terminal as of cvctl_session_command().
 */
int cvctl_run_create(
    struct cvctl_run_options* options, struct containerv_container** container_out, containerv_handle_t* terminal);

/* The same of a container that outlives us (options->detach): prints its id, leaves it alone. CV_SUPERVISED_DEFER in
 * options->supervision.flags, set after the check of the options, makes it without starting it. */
int cvctl_run_detached(struct cvctl_run_options* options);

/*
 * Signals that end a run (INT, TERM, HUP, QUIT) and SIGWINCH are caught from cvctl_signals_catch() on. The handle becomes readable when
 * one has come; cvctl_signals_take() returns its number, 0 when there is none.
 */
int                 cvctl_signals_catch(struct cv_error* err);
containerv_handle_t cvctl_signals_handle(void);
int                 cvctl_signals_take(void);
int                 cvctl_signals_stop(void); /* the first ending signal that came, 0: none. Does not take it */

/*
 * For commands that only look: from here on an ending signal ends cvctl at once, and quietly, with 128 and its number, whatever it waits
 * for. So does a reader of its output that has gone.
 */
void cvctl_signals_end(void);

/* Until that many milliseconds are over. For what is shown again and again. */
void cvctl_signals_pause(int64_t milliseconds);

/*
 * Make the command the container's main process. Its streams are the caller's own, or with -t a new terminal, whose other end
 * containerv_create() writes to *terminal; the caller gives that to cvctl_session_run(), which closes it. Those of a container that outlives
 * us are its supervisor's.
 */
int cvctl_session_command(const struct cvctl_run_options* options, struct containerv_options* made,
    containerv_handle_t* terminal, struct cv_error* err);

/* The streams of one process of ours: the caller's own or a new terminal (session-posix.c). */
void cvctl_session_streams(
    bool interactive, containerv_handle_t* terminal, struct containerv_spawn_options* spawn); /* NULL: no terminal */

/* The caller's standard input is a terminal. */
int cvctl_check_terminal(struct cv_error* err);

/* One process of a container that is watched. Zero is no use: start from cvctl_session_of(). */
struct cvctl_session {
    struct containerv_container* container;
    process_handle_t             process;     /* CV_PROCESS_MAIN, or one that was spawned here */
    bool                         interactive; /* what is typed goes there */
    bool                         kills_all;   /* the second ending signal kills the container, else the process */
    bool                         only_looks;  /* attach: no signal kills, all are passed on */
    bool                         no_signals;  /* attach --sig-proxy=false: an ending signal ends the session */
    containerv_handle_t
        terminal; /* the process's; closed by the session. CV_HANDLE_NONE: it has the caller's streams */

    /* Attached: what it writes comes from the log, until the container has stopped. Both are closed by the session. */
    struct containerv_log* log;
    containerv_handle_t    input;       /* CV_HANDLE_NONE: none */
    bool                   input_ends;  /* with the caller's */
    bool                   is_terminal; /* `input` is one */

    struct cvctl_detach_keys* keys; /* looked for in what is typed on a terminal; NULL: none */
};

struct cvctl_session_end {
    struct containerv_exit exit;
    int                    stopped;  /* the signal with which the user had it killed, or left; else 0 */
    bool                   detached; /* by keys or a signal: it goes on, and `exit` says nothing */
};

struct cvctl_session cvctl_session_of(struct containerv_container* container, bool interactive);

/*
 * Watch the process: connect the terminal, forward signals, and wait for its end. The caller's terminal is as before on return. The
 * container still exists. Once in a program's life. When it detached, or failed, with a process that was spawned or with a log, a thread
 * may still wait: then the container's handle is not to be closed any more.
 */
int cvctl_session_run(struct cvctl_session* session, struct cvctl_session_end* end_out, struct cv_error* err);

/* The exit code for a failed start, by docker's rules; prints the error. */
int cvctl_start_failed(const struct cv_error* err);

/* The exit code for an end; prints why, when it was not the program's own doing. `limit` is put behind that, may be "". */
int cvctl_end_code(const char* id, const char* program, const struct containerv_exit* end, const char* limit);

#endif
