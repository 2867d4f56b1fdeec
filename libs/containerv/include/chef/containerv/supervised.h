/*
 * Supervised containers outlive whoever made them. Each has a small process of its own, the supervisor, which holds its streams, log and
 * exit record; any process of the same user finds the container again by containerv_open(). When the supervisor is killed its container
 * ends with it, and the record says CV_EXIT_LOST. Back ends without CV_FEATURE_SUPERVISED lack all of this. All calls may come from any
 * thread, and since 0.2.
 */
#ifndef CHEF_CONTAINERV_SUPERVISED_H
#define CHEF_CONTAINERV_SUPERVISED_H

#include <chef/containerv/container.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A start that fails counts as a run that failed: it is tried again, later each time, and `error` of the info tells why it failed. */
enum containerv_restart {
    CV_RESTART_NO         = 0,
    CV_RESTART_ON_FAILURE = 1, /**< after an exit code other than 0; at most `restart_max` times when that is not 0 */
    CV_RESTART_ALWAYS     = 2  /**< until it is stopped on request */
};

enum containerv_supervision_flags {
    CV_SUPERVISED_DEFER  = 1 << 0, /**< the command is started by containerv_start(), not by containerv_create() */
    CV_SUPERVISED_REMOVE = 1 << 1, /**< taken away with its log and record once it has stopped */
    CV_SUPERVISED_STDIN =
        1 << 2 /**< the main process's input is a pipe for containerv_attach_input(); else it is empty */
};

#define CV_STOP_TIMEOUT_MS 10000

/** How a container is supervised. Zero it, set `size`, then what differs from the default. */
struct containerv_supervision {
    uint32_t           size;            /**< sizeof(struct containerv_supervision) */
    uint32_t           flags;           /**< enum containerv_supervision_flags */
    uint32_t           restart;         /**< enum containerv_restart */
    uint32_t           restart_max;     /**< of CV_RESTART_ON_FAILURE; 0 = no limit */
    uint32_t           stop_signal;     /**< what containerv_stop() and the timeout send first; 0 = SIGTERM */
    int64_t            stop_timeout_ms; /**< from there to SIGKILL; 0 = CV_STOP_TIMEOUT_MS, < 0 = never */
    uint64_t           log_file_bytes;  /**< the log goes on in a new file after that many, >= 64 KiB; 0 = 16 MiB */
    uint64_t           log_bytes;       /**< beyond it the oldest file is dropped, and readers are told; 0 = 1 GiB */
    const char* const* health_command;  /**< NULL-terminated; run every health_interval_ms, 0 is healthy; NULL = none */
    int64_t            health_interval_ms, health_timeout_ms; /**< 0 = 30 s */
    int64_t            health_start_period_ms;                /**< failures in it don't count */
    uint32_t           health_retries;                        /**< failures in a row that make it unhealthy; 0 = 3 */
};

/** A file of the host that appears as /run/secrets/NAME, in memory only. It is read at each start; its content is in no record. */
struct containerv_secret {
    uint32_t    size;   /**< sizeof(struct containerv_secret) */
    const char* source; /**< absolute path on the host, at most 1 MiB */
    const char* name;   /**< of the file inside, without '/' */
    uint32_t    uid, gid;
    uint32_t    mode; /**< 0 = 0400 */
};

/**
 * Set how it is supervised; implies containerv_options_set_supervised(options, 1), replaces what was set before. Copied. CV_ERR_INVALID for
 * what contradicts itself: CV_SUPERVISED_REMOVE with a restart, a log smaller than one of its files, times of health without its command.
 */
CV_PUBLIC int containerv_options_set_supervision(
    struct containerv_options* options, const struct containerv_supervision* supervision);

/**
 * At most 64, each with a name of its own. Not only for supervised containers. All are in a read-only file system in memory, which is
 * mounted over what the root has as /run/secrets. The source is a regular file that containerv_create() (and each restart) reads:
 * CV_ERR_NOT_FOUND, CV_ERR_LIMIT above 1 MiB.
 */
CV_PUBLIC int containerv_options_add_secret(struct containerv_options* options, const struct containerv_secret* secret);

enum containerv_health { CV_HEALTH_NONE = 0, CV_HEALTH_STARTING = 1, CV_HEALTH_HEALTHY = 2, CV_HEALTH_UNHEALTHY = 3 };

/** What is known of a container, whether it runs or has stopped. Times are nanoseconds since 1970, 0 = not yet. */
struct containerv_info {
    uint32_t               size;            /**< sizeof(struct containerv_info), set by the caller */
    uint32_t               state;           /**< enum containerv_state */
    uint32_t               supervised;      /**< 0: its caller holds it; then only the state is known */
    uint32_t               restarts;        /**< how often the supervisor has started it again, or tried to */
    uint32_t               health;          /**< enum containerv_health */
    uint32_t               health_failures; /**< in a row */
    int64_t                created_ns, started_ns, finished_ns;
    int64_t                main_process; /**< its number on the host while it runs, else 0 */
    int64_t                supervisor;   /**< process number of the supervisor, 0 = none */
    uint32_t               has_exit;     /**< `exit` is that of the last run */
    struct containerv_exit exit;
    char                   command
        [256];       /**< the command line of a supervised container, cut where it is longer; empty without a command */
    char error[256]; /**< why the supervisor could not start it again, or log its output; else empty */
};

/* All of the calls below fail with CV_ERR_STATE for a container that is not supervised, but containerv_info(). */

CV_PUBLIC int containerv_info(struct containerv_container* container, struct containerv_info* info_out);

/** containerv_list() with what is known of each container: much less work than to open each. `info` is valid during the call, and NULL for
 * a container that can't be looked at; containerv_open() tells why. Its `size` is that of the library's struct. */
CV_PUBLIC int containerv_list_info(
    int (*each)(const char* id, const struct containerv_info* info, void* context), void* context);

/**
 * Start the command of a container that was made with CV_SUPERVISED_DEFER, or that has stopped: with the root as it was left. CV_ERR_STATE
 * if it runs. Errors as containerv_create().
 */
CV_PUBLIC int containerv_start(struct containerv_container* container);

/**
 * Ask the main process to end by its stop signal, kill everything when it has not after `timeout_ms` (-1: the container's own,
 * -2: never). Returns when it has stopped; it is not started again. 0 too when it had stopped already, or was never started.
 */
CV_PUBLIC int containerv_stop(struct containerv_container* container, int64_t timeout_ms);

/**
 * A handle to write to the main process's input: the pipe of CV_SUPERVISED_STDIN, or its terminal. The caller closes it; the input
 * ends for the process only by containerv_close_input() and when all such handles are closed. CV_ERR_STATE when it has none.
 */
CV_PUBLIC int containerv_attach_input(struct containerv_container* container, containerv_handle_t* handle_out);
CV_PUBLIC int containerv_close_input(struct containerv_container* container);

/* --- the log --------------------------------------------------------------------------------------------------------------------- */

enum containerv_stream { CV_STREAM_OUTPUT = 1, CV_STREAM_ERROR = 2 /**< never of a terminal, whose both are one */ };

/** A reader of a container's log. It holds up nobody: what it has not read yet is in files. One thread at a time. It may outlive the
 * handle that it was opened with. */
struct containerv_log;

struct containerv_log_record {
    uint32_t    size;    /**< sizeof(struct containerv_log_record), set by the caller */
    uint32_t    stream;  /**< enum containerv_stream */
    int64_t     time_ns; /**< when it was read from the process */
    uint64_t    offset;  /**< of this record in the log: where a reader can start again */
    uint64_t    dropped; /**< bytes of the log before it that are not there any more, because of the log's limit */
    const void* data;    /**< any bytes; the reader's until its next call */
    size_t      length;
};

/** @param offset 0, the offset of a record, or what containerv_log_tail() told: where to start. Any other: CV_ERR_INVALID. */
CV_PUBLIC int containerv_log_open(
    struct containerv_container* container, uint64_t offset, struct containerv_log** log_out);

/**
 * The next record. All output of a container is told before its end is.
 *
 * @param timeout_ms < 0: until there is one, 0: just look.
 * @return 0; 1 when the container has stopped and all is read; CV_ERR_TIMEOUT when there is nothing yet.
 */
CV_PUBLIC int containerv_log_read(
    struct containerv_log* log, int64_t timeout_ms, struct containerv_log_record* record_out);

/** Where the first of the last `count` lines begins (of both streams together): for containerv_log_open(). It may be within a record, whose
 * rest comes first then. */
CV_PUBLIC int containerv_log_tail(struct containerv_container* container, uint64_t count, uint64_t* offset_out);

/** A handle that may be readable when containerv_log_read() has something new. Owned by the log. */
CV_PUBLIC int containerv_log_handle(struct containerv_log* log, containerv_handle_t* handle_out);

CV_PUBLIC void containerv_log_close(struct containerv_log* log); /* NULL is fine */

/* --- the journal ----------------------------------------------------------------------------------------------------------------- */

/** What has happened to all supervised containers of this user, oldest first. The last 16 MiB of it are kept. */
struct containerv_journal;

struct containerv_journal_entry {
    uint32_t               size;    /**< sizeof(struct containerv_journal_entry), set by the caller */
    uint32_t               kind;    /**< enum containerv_event_kind */
    int64_t                time_ns; /**< nanoseconds since 1970 */
    char                   id[65];
    int64_t                process; /**< 0: the container as a whole */
    uint32_t               is_main;
    uint32_t               has_exit;
    struct containerv_exit exit;
    char                   detail[128]; /**< "healthy", "unhealthy" */
};

/** @param since_ns Entries from then on; < 0: only new ones. */
CV_PUBLIC int containerv_journal_open(int64_t since_ns, struct containerv_journal** journal_out);
/** @return 0, CV_ERR_TIMEOUT. `timeout_ms` as of containerv_log_read(). */
CV_PUBLIC int containerv_journal_read(
    struct containerv_journal* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out);
CV_PUBLIC int  containerv_journal_handle(struct containerv_journal* journal, containerv_handle_t* handle_out);
CV_PUBLIC void containerv_journal_close(struct containerv_journal* journal); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
