/*
 * What the neutral core's files share: one file per noun of the public API. Nothing here knows a back end by name; it asks feature bits.
 *
 * The public edge is one pattern: work with an explicit cv_error, then `return cv_publish(&err, rc, "what was done")`.
 */
#ifndef CV_CORE_CORE_H
#define CV_CORE_CORE_H

#include <cv/mutex.h>

#include "backend.h"

enum {
    CV_ID_DIGITS = 16, /* of an id that is made up */
    CV_ID_MAX    = 64,
    CV_HANDLES_MAX =
        240, /* extra handles of one process: what one message to a guardian can carry, and some to spare */
    CV_ARGUMENTS_MAX = 65536,
    CV_SIZED_MAX     = 4096 /* no public struct will ever be larger: a size beyond it is garbage */
};

/* What containerv_options_set_command() keeps, and what containerv_spawn() makes of its options: one process on top of the defaults. */
struct cv_command {
    bool                    set;
    struct cv_strv          args;
    bool                    env_set;
    struct cv_strv          env;
    char*                   cwd;  /* NULL: the container's */
    char*                   user; /* NULL: the container's */
    int64_t                 timeout_ms;
    uint32_t                flags;
    struct containerv_stdio stdio[3];
    containerv_handle_t*    handles;
    size_t                  handle_count;
    uint16_t                columns, rows;
    containerv_handle_t*    terminal_out; /* the caller's */
    struct containerv_exit* exit_out;     /* the caller's */
};

int cv_command_make(
    struct cv_command* command, const char* path, const struct containerv_spawn_options* options, struct cv_error* err);
int  cv_command_check(const struct cv_command* command, struct cv_error* err); /* by the rules of a specification */
int  cv_user_check(const char* user, struct cv_error* err); /* "user" or "user:group", neither empty */
void cv_command_release(struct cv_command* command);
void cv_command_io(const struct cv_command* command, struct cv_process_io* io_out); /* borrows from command */
/* Put what the command says on top of the process's defaults. */
int cv_command_apply(const struct cv_command* command, struct cv_spec_process* process, struct cv_error* err);

/* The options are a specification that grows, and what a specification has no word for. */
struct containerv_options {
    struct cv_spec*           draft;
    bool                      env_set; /* exactly draft->process.env, also when that is empty */
    uint64_t                  capabilities_add, capabilities_drop; /* bits by number */
    char*                     backend;
    struct cv_command         command;
    struct containerv_policy* policy; /* NULL: none */
};

/* What a policy is: a specification that has the level's defaults, and what was changed. */
struct containerv_policy {
    struct cv_spec*
        draft; /* of it count ext.seccomp and its profile, ext.landlock, ext.security_level, masked and read-only paths */
    uint32_t level;
    uint64_t capabilities; /* bits by number */
};

int cv_policy_copy(const struct containerv_policy* policy, struct containerv_policy** copy_out, struct cv_error* err);
/* Put it on a specification that has its defaults. */
int cv_policy_apply(const struct containerv_policy* policy, struct cv_spec* spec, struct cv_error* err);
/* "NET_ADMIN", "CAP_NET_ADMIN", "ALL". */
int cv_capability_bits(const char* name, uint64_t* bits_out, struct cv_error* err);
/* Bounding set; and bounding, effective and permitted set. */
uint64_t cv_spec_capability_bits(const struct cv_spec* spec);
int      cv_spec_set_capability_bits(struct cv_spec* spec, uint64_t bits, struct cv_error* err);

struct containerv_container {
    struct cv_mutex
        lock; /* makes "is it in that state?" and the call that needs it one step; never held while waiting */
    const struct cv_backend* backend;
    void*                    instance;
    struct cv_spec*          spec;
    struct cv_spec_process   defaults; /* of processes that are spawned: the container's, not those of its command */
    char*                    user;     /* the default user, NULL: defaults.user */
    bool                     has_main;
    bool                     opened; /* another process holds it */
};

/*
 * Pure: the complete, not yet validated spec of a container. `rootfs` is absolute or NULL. The command is not in it; defaults_out and
 * user_out are what its processes get by default. NULL options: all defaults.
 */
int cv_spec_build(const struct containerv_options* options, const char* rootfs, const char* id,
    struct cv_spec** spec_out, struct cv_error* err);
int cv_spec_add_command(struct cv_spec* spec, const struct cv_command* command, struct cv_error* err);

/* A specification with one value in it, to be checked alone before it is taken over: options.c. */
int cv_trial_new(const void* object, const void* value, struct cv_spec** trial_out, struct cv_error* err);
int cv_trial_check(struct cv_spec* trial, struct cv_error* err);

/* Keep the error as the thread's last one and set errno. `step` is used when the error has none of its own. Returns rc. */
int cv_publish(struct cv_error* err, int rc, const char* step);

/* Structs of the caller begin with their size. In: copy what both know; refuse more than we know unless it is all zero. */
int cv_sized_in(void* to, size_t to_size, const void* from, const char* what, struct cv_error* err);
/* Out: check first, then write what both know and zero the rest. Keeps the caller's size. */
int  cv_sized_check(const void* to, const char* what, struct cv_error* err);
void cv_sized_out(void* to, const void* from, size_t from_size);

/* A list of structs of the caller, of `known_size` for us: the first one's size is the step from one to the next. `add` gets each, copied
 * into `known` (whose size is known_size). `what` is the struct's name. */
struct cv_sized_list {
    const void* items;
    size_t      count, max;
    void*       known;
    size_t      known_size;
    const char* what;
};
int cv_sized_each(const struct cv_sized_list* list, int (*add)(void* context, const void* known, struct cv_error* err),
    void* context, struct cv_error* err);

/* Put the caller's limits into ext.limits of a spec that has none (options-limits.c). */
int cv_limits_apply(struct cv_spec* spec, const struct containerv_limits* limits, struct cv_error* err);

/* `name` NULL: CONTAINERV_BACKEND, else the first whose probe succeeds. */
int cv_backend_choose(const char* name, const struct cv_backend** backend_out, struct cv_error* err);
int cv_backend_find(const char* name, const struct cv_backend** backend_out, struct cv_error* err);
/* Can this back end do all that the options ask for? */
int cv_backend_can(const struct cv_backend* backend, const struct containerv_options* options, struct cv_error* err);

/* Not stopped, as bits for cv_container_in_state(). */
#define CV_STATES_ALIVE (1u << CV_STATE_CREATED | 1u << CV_STATE_RUNNING | 1u << CV_STATE_PAUSED)

/* CV_ERR_STATE unless the container is in one of the states, given as bits 1 << CV_STATE_*. `what` for the text. */
int cv_container_in_state(
    struct containerv_container* container, unsigned allowed, const char* what, struct cv_error* err);

/* CV_ERR_UNSUPPORTED when the back end has no supervised containers, CV_ERR_STATE when this is none of them. `container` may be NULL. */
int cv_container_supervised(struct containerv_container* container, const char* what, struct cv_error* err);
/* CV_ERR_UNSUPPORTED unless it has the row. */
int cv_backend_supervises(const struct cv_backend* backend, bool has_row, const char* what, struct cv_error* err);

/* cv_mutex_lock(), in a form that is given to CV_CLEANUP(cv_mutex_unlockp). */
static inline struct cv_mutex* cv_hold(struct cv_mutex* mutex)
{
    cv_mutex_lock(mutex);
    return mutex;
}

#endif
