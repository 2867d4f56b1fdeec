/*
 * Containers and their processes. A container made here lives as long as its handle, or until the calling process ends, however that
 * happens. Calls on different containers are independent; calls on one container may come from several threads, and containerv_wait()
 * in one thread does not hold up the others. No call may be made from a signal handler. All since 0.1.
 */
#ifndef CHEF_CONTAINERV_CONTAINER_H
#define CHEF_CONTAINERV_CONTAINER_H

#include <stddef.h>
#include <stdint.h>

#include <chef/containerv/options.h>
#include <chef/containerv/platform.h>
#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct containerv_container;

enum containerv_state {
    CV_STATE_CREATED    = 1, /**< made, nothing has run yet */
    CV_STATE_RUNNING    = 2,
    CV_STATE_PAUSED     = 3,
    CV_STATE_STOPPED    = 4, /**< its main process or its PID 1 has ended; only wait, state, id and destroy are left */
    CV_STATE_RESTARTING = 5  /**< it has stopped, and its supervisor is going to start it again */
};

enum containerv_exit_reason {
    CV_EXIT_EXITED = 1, /**< ended by itself, `code` is its exit code */
    CV_EXIT_KILLED = 2, /**< ended by `signal` */
    CV_EXIT_OOM =
        3, /**< ended by a SIGKILL that was not asked for, or with code 137 as a shell does whose command was, and
                                 meanwhile the kernel killed a process of the container for want of memory */
    CV_EXIT_PIDS_LIMIT =
        4, /**< ended with another code than 0, and meanwhile a process or thread was refused at the limit */
    CV_EXIT_TIMEOUT = 5, /**< killed because its timeout_ms was over */
    CV_EXIT_SECCOMP = 6, /**< killed by the system call filter */
    CV_EXIT_LOST    = 7, /**< how it ended is not known: whoever watched it was killed; `code` is CV_EXIT_CODE_LOST */
    CV_EXIT_UPPER_FULL =
        8 /**< ended with another code than 0, and its upper, whose size is limited, had no room left then */
};

/** No code that a process can have. */
#define CV_EXIT_CODE_LOST (-1)

/** How a process ended. Times are nanoseconds since 1970 (UTC). */
struct containerv_exit {
    uint32_t size;   /**< sizeof(struct containerv_exit), set by the caller */
    int32_t  code;   /**< exit code, 128 + signal, or CV_EXIT_CODE_LOST */
    int32_t  signal; /**< 0 or the signal's number */
    uint32_t reason; /**< enum containerv_exit_reason */
    int64_t  start_ns;
    int64_t  end_ns;
    int64_t  cpu_ns;            /**< user and system time of the process and what it waited for */
    uint64_t peak_memory_bytes; /**< largest resident size */
    uint32_t on_request;        /**< 1: somebody asked us for the signal (or kill, or stop) that ended it */
    uint32_t request_uid;       /**< who that was, of a supervised container */
    int64_t  request_pid;
};

enum containerv_event_kind {
    CV_EVENT_STARTED    = 1, /**< a process was started */
    CV_EVENT_EXITED     = 2, /**< a process has ended; `exit` is filled in */
    CV_EVENT_PAUSED     = 3,
    CV_EVENT_RESUMED    = 4,
    CV_EVENT_STOPPED    = 5, /**< the container has stopped */
    CV_EVENT_CREATED    = 6, /**< from here on of supervised containers only */
    CV_EVENT_OOM        = 7, /**< a process of it was killed for want of memory */
    CV_EVENT_HEALTH     = 8, /**< its health has changed */
    CV_EVENT_RESTARTING = 9,
    CV_EVENT_DESTROYED  = 10
};

struct containerv_event {
    uint32_t               size; /**< sizeof(struct containerv_event), set by the caller */
    uint32_t               kind; /**< enum containerv_event_kind */
    process_handle_t       process;
    int64_t                time_ns; /**< nanoseconds since 1970 */
    struct containerv_exit exit;
};

struct containerv_process_info {
    int64_t  pid;      /**< in the caller's PID namespace */
    char     name[64]; /**< as the kernel says (comm) */
    uint32_t uid;      /**< as seen inside the container; UINT32_MAX = not known. Since 0.2, as all that follows */
    int64_t  cpu_ns;   /**< user and system time; -1 = not known */
    char     command
        [256]; /**< arguments with blanks between them, cut at the end; a process may write there what it likes */
};

/** The main process of a container, where a process_handle_t is asked for. */
#define CV_PROCESS_MAIN ((process_handle_t)0)

/** What a back end can do, as bits. */
enum containerv_feature {
    CV_FEATURE_PAUSE      = 1 << 0,
    CV_FEATURE_TERMINAL   = 1 << 1,
    CV_FEATURE_MOUNTS     = 1 << 2,
    CV_FEATURE_LAYERS     = 1 << 3,
    CV_FEATURE_VETH       = 1 << 4,
    CV_FEATURE_USERS      = 1 << 5,
    CV_FEATURE_HANDLES    = 1 << 6,
    CV_FEATURE_EVENTS     = 1 << 7,
    CV_FEATURE_LIMITS     = 1 << 8,
    CV_FEATURE_COPY       = 1 << 9,
    CV_FEATURE_SUPERVISED = 1 << 10,
    CV_FEATURE_STATS      = 1 << 11,
    CV_FEATURE_POLICY     = 1 << 12,
    CV_FEATURE_UPDATE     = 1 << 13,
    CV_FEATURE_DEVICES    = 1 << 14,
    CV_FEATURE_PID1       = 1 << 15, /**< containerv_options_set_init(options, 0) */
    CV_FEATURE_TIME       = 1 << 16, /**< containerv_options_set_time_offset() */
    CV_FEATURE_OPEN       = 1 << 17, /**< containerv_open() and containerv_list() */
    CV_FEATURE_OWN_IDS    = 1 << 18, /**< each container's users have ids on the host that no other container's have */
    CV_FEATURE_CGROUPS    = 1 << 19, /**< containerv_options_set_cgroup_parent() */
    CV_FEATURE_SNAPSHOT   = 1 << 20, /**< containerv_diff() and containerv_commit() */
    CV_FEATURE_ARCHIVE    = 1 << 21  /**< containerv_archive() */
};

/**
 * Make a container.
 *
 * @param rootfs        Root folder on the host, used in place and writable unless options say otherwise. NULL only with layers.
 * @param options       NULL for all defaults. Copied, may be deleted on return.
 * @param container_out Set on success only; free with containerv_destroy().
 * @return 0, or CV_ERR_INVALID, CV_ERR_NOT_FOUND (root folder, back end, program), CV_ERR_EXISTS (id in use), CV_ERR_UNSUPPORTED,
 *         CV_ERR_PERMISSION, CV_ERR_SYSTEM. After a failure nothing is left behind.
 */
CV_PUBLIC int containerv_create(
    const char* rootfs, const struct containerv_options* options, struct containerv_container** container_out);

/**
 * Reach a container of the same user that another process holds, or a supervised one, whether it runs or not. What another process holds
 * lives as long as that process says; when it ends, calls on this handle fail with CV_ERR_LOST or CV_ERR_NOT_FOUND. All calls work but, for
 * one that is not supervised, containerv_events() and containerv_event_fd(). What is spawned by it has the environment, user and working
 * folder of the container's own command, where it has one.
 *
 * @param container_out Set on success only; free with containerv_close().
 * @return 0, CV_ERR_NOT_FOUND, CV_ERR_PROTOCOL (another version of containerv holds it), CV_ERR_UNSUPPORTED (back ends without
 *         CV_FEATURE_OPEN).
 */
CV_PUBLIC int containerv_open(const char* id, struct containerv_container** container_out);

/** Call `each` with the id of every container of this user that can be opened, supervised ones in all states too, in no order; a non-zero return of it stops the walk and
 * is returned. Back ends without CV_FEATURE_OPEN lack it. */
CV_PUBLIC int containerv_list(int (*each)(const char* id, void* context), void* context);

/**
 * Free a handle that containerv_open() has given; the container goes on. One that containerv_create() has given is destroyed, as by
 * containerv_destroy(), unless it is supervised: then it goes on too. NULL is fine.
 */
CV_PUBLIC int containerv_close(struct containerv_container* container);

/** @return The container's id, owned by it. */
CV_PUBLIC const char* containerv_id(const struct containerv_container* container);

/** @param state_out One of enum containerv_state. */
CV_PUBLIC int containerv_state(struct containerv_container* container, enum containerv_state* state_out);

/**
 * Start a process in the container.
 *
 * @param path       Executable as seen inside; without a slash it is looked up in the PATH of the process's environment. Copied.
 * @param options    NULL for none. Borrowed for the call.
 * @param handle_out Set on success only; valid until containerv_wait() has reported its end. NULL is allowed with CV_SPAWN_WAIT.
 * @return 0, or CV_ERR_STATE (not running), CV_ERR_NOT_FOUND (no such file), CV_ERR_NOT_EXECUTABLE, CV_ERR_INVALID (no such user),
 *         CV_ERR_TIMEOUT (linux: not started within 20 s; who is inside may have stopped it), CV_ERR_SYSTEM. Nothing runs if this fails.
 */
CV_PUBLIC int containerv_spawn(struct containerv_container* container, const char* path,
    const struct containerv_spawn_options* options, process_handle_t* handle_out);

/**
 * Wait for a process to end. The handle is invalid after a success, except CV_PROCESS_MAIN, which can be waited for many times.
 *
 * @param timeout_ms < 0: no limit, 0: just look. CV_ERR_TIMEOUT when it is over.
 * @param exit_out   May be NULL.
 */
CV_PUBLIC int containerv_wait(struct containerv_container* container, process_handle_t process, int64_t timeout_ms,
    struct containerv_exit* exit_out);

/** Send a signal (the container's system's numbers) to one process; CV_PROCESS_MAIN: to the main process. */
CV_PUBLIC int containerv_signal(struct containerv_container* container, process_handle_t process, int signal_number);

/** Kill everything in the container, also when it is paused. Returns when nothing runs in it any more. */
CV_PUBLIC int containerv_kill(struct containerv_container* container);

/** Tell a process's terminal its new size. CV_ERR_STATE if it has none. */
CV_PUBLIC int containerv_resize(
    struct containerv_container* container, process_handle_t process, uint16_t columns, uint16_t rows);

/** Stop all processes where they are, and let them go on. CV_ERR_STATE if it is not running or not paused. */
CV_PUBLIC int containerv_pause(struct containerv_container* container);
CV_PUBLIC int containerv_resume(struct containerv_container* container);

/**
 * The processes that are in the container now.
 *
 * @param list     Array of `capacity` entries, may be NULL with 0.
 * @param count_out How many there are; may be more than `capacity`.
 */
CV_PUBLIC int containerv_processes(
    struct containerv_container* container, struct containerv_process_info* list, size_t capacity, size_t* count_out);

/** Take the next event. CV_ERR_TIMEOUT if there is none. At most the last 1024 are kept. Those of a supervised container are what the
 * journal has about it since this handle was made (<chef/containerv/supervised.h>). */
CV_PUBLIC int containerv_events(struct containerv_container* container, struct containerv_event* event_out);

/** A handle that is readable (a HANDLE that is signalled) while containerv_events() has something; of a supervised container also when
 * others' events were written. Owned by the container. */
CV_PUBLIC int containerv_event_fd(struct containerv_container* container, containerv_handle_t* handle_out);

/**
 * Change the limits of a container that runs or is paused: from now on they are these, and what is 0 is limited no more (pids: to its
 * default). Only `cpus`, `memory_nodes`, rates of I/O and huge pages that are not given stay as they are. When it fails, the limits are
 * as before. Where memory was not limited before, a host with cgroup version 1 counts only what is taken from now on.
 *
 * @return 0, or CV_ERR_INVALID, CV_ERR_UNSUPPORTED (no such controller; upper_bytes that differs), CV_ERR_STATE (it has stopped),
 *         CV_ERR_SYSTEM (the kernel refused: a limit of memory below what can't be taken back). Back ends without CV_FEATURE_UPDATE
 *         lack it.
 */
CV_PUBLIC int containerv_update(struct containerv_container* container, const struct containerv_limits* limits);

/** Which numbers of struct containerv_stats are there. */
enum containerv_stats_known {
    CV_STATS_CPU         = 1 << 0, /**< cpu_usage_ns, cpu_user_ns, cpu_system_ns */
    CV_STATS_THROTTLED   = 1 << 1, /**< cpu_throttled_ns, cpu_throttled_count */
    CV_STATS_MEMORY      = 1 << 2, /**< memory_bytes, memory_limit_bytes */
    CV_STATS_MEMORY_PEAK = 1 << 3,
    CV_STATS_SWAP        = 1 << 4,
    CV_STATS_OOM         = 1 << 5, /**< oom_kills */
    CV_STATS_PIDS        = 1 << 6, /**< pids, pids_limit, pids_refused */
    CV_STATS_IO          = 1 << 7, /**< io_* */
    CV_STATS_NETWORK     = 1 << 8  /**< net_*: a network of its own */
};

/**
 * What a container has used since it was made, and uses now. A number whose bit in `known` is not set is 0. On Linux hosts with cgroup
 * version 1 the kinds are known whose limits were asked for, and CPU time, processes (without threads then) and network always.
 */
struct containerv_stats {
    uint32_t size;    /**< sizeof(struct containerv_stats), set by the caller */
    uint64_t known;   /**< enum containerv_stats_known, or-ed */
    int64_t  time_ns; /**< when, nanoseconds since 1970 */
    uint64_t cpu_usage_ns, cpu_user_ns, cpu_system_ns;
    uint64_t cpu_throttled_ns,
        cpu_throttled_count;                  /**< for how long, and how often, its limit of CPU time stopped it */
    uint64_t memory_bytes, memory_peak_bytes; /**< with caches of files */
    uint64_t memory_limit_bytes;              /**< UINT64_MAX = no limit */
    uint64_t swap_bytes;
    uint64_t oom_kills; /**< processes killed for want of memory */
    uint64_t pids, pids_limit,
        pids_refused; /**< processes and threads; limit UINT64_MAX = none; how often one was refused */
    uint64_t io_read_bytes, io_write_bytes, io_read_operations, io_write_operations; /**< of block devices */
    uint64_t net_rx_bytes, net_tx_bytes, net_rx_packets, net_tx_packets; /**< as seen from inside, without loopback */
};

/** What the container uses. CV_ERR_STATE when it has stopped. Back ends without CV_FEATURE_STATS lack it. */
CV_PUBLIC int containerv_stats(struct containerv_container* container, struct containerv_stats* stats_out);

/**
 * containerv_copy() without options for each pair of paths. All are tried; the error is that of the first path which failed.
 * <chef/containerv/copy.h>
 */
CV_PUBLIC int containerv_upload(struct containerv_container* container, const char* const* host_paths,
    const char* const* container_paths, size_t count);
CV_PUBLIC int containerv_download(struct containerv_container* container, const char* const* container_paths,
    const char* const* host_paths, size_t count);

/**
 * The container's specification: OCI config.json with our extension.
 *
 * @param text_out Set on success; free with containerv_free().
 */
CV_PUBLIC int containerv_inspect(struct containerv_container* container, char** text_out);

/** As containerv_inspect(), for eyes that are not to see secrets: the values of the environment are "***", its names are kept. */
CV_PUBLIC int containerv_inspect_redacted(struct containerv_container* container, char** text_out);

/** Kill what runs in the container, remove all that it had on the host, free the handle. NULL is fine. After an error it is freed too. */
CV_PUBLIC int containerv_destroy(struct containerv_container* container);

/**
 * What a back end can do: CV_FEATURE_* bits.
 *
 * @param backend NULL for the one that would be chosen. CV_ERR_NOT_FOUND for a name that is not known.
 */
CV_PUBLIC int containerv_features(const char* backend, uint64_t* features_out);

/** Whether a back end can run here; the error says why not. NULL for the one that would be chosen. */
CV_PUBLIC int containerv_probe(const char* backend);

/** Names of the back ends of this build, NULL-terminated, static. */
CV_PUBLIC const char* const* containerv_backends(void);

/** Version of the library, "0.1.0". Static. */
CV_PUBLIC const char* containerv_version(void);

/** Free memory that the library handed out. NULL is fine. */
CV_PUBLIC void containerv_free(void* memory);

#ifdef __cplusplus
}
#endif

#endif
