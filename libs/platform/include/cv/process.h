/*
 * Programs of the host. An argument vector, never a shell; on Windows cv_process_command_line() makes the one string
 * that CreateProcess wants, such that the program's C runtime finds the same vector again.
 *
 * The child gets exactly the handles of the spec: everything else that is open stays here, also what another thread
 * opens meanwhile without O_CLOEXEC. Signal handlers and the signal mask are back to their defaults in it.
 *
 * The calling program's threads and signal handlers are not disturbed. When it reaps all children itself
 * (waitpid(-1), or SIGCHLD ignored) the exit code is gone: cv_process_wait() then returns CV_ERR_LOST, never a made-
 * up code.
 */
#ifndef CV_PROCESS_H
#define CV_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/handle.h>
#include <cv/macros.h>

enum { CV_PROCESS_PASS_MAX = 16 };

enum cv_process_flags {
    /* away from our terminal and its Ctrl-C: a new session (POSIX), a new process group without console (Windows) */
    CV_PROCESS_DETACHED = 1 << 0,
};

struct cv_process_spec {
    const char* const*         argv;     /* NULL-terminated, argv[0] required */
    const char*                program;  /* the file to run; NULL: argv[0]. Without a slash it is looked up in PATH */
    const char* const*         env;      /* "NAME=value", NULL-terminated; NULL: inherit ours */
    const char*                cwd;      /* NULL: ours */
    containerv_handle_t        stdio[3]; /* borrowed; CV_HANDLE_NONE: the null device */
    const containerv_handle_t* pass;     /* borrowed; more handles: fd 3, 4, ... on POSIX, the same values on Windows */
    size_t                     n_pass;
    unsigned                   flags; /* enum cv_process_flags */
};

/* All of it CV_HANDLE_NONE, 0 and NULL. stdio is 0 by a plain initializer, which on POSIX is our stdin: use this. */
#define CV_PROCESS_SPEC_INIT                                                                                           \
    {                                                                                                                  \
        .stdio = { CV_HANDLE_NONE, CV_HANDLE_NONE, CV_HANDLE_NONE }                                                    \
    }

struct cv_process; /* owns the pidfd, or the process HANDLE */

/*
 * Start it. Returns when the program is loaded: a file that is missing (CV_ERR_NOT_FOUND) or not executable
 * (CV_ERR_NOT_EXECUTABLE, CV_ERR_PERMISSION) and a bad cwd are errors of this call. Thread-safe.
 */
int cv_process_start(const struct cv_process_spec* spec, struct cv_process** process_out, struct cv_error* err);

/*
 * Wait for its end. timeout_ms: -1 = no limit, 0 = only look; CV_ERR_TIMEOUT when it still runs then.
 * *exit_code_out: what it returned, or 128 + the number of the signal that killed it (Windows: the code as it is, a
 * crash is a negative NTSTATUS). May be called again and gives the same. Not for two threads at once.
 */
int cv_process_wait(struct cv_process* process, int64_t timeout_ms, int* exit_code_out, struct cv_error* err);

/* End it now (SIGKILL; exit code 137 on Windows too). No error when it has already ended. Does not wait. */
int cv_process_kill(struct cv_process* process, struct cv_error* err);

int64_t             cv_process_id(const struct cv_process* process);
containerv_handle_t cv_process_handle(const struct cv_process* process); /* readable/signalled at its end; borrowed */

/* Let go of it: does not end it, nor wait. Returns NULL. */
struct cv_process* cv_process_free(struct cv_process* process);

CV_DEFINE_CLEANUP(struct cv_process, cv_process_free)

/* Start, wait, free. On CV_ERR_TIMEOUT it was killed and reaped. */
int cv_process_run(const struct cv_process_spec* spec, int64_t timeout_ms, int* exit_code_out, struct cv_error* err);

/*
 * The command line for a vector, by the rules of the Microsoft C runtime and CommandLineToArgvW: quotes where
 * needed, backslashes doubled only before a quote. Pure, the same on every system. malloc'ed; NULL with
 * CV_ERR_INVALID when argv[0] has a quote in it (it can't be written) or the whole is longer than Windows' 32766
 * characters.
 */
char* cv_process_command_line(const char* const* argv, struct cv_error* err);

/* UTF-8 "A=1", "B=2" as one block "A=1\0B=2\0\0" sorted by name without regard to case, as Windows wants it.
 * *length_out counts every NUL. CV_ERR_INVALID for an entry without a name or '='. malloc'ed. */
char* cv_process_env_block(const char* const* env, size_t* length_out, struct cv_error* err);

#endif
