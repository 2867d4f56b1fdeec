/*
 * Containers that nobody of ours stays with: what an OCI runtime makes. The process that calls is, for as long as it runs, what the
 * guardian is for others: it makes PID 1 as its own child and ends; whoever started it (conmon, a shim) reaps PID 1. All that later
 * callers need is in the container's folder `<root>/<id>`: state.json, config.json, the socket `start`.
 *
 * Single-threaded, static programs only (cvrun). No function prints. Errors as everywhere. Linux only.
 */
#ifndef CV_LINUX_BARE_H
#define CV_LINUX_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>
#include <cv/macros.h>
#include <cv/strv.h>

#include "spec/spec.h"

enum { LINUX_BARE_ID_MAX = 255 };

/* First thing in main(), with the program's arguments, which must stay: the program may be started anew, where nobody can write to it.
 * What goes wrong is told by linux_bare_create() and linux_bare_exec(). Without `makes` it is not, and these two fail: only they need it,
 * and it takes milliseconds. */
void linux_bare_settle(char** argv, bool makes);

/* First thing, before any file or socket is opened, in a command that will call linux_bare_create(): without root's rights the program
 * is started anew in a user namespace in which each id is itself. What goes wrong is told by linux_bare_create(). */
void linux_bare_become_maker(void);

/* [A-Za-z0-9_+.-], not beginning with '.', at most LINUX_BARE_ID_MAX. */
int linux_bare_check_id(const char* id, struct cv_error* err);

enum linux_bare_status {
    LINUX_BARE_CREATING,
    LINUX_BARE_CREATED,
    LINUX_BARE_RUNNING,
    LINUX_BARE_PAUSED,
    LINUX_BARE_STOPPED
};

/* What is known of a container. Strings belong to it. */
struct linux_bare_info {
    char*                  id;
    char*                  bundle;
    char*                  rootfs;     /* absolute */
    char*                  cgroup;     /* path below the roots of the hierarchies; NULL: none */
    enum linux_bare_status status;     /* looked at now */
    pid_t                  pid;        /* 0 when it has stopped */
    int64_t                created_ns; /* of the real-time clock */
    uid_t                  owner;
    bool                   systemd_cgroup;
    struct cv_spec*        spec; /* as it was given: annotations, hooks, ... */
};
void linux_bare_info_release(struct linux_bare_info* info);

/* As the OCI specification calls it: "created", ... */
const char* linux_bare_status_text(enum linux_bare_status status);

/* How the runtime was called; everything is borrowed. */
struct linux_bare_options {
    const char* root; /* folder of all containers; made, 0700, when it isn't there */
    const char* id;
    const char* bundle;                    /* absolute */
    bool        systemd_cgroup, no_cgroup; /* --systemd-cgroup; --cgroup-manager=disabled */
    bool        no_pivot, no_new_keyring;
    int         stdio[3];
    const int*  extra; /* --preserve-fds: become 3, 4, ... */
    size_t      extra_count;
    int         console_fd;   /* connected to --console-socket, gets the terminal's other end; -1: see terminal_out */
    bool        own_terminal; /* run without --console-socket: the terminal's other end goes to *terminal_fd_out */
    const char* pid_file;     /* written before it is returned; NULL: none */
};

/*
 * Make the container up to "created": hooks prestart, createRuntime and createContainer are run, its program waits for
 * linux_bare_start(). On failure nothing is left. CV_ERR_EXISTS: the id is taken. `spec` was read from the bundle's config.json; it is
 * validated here, its root's path may be relative to the bundle. *pid_out is a child of the caller; *terminal_fd_out (may be NULL) is the caller's.
 */
int linux_bare_create(const struct cv_spec* spec, const struct linux_bare_options* options, pid_t* pid_out,
    int* terminal_fd_out, struct cv_error* err);

/* A container that is there, for the calls below. CV_ERR_NOT_FOUND. Its state file is locked by calls that change it, not by this. */
struct linux_bare;
int linux_bare_open(const char* root, const char* id, struct linux_bare** bare_out, struct cv_error* err);
struct linux_bare* linux_bare_close(struct linux_bare* bare);
CV_DEFINE_CLEANUP(struct linux_bare, linux_bare_close)

/* All ids below root, sorted; names that are none are left out. The caller releases the list. */
int linux_bare_list(const char* root, struct cv_strv* ids_out, struct cv_error* err);

/* Its status now. Borrowed, changed by the next call. */
int linux_bare_look(struct linux_bare* bare, const struct linux_bare_info** info_out, struct cv_error* err);

/* What the last start or delete has to tell though it succeeded: that poststart or poststop hooks failed. NULL: nothing. */
const struct cv_error* linux_bare_warning(const struct linux_bare* bare);

/* Let the program run, then the poststart hooks. CV_ERR_STATE unless it is "created". What keeps it from its exec is the error. */
int linux_bare_start(struct linux_bare* bare, struct cv_error* err);

/* CV_ERR_STATE when it has stopped. `all`: every process of its cgroup. */
int linux_bare_kill(struct linux_bare* bare, int number, bool all, struct cv_error* err);

/* Take it away, then the poststop hooks. Running: CV_ERR_STATE unless `force`,
 * which kills first. */
int linux_bare_delete(struct linux_bare* bare, bool force, struct cv_error* err);

/* Remove the folder of a container whose state can't be read (force): cgroups and processes can't be found any more. */
int linux_bare_forget(const char* root, const char* id, struct cv_error* err);

int linux_bare_pause(struct linux_bare* bare, struct cv_error* err);
int linux_bare_resume(struct linux_bare* bare, struct cv_error* err);
/* What is given of `resources` from now on; the rest stays. */
int linux_bare_update(struct linux_bare* bare, const struct cv_spec_resources* resources, struct cv_error* err);

/* Pids, as the caller sees them, of all its processes. *list_out is malloc'ed. */
int linux_bare_processes(struct linux_bare* bare, pid_t** list_out, size_t* count_out, struct cv_error* err);

struct containerv_stats;
int linux_bare_stats(struct linux_bare* bare, struct containerv_stats* stats_out, struct cv_error* err);

/* A further process, a child of the caller. Borrowed. */
struct linux_bare_exec {
    const struct cv_spec_process* process; /* complete: nothing is taken from the container's own */
    int                           stdio[3];
    const int*                    extra;
    size_t                        extra_count;
    int                           console_fd;
    bool                          own_terminal;
    const char*                   pid_file;
    const char*                   cgroup; /* below the container's own; NULL: that itself */
};
int linux_bare_exec(struct linux_bare* bare, const struct linux_bare_exec* exec, pid_t* pid_out, int* terminal_fd_out,
    struct cv_error* err);

#endif
