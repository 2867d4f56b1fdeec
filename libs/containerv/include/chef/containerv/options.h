/*
 * What a container shall be like. An options object is filled by the setters, used by containerv_create(), and may be deleted or
 * reused afterwards. Everything handed to a setter is copied. Setters return 0 or a negative code (containerv_error_last() says more);
 * after a failed setter the object is as before. An options object is not thread-safe; different objects are independent.
 */
#ifndef CHEF_CONTAINERV_OPTIONS_H
#define CHEF_CONTAINERV_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <chef/containerv/platform.h>
#include <chef/containerv/policy.h>
#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct containerv_options;

/** Kinds of isolation that must be there: a back end that lacks one fails the create. What is not named is isolated all the same. */
enum containerv_cap {
    CV_CAP_FILESYSTEM      = 1 << 0,
    CV_CAP_PROCESS_CONTROL = 1 << 1,
    CV_CAP_NETWORK         = 1 << 2,
    CV_CAP_IPC             = 1 << 3,
    CV_CAP_USERS           = 1 << 4,
    CV_CAP_LIMITS          = 1 << 5
};

/** Isolation that is given up by name. `containerv_create` refuses a flag that contradicts a required capability. */
enum containerv_share {
    CV_SHARE_NETWORK = 1 << 0, /**< the host's network */
    CV_SHARE_IPC     = 1 << 1, /**< the host's System V IPC and message queues */
    CV_SHARE_USERS   = 1 << 2, /**< no user namespace: root inside is root outside */
    CV_SHARE_UTS     = 1 << 3, /**< the host's name */
    CV_SHARE_CGROUP  = 1 << 4  /**< the host's view of the cgroup tree (still read-only) */
};

enum containerv_mount_flags {
    CV_MOUNT_READONLY  = 1 << 0, /**< recursive: nothing below the source can be written either */
    CV_MOUNT_EXEC_OFF  = 1 << 1, /**< noexec */
    CV_MOUNT_SUID      = 1 << 2, /**< honour setuid bits; off unless set */
    CV_MOUNT_DEV       = 1 << 3, /**< honour device nodes; off unless set */
    CV_MOUNT_IDMAP_OFF = 1 << 4, /**< raw view: owners as on disk, unmapped ids appear as nobody */
    /**
     * For a filesystem that can't be idmapped: give the source, and what is in it, to the container's user (containerv_options_set_user)
     * for good, and mount it unmapped. The ids on the host are those of this one container: the next one, which needs the flag too, has
     * others. Not followed: symbolic links, which change their own owner, and what is mounted below. A file with several names changes
     * its owner under all of them. Setuid and setgid bits and file capabilities go with the old owner. Takes at most a minute, 256
     * folders in each other. What a create that fails has changed stays changed.
     */
    CV_MOUNT_CHOWN        = 1 << 5,
    CV_MOUNT_NONRECURSIVE = 1 << 6 /**< bind the source without what is mounted below it */
};

enum containerv_mount_kind {
    CV_MOUNT_BIND  = 0, /**< `source` is a file or folder of the host */
    CV_MOUNT_TMPFS = 1  /**< `size_bytes` limits it; 0 = the kernel's default (half of the memory) */
};

struct containerv_mount {
    uint32_t    size;        /**< sizeof(struct containerv_mount) */
    uint32_t    kind;        /**< enum containerv_mount_kind */
    const char* source;      /**< absolute host path, bind only */
    const char* destination; /**< absolute path inside; created when missing */
    uint32_t    flags;       /**< enum containerv_mount_flags */
    uint32_t    mode;        /**< tmpfs only: permission bits of its root, 0 = 01777 */
    uint64_t    size_bytes;  /**< tmpfs only */
};

enum containerv_network_mode {
    CV_NETWORK_NONE = 0, /**< own namespace, only the loopback device */
    CV_NETWORK_HOST = 1, /**< the host's network, same as CV_SHARE_NETWORK */
    CV_NETWORK_VETH = 2  /**< a pair of devices between container and host */
};

struct containerv_network {
    uint32_t    size;              /**< sizeof(struct containerv_network) */
    uint32_t    mode;              /**< enum containerv_network_mode */
    const char* container_address; /**< veth: IPv4 or IPv6 address inside, "10.9.0.2" */
    const char* netmask;           /**< veth: "255.255.255.0", or prefix length as text "24" */
    const char* host_address;      /**< veth: address of the host's end; also the default route inside */
};

/** "No limit" where 0 is a default of ours. */
#define CV_LIMIT_NONE UINT64_MAX

/** Rates of one block device, per second; 0 = no limit. */
struct containerv_io_limit {
    uint32_t    size; /**< sizeof(struct containerv_io_limit) */
    const char* path; /**< the host's device file of a whole disk, "/dev/sda" */
    uint64_t    read_bps, write_bps;
    uint64_t    read_iops, write_iops;
};

struct containerv_hugepage_limit {
    uint32_t    size;      /**< sizeof(struct containerv_hugepage_limit) */
    const char* page_size; /**< "2MB", "1GB" */
    uint64_t    bytes;     /**< a limit of 0 is one */
};

/**
 * Limits of a container as a whole. Unless said otherwise 0 or NULL is no limit, and asks nothing of the host. A limit that is given and
 * can't be enforced fails the call, with the reason.
 */
struct containerv_limits {
    uint32_t size;         /**< sizeof(struct containerv_limits) */
    uint64_t memory_bytes; /**< without swap; what goes beyond is paid with the life of a process (CV_EXIT_OOM) */
    uint64_t cpu_milli;    /**< thousandths of a CPU */
    uint64_t pids; /**< processes and threads. 0 = 2048, or what else the host can do; CV_LIMIT_NONE = no limit */
    /** Swap beside the memory. 0 with memory_bytes = as much, where the host counts swap; less than a page, such as 1 = none at all. */
    uint64_t    swap_bytes;
    uint64_t    memory_reservation_bytes; /**< others are asked to give up memory before this much of it */
    uint32_t    cpu_weight;               /**< 1 to 10000: share of the CPUs when they are short; others have 100 */
    uint32_t    io_weight;                /**< 1 to 1000, likewise for disks */
    const char* cpus;                     /**< CPUs that may be used, "0-3,7" */
    const char* memory_nodes;             /**< nodes of memory, likewise */
    const struct containerv_io_limit*       io; /**< at most 64 */
    size_t                                  io_count;
    const struct containerv_hugepage_limit* hugepages; /**< at most 16 */
    size_t                                  hugepage_count;
    /** What may be written to the root beside mounts; only with layers. The upper is then in memory, counted as the container's. */
    uint64_t upper_bytes;
    /**
     * CPU time in microseconds, instead of cpu_milli (both: CV_ERR_INVALID): all processes together may run for cpu_quota_us, from 1000 on,
     * in each cpu_period_us, from 1000 to 1000000; 0 = 100000. A quota above the period is more than one CPU.
     */
    uint64_t cpu_quota_us, cpu_period_us;
};

/** Where one of a process's standard streams goes. All zero is the null device. */
enum containerv_stdio_kind {
    CV_STDIO_NULL    = 0,
    CV_STDIO_INHERIT = 1, /**< the caller's own stream of the same number */
    CV_STDIO_HANDLE  = 2  /**< `handle`, borrowed for the call */
};

struct containerv_stdio {
    uint32_t            kind; /**< enum containerv_stdio_kind */
    containerv_handle_t handle;
};

enum containerv_spawn_flags {
    CV_SPAWN_WAIT     = 1 << 0, /**< containerv_spawn blocks until the process has ended and fills `exit_out` */
    CV_SPAWN_TERMINAL = 1 << 1  /**< a new terminal is the process's stdio; `terminal_out` gets the other end */
};

/** Clocks that can be shifted for a container. */
enum containerv_clock {
    CV_CLOCK_MONOTONIC = 0, /**< CLOCK_MONOTONIC and its coarse and raw forms */
    CV_CLOCK_BOOTTIME  = 1  /**< CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM and /proc/uptime */
};

struct containerv_exit;

/**
 * One process to start. Zero it, set `size`, then what differs from the default. The program sees its path as argv[0]: an argv[0] that
 * is neither the path nor its last part is CV_ERR_UNSUPPORTED. CV_SPAWN_WAIT and CV_SPAWN_TERMINAL exclude each other.
 */
struct containerv_spawn_options {
    uint32_t                   size;        /**< sizeof(struct containerv_spawn_options) */
    uint32_t                   flags;       /**< enum containerv_spawn_flags */
    const char* const*         argv;        /**< NULL-terminated, argv[0] included; NULL = { path } */
    const char* const*         environment; /**< NULL-terminated "NAME=value"; NULL = the container's environment */
    const char*                working_directory; /**< absolute, inside; NULL = the container's */
    const char*                user;              /**< "user", "uid", "user:group", "uid:gid"; NULL = the container's */
    int64_t                    timeout_ms;        /**< > 0: the process is killed after that long; 0 = no limit */
    struct containerv_stdio    stdio[3];          /**< input, output, error; ignored with CV_SPAWN_TERMINAL */
    const containerv_handle_t* handles;           /**< POSIX: extra descriptors, become 3, 4, ... inside; borrowed */
    size_t                     handle_count;
    uint16_t                   columns, rows; /**< first size of the terminal; 0 = 80x24 */
    containerv_handle_t*
        terminal_out; /**< with CV_SPAWN_TERMINAL; the caller closes it. NULL for a supervised container's command */
    struct containerv_exit* exit_out; /**< with CV_SPAWN_WAIT, may be NULL; its `size` must be set */
};

/** @return A new options object, NULL when out of memory. Free with containerv_options_delete(). Since 0.1. */
CV_PUBLIC struct containerv_options* containerv_options_new(void);

/** Free an options object. NULL is fine. */
CV_PUBLIC void containerv_options_delete(struct containerv_options* options);

/** Require kinds of isolation: CV_CAP_* or-ed. CV_ERR_INVALID for unknown bits. */
CV_PUBLIC int containerv_options_set_caps(struct containerv_options* options, uint32_t caps);

/** Give up isolation by name: CV_SHARE_* or-ed. */
CV_PUBLIC int containerv_options_set_shared(struct containerv_options* options, uint32_t shared);

/** Replace the list of mounts. At most 4096. */
CV_PUBLIC int containerv_options_set_mounts(
    struct containerv_options* options, const struct containerv_mount* mounts, size_t count);

/**
 * Use read-only layers below a throw-away upper instead of one writable root folder: folders of the host, lowest first, at most 128.
 * The rootfs given to containerv_create() is then the lowest layer of all, or NULL for none.
 */
CV_PUBLIC int containerv_options_set_layers(
    struct containerv_options* options, const char* const* layers, size_t count);

/** Make the root read-only (0 or 1). Mounts keep their own setting. */
CV_PUBLIC int containerv_options_set_readonly(struct containerv_options* options, int readonly);

/** Network of the container; default CV_NETWORK_NONE. */
CV_PUBLIC int containerv_options_set_network(
    struct containerv_options* options, const struct containerv_network* network);

/** Limits. A limit that can't be enforced fails the create. */
CV_PUBLIC int containerv_options_set_limits(struct containerv_options* options, const struct containerv_limits* limits);

/**
 * Where the container's cgroup is made: as "c-ID" in this group, in each hierarchy of control groups that the container needs. Copied.
 *
 * @param path  From the root of the hierarchy as the calling process sees it, "/build/containers"; the slash in front may be left out. At
 *              most 1024 bytes in 32 parts, none of them empty, "." or "..". NULL takes it back: then it is "containerv", or for a plain
 *              user "containerv" below the group that he was delegated. Parts that are missing are made by the create, and removed by the
 *              end of the last container in them if nothing else is there.
 *
 * The create fails with CV_ERR_PERMISSION when a plain user's path is not in the group that he was delegated. A group in it that has
 * processes of its own can't hand controllers of version 2 on: limits that need them fail the create.
 *
 * @return 0; CV_ERR_INVALID. Back ends without CV_FEATURE_CGROUPS refuse the create.
 */
CV_PUBLIC int containerv_options_set_cgroup_parent(struct containerv_options* options, const char* path);

/**
 * What the processes may do: see policy.h. Copied; NULL takes it back. Back ends without CV_FEATURE_POLICY refuse the create.
 * Capabilities of the options come on top of it. A filter chosen with containerv_options_set_seccomp() and another one of the policy
 * contradict each other: the create fails.
 */
CV_PUBLIC int containerv_options_set_policy(struct containerv_options* options, const struct containerv_policy* policy);

/** Default user of processes: "user", "uid", "user:group" or "uid:gid", names from the container's own files. Default "0:0". */
CV_PUBLIC int containerv_options_set_user(struct containerv_options* options, const char* user);

/** Supplementary groups (numbers or names) in addition to those that the container's /etc/group gives. NULL-terminated. */
CV_PUBLIC int containerv_options_set_groups(struct containerv_options* options, const char* const* groups);

/** Host name inside, 1 to 64 characters; default the id. */
CV_PUBLIC int containerv_options_set_hostname(struct containerv_options* options, const char* hostname);

/** Environment of processes, exactly these "NAME=value" strings. NULL-terminated. Default: only PATH. */
CV_PUBLIC int containerv_options_set_environment(struct containerv_options* options, const char* const* environment);

/** Working folder of processes, absolute; created when missing. Default "/". */
CV_PUBLIC int containerv_options_set_working_directory(struct containerv_options* options, const char* path);

/** File mode creation mask of processes; default 022. */
CV_PUBLIC int containerv_options_set_umask(struct containerv_options* options, uint32_t mask);

/** One resource limit of processes by its name without the prefix ("nofile", "core", ...). UINT64_MAX = unlimited. */
CV_PUBLIC int containerv_options_set_rlimit(
    struct containerv_options* options, const char* name, uint64_t soft, uint64_t hard);

/** Add or drop one capability ("NET_ADMIN", "CAP_NET_ADMIN", "ALL") of the default set. */
CV_PUBLIC int containerv_options_add_capability(struct containerv_options* options, const char* name);
CV_PUBLIC int containerv_options_drop_capability(struct containerv_options* options, const char* name);

/** Whether processes may gain privileges by exec (0 or 1); default 1: they may not. */
CV_PUBLIC int containerv_options_set_no_new_privileges(struct containerv_options* options, int on);

/** System call filter: "default" or "unconfined". */
CV_PUBLIC int containerv_options_set_seccomp(struct containerv_options* options, const char* profile);

/**
 * Shift a clock (enum containerv_clock): the container's processes see the host's plus `offset_ns` nanoseconds, which may be negative.
 * The other clock, when it is not set, is the host's. containerv_create() refuses an offset by which the clock would be below zero or
 * above 146 years. Wall-clock time can't be shifted. Back ends without CV_FEATURE_TIME lack it.
 */
CV_PUBLIC int containerv_options_set_time_offset(struct containerv_options* options, uint32_t clock, int64_t offset_ns);

/** Make one device node of the host available, same or other path inside. NULL inside = same path. */
CV_PUBLIC int containerv_options_add_device(
    struct containerv_options* options, const char* host_path, const char* inside);

/**
 * The same with less than all access: `access` has some of the letters r (read), w (write) and m (make a node); NULL is all. It counts
 * for the device, by whatever path, so that one of the container's own set can be restricted too.
 */
CV_PUBLIC int containerv_options_add_device_access(
    struct containerv_options* options, const char* host_path, const char* inside, const char* access);

/**
 * Give the container a main process: it is started by containerv_create(), and its end stops the container. `path` and `spawn` as for
 * containerv_spawn(); a path without a slash is looked up in the PATH of its environment. `spawn` may be NULL. Strings are copied;
 * handles stay the caller's and must be open until containerv_create() has returned. CV_SPAWN_WAIT is refused here.
 */
CV_PUBLIC int containerv_options_set_command(
    struct containerv_options* options, const char* path, const struct containerv_spawn_options* spawn);

/** 1 (default): a small process of ours is PID 1, reaps and forwards signals. 0: the first program started is PID 1. */
CV_PUBLIC int containerv_options_set_init(struct containerv_options* options, int on);

/** 1: the container outlives its caller: see supervised.h. Default 0: it lives as long as its handle, and what
 * containerv_options_set_supervision() has set is taken back. */
CV_PUBLIC int containerv_options_set_supervised(struct containerv_options* options, int on);

/** Choose a back end by name ("linux"). Default: the environment's CONTAINERV_BACKEND, else the first that works here. */
CV_PUBLIC int containerv_options_set_backend(struct containerv_options* options, const char* name);

/** Strength of isolation where a back end has several: "default", "process", "hyperv". */
CV_PUBLIC int containerv_options_set_isolation(struct containerv_options* options, const char* isolation);

/** Id of the container, [A-Za-z0-9][A-Za-z0-9_.-]{0,63}. Default: made up, random. */
CV_PUBLIC int containerv_options_set_id(struct containerv_options* options, const char* id);

#ifdef __cplusplus
}
#endif

#endif
