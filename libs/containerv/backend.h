/*
 * Seam 2: what isolates. One const table per back end, chosen at run time; the core never asks which one it has, only for feature bits.
 * An empty slot has a default: the core answers CV_ERR_UNSUPPORTED with the back end's name.
 *
 * The core guarantees: specs are validated, ids are checked, calls after destroy never arrive, and after stop only spawn, of a
 * container that another process may stop at any moment; spawn, signal, pause, resume,
 * kill, resize and processes may arrive from several threads at once, wait too, beside all others; destroy arrives last and alone.
 */
#ifndef CV_BACKEND_H
#define CV_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <chef/containerv/container.h>
#include <chef/containerv/copy.h>
#include <chef/containerv/reconcile.h>
#include <chef/containerv/supervised.h>
#include <cv/error.h>

#include "spec/spec.h"

/* Streams and descriptors of one process. Handles are borrowed for the call. */
struct cv_process_io {
    struct containerv_stdio    stdio[3];
    const containerv_handle_t* handles; /* become 3, 4, ... */
    size_t                     handle_count;
    bool                       terminal;
    uint16_t                   columns, rows;
    containerv_handle_t*       terminal_out; /* with terminal; written on success */
};

/* One process to start, resolved as far as the neutral part can. Borrowed for the call. */
struct cv_process_request {
    const struct cv_spec_process*
                process; /* args, env, cwd, capabilities, rlimits, ...: complete, nothing is inherited */
    const char* user;    /* "name:group" to be resolved in the container's files, or NULL: process->user counts */
    const struct cv_strv* groups; /* supplementary, may be NULL */
    int64_t               timeout_ms;
    struct cv_process_io  io;
};

/* One source to copy. Borrowed for the call. */
struct cv_copy_request {
    bool                to_host;
    const char*         host_path;              /* NULL with an archive */
    bool                archive;                /* to or from a tar archive: */
    containerv_handle_t stream;                 /* that; borrowed */
    const char*         container_path;         /* absolute */
    uint32_t            flags;                  /* CV_COPY_*; neither OWNERS nor NO_OWNERS: as the caller can */
    uint64_t            max_bytes, max_entries; /* UINT64_MAX: none */
    int64_t             stall_ms;               /* -1: none */
    /* A path that failed; the rest goes on unless it returns < 0. */
    int (*failed)(void* context, const char* path, const struct cv_error* failure, struct cv_error* err);
    /* What was copied since the last call; several times a second, also when nothing was. < 0 ends the copy. */
    int (*moved)(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err);
    void* context;
};

/* What a container has changed. Borrowed for the call. */
struct cv_snapshot_request {
    const char* folder; /* a layer is to be made there, which does not exist yet; NULL: tell the changes */
    bool        pause;
    int (*changed)(void* context, char change, const char* path, struct cv_error* err);  /* 'A', 'C', 'D' */
    int (*moved)(void* context, uint64_t entries, uint64_t bytes, struct cv_error* err); /* as in a copy */
    void* context;
};

struct cv_backend {
    const char* name;
    uint64_t    features; /* CV_FEATURE_* */
    uint32_t    caps;     /* CV_CAP_* that it gives */

    int (*probe)(struct cv_error* err); /* can it run here? */

    /* Features of those above that this caller can't have on this host; asked for, each is refused with its reason. NULL: none. */
    uint64_t (*withheld)(void);

    /* Make the container of ext.id. `main` is the command (with its streams) or NULL. *instance_out is the back end's. */
    int (*create)(
        const struct cv_spec* spec, const struct cv_process_request* main, void** instance_out, struct cv_error* err);
    /* With CV_FEATURE_OPEN: reach a container that another process holds, and what describes it; name those that can be reached; give a
     * handle up without any effect on the container. */
    int (*open)(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err);
    int (*list)(int (*each)(const char* id, void* context), void* context, struct cv_error* err);
    /* The same with what is known of each, NULL for one that can't be looked at. */
    int (*list_info)(int (*each)(const char* id, const struct containerv_info* info, void* context), void* context,
        struct cv_error* err);
    void (*close)(void* instance);
    int (*spawn)(
        void* instance, const struct cv_process_request* request, process_handle_t* handle_out, struct cv_error* err);
    int (*wait)(void* instance, process_handle_t process, int64_t timeout_ms, struct containerv_exit* exit_out,
        struct cv_error* err);
    int (*signal)(void* instance, process_handle_t process, int number, struct cv_error* err);
    int (*kill)(void* instance, struct cv_error* err);
    int (*resize)(void* instance, process_handle_t process, uint16_t columns, uint16_t rows, struct cv_error* err);
    int (*pause)(void* instance, struct cv_error* err);
    int (*resume)(void* instance, struct cv_error* err);
    int (*processes)(
        void* instance, struct containerv_process_info* list, size_t capacity, size_t* count_out, struct cv_error* err);
    int (*state)(void* instance, enum containerv_state* state_out, struct cv_error* err);
    int (*next_event)(
        void* instance, struct containerv_event* event_out, struct cv_error* err); /* CV_ERR_TIMEOUT: none */
    int (*event_handle)(void* instance, containerv_handle_t* handle_out, struct cv_error* err);
    int (*update)(void* instance, const struct cv_spec* limits, struct cv_error* err); /* its ext.limits counts */
    int (*copy)(void* instance, const struct cv_copy_request* request, struct cv_error* err);
    int (*snapshot)(void* instance, const struct cv_snapshot_request* request, struct cv_error* err);
    int (*inspect)(void* instance, char** text_out, struct cv_error* err); /* config.json as it is now, malloc'ed */
    int (*stats)(void* instance, struct containerv_stats* stats_out, struct cv_error* err);
    int (*destroy)(void* instance, struct cv_error* err); /* frees instance, also after an error */

    /* Find what dead containers left, remove it. What `each` (may be NULL) returns ends the telling and is returned. */
    int (*reconcile)(bool dry_run, int (*each)(const struct containerv_leftover* leftover, void* context),
        void* context, struct cv_error* err);

    /*
     * With CV_FEATURE_SUPERVISED; asked for supervised containers only, but info. Their instances are given up by close(), whoever made
     * them. Out-structs are zero but their sizes. A log is read by one thread, and may outlive the instance; log_read gives 1 at its end.
     */
    int (*info)(void* instance, struct containerv_info* info_out, struct cv_error* err);
    int (*start)(void* instance, struct cv_error* err);
    int (*stop)(void* instance, int64_t timeout_ms, struct cv_error* err);
    int (*attach_input)(void* instance, containerv_handle_t* handle_out, struct cv_error* err);
    int (*close_input)(void* instance, struct cv_error* err);
    int (*log_open)(void* instance, uint64_t offset, void** log_out, struct cv_error* err);
    int (*log_read)(void* log, int64_t timeout_ms, struct containerv_log_record* record_out, struct cv_error* err);
    int (*log_tail)(void* instance, uint64_t count, uint64_t* offset_out, struct cv_error* err);
    int (*log_handle)(void* log, containerv_handle_t* handle_out, struct cv_error* err);
    void (*log_close)(void* log);
    int (*journal_open)(int64_t since_ns, void** journal_out, struct cv_error* err);
    int (*journal_read)(
        void* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out, struct cv_error* err);
    int (*journal_handle)(void* journal, containerv_handle_t* handle_out, struct cv_error* err);
    void (*journal_close)(void* journal);
};

/* The back ends of this build, in the order they are tried; NULL at the end. core/backends.c of each system's build. */
extern const struct cv_backend* const cv_backends[];

#endif
