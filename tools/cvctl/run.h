/* The parts of `cvctl run`: options (run-options.h), the library's options (run-build.c), the container (run-create.c), and how it is
 * watched (session). */
#ifndef CVCTL_RUN_H
#define CVCTL_RUN_H

#include <chef/containerv.h>
#include <cv/handle.h>

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
 * Make the command the container's main process. Its streams are the caller's own, or with -t a new terminal, whose other end
 * containerv_create() writes to *terminal; the caller gives that to cvctl_session_run(), which closes it. Those of a container that outlives
 * us are its supervisor's.
 */
int cvctl_session_command(const struct cvctl_run_options* options, struct containerv_options* made,
    containerv_handle_t* terminal, struct cv_error* err);

/*
 * Watch the main process: connect the terminal, forward signals (the second one kills), and wait for its end. *exit_out is how it ended;
 * *stopped_out the signal with which the user had it killed, else 0. The caller's terminal is as before on return. The container still
 * exists.
 */
int cvctl_session_run(struct containerv_container* container, const struct cvctl_run_options* options,
    containerv_handle_t terminal, struct containerv_exit* exit_out, int* stopped_out, struct cv_error* err);

#endif
