/* What the commands of cvrun share. They talk to containers by linux/bare.h only. */
#ifndef CVRUN_H
#define CVRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/macros.h>

#include "log-line.h"
#include "options.h"

struct linux_bare;
struct linux_bare_info;

enum {
    CVRUN_EXIT_OURS   = 1,
    CVRUN_EXIT_EXEC   = 255, /* of exec, whose program may well end with 1 */
    CVRUN_EXIT_SIGNAL = 128,
};

/* One call of a command. Everything is borrowed. */
struct cvrun_call {
    const char*                root; /* the folder of all containers */
    bool                       systemd_cgroup, no_cgroup;
    const struct cvrun_syntax* syntax;
    struct cvrun_options*      options;
    int                        count; /* of its arguments */
    char**                     arguments;
};

/* 0, and the program's exit code where it has one, or an error. */
typedef int (*cvrun_command)(const struct cvrun_call* call, int* code_out, struct cv_error* err);

int cvrun_create(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_run(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_start(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_exec(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_state(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_list(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_ps(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_kill(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_delete(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_pause(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_resume(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_update(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_events(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_spec(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_features(const struct cvrun_call* call, int* code_out, struct cv_error* err);
int cvrun_unsupported(const struct cvrun_call* call, int* code_out, struct cv_error* err);

int cvrun_main(int argc, char** argv);

/* --- the log (log-posix.c) -------------------------------------------------------------------------------------------------------- */

/* Where lines go from now on. Without `path`: to standard error, errors as plain text unless `json`. */
int cvrun_log_open(const char* path, bool json, enum cvrun_log_level least, struct cv_error* err);

/* A line of that level, or nothing when it is of less weight than asked for. */
void cvrun_log(enum cvrun_log_level level, const char* format, ...) CV_PRINTF(2, 3);

/* The error that ends this call: to the log, and to standard error in any case. */
void cvrun_log_failure(const struct cv_error* error);

/* --- things of the host ----------------------------------------------------------------------------------------------------------- */

/* The folder of containers when none is given: /run/cvrun for root, $XDG_RUNTIME_DIR/cvrun or /run/user/UID/cvrun for others. malloc'ed. */
char* cvrun_default_root(struct cv_error* err);

/* What the host knows this process's user as, also when it is root of a user namespace. */
int cvrun_host_user(uint32_t* uid_out, struct cv_error* err);

/* Write all of `text` to standard output. */
int cvrun_print(const char* text, struct cv_error* err);

/* The absolute path of a folder that is there. malloc'ed, NULL with err. */
char* cvrun_folder(const char* path, struct cv_error* err);

/* A Unix socket to whoever waits for a terminal. */
int cvrun_connect(const char* path, int* fd_out, struct cv_error* err);

/* Descriptors 3 and up that a container gets: those of LISTEN_FDS when they are for this process (the environment is told of them), then
 * `preserve` more, all of which must be open. *list_out is malloc'ed, NULL when there is none. */
int cvrun_descriptors(
    uint32_t preserve, struct cv_strv* environment, int** list_out, size_t* count_out, struct cv_error* err);

/* --- containers ------------------------------------------------------------------------------------------------------------------- */

/* By the call's first argument. "does not exist" is what callers of runc look for. */
int cvrun_open(const struct cvrun_call* call, const char* id, struct linux_bare** bare_out, struct cv_error* err);

/* Tell what hooks had to complain about. */
void cvrun_log_warning_of(const struct linux_bare* bare);

#endif
