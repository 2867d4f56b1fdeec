/*
 * What `cvctl run` or `cvctl create` was asked for, parsed and checked as far as text goes, not yet tried: pure code, tested by tables. Strings are
 * those of argv or of `strings`; both must live as long as this.
 */
#ifndef CVCTL_RUN_OPTIONS_H
#define CVCTL_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <chef/containerv/options.h>
#include <chef/containerv/supervised.h>
#include <cv/strv.h>

#include "option.h"

enum {
    CVCTL_MOUNTS_MAX   = 4096, /* what the library takes */
    CVCTL_LIMITS_MAX   = 64,
    CVCTL_SECRETS_MAX  = 64, /* what the library takes */
    CVCTL_DEVICES_MAX  = 256,
    CVCTL_RULES_MAX    = 4096,    /* of Landlock; masked paths */
    CVCTL_ENV_FILE_MAX = 1 << 20, /* bytes */
};

struct cvctl_ulimit {
    const char* name;
    uint64_t    soft, hard; /* UINT64_MAX: unlimited */
};

struct cvctl_device {
    const char *host, *inside, *access; /* inside NULL: the same; access NULL: all */
};

struct cvctl_rule {
    const char* path; /* NULL: a rule for TCP */
    uint32_t    port, access;
};

struct cvctl_run_options {
    bool detach; /* it outlives cvctl; `cvctl create` sets it */
    bool json, rm, rm_given, read_only, init, interactive, terminal, strict, unmask_all, no_new_privileges;

    const char *name, *workdir, *user, *hostname, *cidfile, *backend, *cgroup_parent;
    const char *rootfs, *debian, *arch;
    bool        overlay; /* --rootfs DIR:O */

    struct cv_strv env, groups, cap_add, cap_drop, layers, include;
    int64_t        timeout_ms; /* 0: none */
    bool           umask_set;
    uint32_t       umask, shared;
    bool           time_set[2]; /* by enum containerv_clock */
    int64_t        time_offset_ns[2];

    struct containerv_network network;
    const char*               seccomp; /* NULL: the default; "default", "unconfined", else a file */
    struct cv_strv            mask, unmask;
    struct cvctl_rule*        rules; /* of Landlock */
    size_t                    rule_count;

    struct containerv_limits    limits; /* its lists are `io` */
    struct containerv_io_limit* io;
    uint64_t                    swap_total; /* with memory; 0: not given */
    bool                        swap_unlimited;

    struct containerv_mount* mounts;
    size_t                   mount_count;
    struct cvctl_ulimit*     ulimits;
    size_t                   ulimit_count;
    struct cvctl_device*     devices;
    size_t                   device_count;

    const char*                   needs_detach; /* an option that was given and is for such containers only */
    struct containerv_supervision supervision;
    const char*                   health_command[4];
    struct containerv_secret*     secrets;
    size_t                        secret_count;

    char* const*   command; /* the rest of argv, NULL-terminated */
    struct cv_strv strings; /* pieces of values that were taken apart */
};

extern const struct cv_option cvctl_run_table[];

void cvctl_run_options_init(struct cvctl_run_options* options);
void cvctl_run_options_release(struct cvctl_run_options* options);

/* After parsing: what goes together, and that there is a command. */
int cvctl_run_options_check(struct cvctl_run_options* options, int argc, char** argv, int first, struct cv_error* err);

/* A copy of text[0..length) that lives as long as the options; NULL with err filled when out of memory. */
const char* cvctl_run_keep(struct cvctl_run_options* options, const char* text, size_t length, struct cv_error* err);

/* Grow an array by one zeroed element: *list of *count elements of `size` bytes. NULL with err when over `max` or out of memory. */
void* cvctl_run_grow(void** list, size_t* count, size_t size, size_t max, struct cv_error* err);

/* NAME=VALUE, in the place of one with the same name; NAME: with the caller's value, nothing when there is none. */
int cvctl_run_put_env(struct cv_strv* env, const char* text, struct cv_error* err);

bool cvctl_run_has_env(const struct cv_strv* env, const char* name);

/* TERM for a program on a terminal that has none: the caller's. */
int cvctl_run_put_term(struct cv_strv* env, struct cv_error* err);

/* After parsing: swap, which docker counts together with memory. And whether there is a limit at all. */
int  cvctl_run_limits_check(struct cvctl_run_options* options, struct cv_error* err);
bool cvctl_run_limits_given(const struct cvctl_run_options* options);

/* After parsing: what is for containers that outlive cvctl, and the flags of their supervision. */
int cvctl_run_supervision_check(struct cvctl_run_options* options, struct cv_error* err);

/* The setters, one topic a file. All are of cvctl_option's `set` type. */
#define CVCTL_SETTER(name)                                                                                             \
    int name(void* target, const struct cv_option* option, const char* value, struct cv_error* err)

CVCTL_SETTER(cvctl_run_set_volume); /* run-mounts.c */
CVCTL_SETTER(cvctl_run_set_mount);
CVCTL_SETTER(cvctl_run_set_tmpfs);
CVCTL_SETTER(cvctl_run_set_env); /* run-env.c */
CVCTL_SETTER(cvctl_run_set_env_file);
CVCTL_SETTER(cvctl_run_set_security); /* run-policy.c */
CVCTL_SETTER(cvctl_run_set_landlock_path);
CVCTL_SETTER(cvctl_run_set_landlock_tcp);
CVCTL_SETTER(cvctl_run_set_restart); /* run-supervision.c */
CVCTL_SETTER(cvctl_run_set_stop_signal);
CVCTL_SETTER(cvctl_run_set_stop_timeout);
CVCTL_SETTER(cvctl_run_set_health_cmd);
CVCTL_SETTER(cvctl_run_set_health_time);
CVCTL_SETTER(cvctl_run_set_health_retries);
CVCTL_SETTER(cvctl_run_set_log);
CVCTL_SETTER(cvctl_run_set_secret);
CVCTL_SETTER(cvctl_run_set_ulimit); /* run-values.c */
CVCTL_SETTER(cvctl_run_set_network);
CVCTL_SETTER(cvctl_run_set_device);
CVCTL_SETTER(cvctl_run_set_share);
CVCTL_SETTER(cvctl_run_set_umask);
CVCTL_SETTER(cvctl_run_set_time_offset);
CVCTL_SETTER(cvctl_run_set_timeout);
CVCTL_SETTER(cvctl_run_set_bytes); /* run-limits.c */
CVCTL_SETTER(cvctl_run_set_storage);
CVCTL_SETTER(cvctl_run_set_swap);
CVCTL_SETTER(cvctl_run_set_cpus);
CVCTL_SETTER(cvctl_run_set_cpu_period);
CVCTL_SETTER(cvctl_run_set_cpu_quota);
CVCTL_SETTER(cvctl_run_set_shares);
CVCTL_SETTER(cvctl_run_set_pids);
CVCTL_SETTER(cvctl_run_set_io_weight);
CVCTL_SETTER(cvctl_run_set_bps);
CVCTL_SETTER(cvctl_run_set_iops);
CVCTL_SETTER(cvctl_run_set_absolute); /* run-options.c */
CVCTL_SETTER(cvctl_run_set_rootfs);   /* run-values.c */
CVCTL_SETTER(cvctl_run_set_include);

/* Limits that can be changed while a container runs: rows of `run` and `update`. */
#define CVCTL_LIMIT_BYTES(m)     cvctl_run_set_bytes, offsetof(struct cvctl_run_options, limits.m)
#define CVCTL_LIMIT_RATE(set, m) set, offsetof(struct containerv_io_limit, m)
#define CVCTL_LIMIT_ROWS                                                                                               \
    { "memory", 'm', "BYTES", CVCTL_LIMIT_BYTES(memory_bytes), "limit of memory: 512m, 2g; as much swap beside it" },  \
        { "memory-swap", 0, "BYTES", cvctl_run_set_swap, 0,                                                            \
            "limit of memory and swap together; -1 is no limit of swap" },                                             \
        { "memory-reservation", 0, "BYTES", CVCTL_LIMIT_BYTES(memory_reservation_bytes),                               \
            "memory that is taken from it last" },                                                                     \
        { "cpus", 0, "NUMBER", cvctl_run_set_cpus, 0, "limit of CPU time: 1.5 is one and a half CPU" },                \
        { "cpu-period", 0, "MICROSECONDS", cvctl_run_set_cpu_period, 0,                                                \
            "1000 to 1000000, default 100000: the time that --cpu-quota is for" },                                     \
        { "cpu-quota", 0, "MICROSECONDS", cvctl_run_set_cpu_quota, 0,                                                  \
            "CPU time in each period, from 1000 on; -1 is no limit; instead of --cpus" },                              \
        { "cpu-shares", 0, "NUMBER", cvctl_run_set_shares, 0,                                                          \
            "share of CPU time when it is short; others have 1024" },                                                  \
        { "cpuset-cpus", 0, "LIST", cv_option_string, offsetof(struct cvctl_run_options, limits.cpus),                 \
            "CPUs that may be used: 0-3,7" },                                                                          \
        { "cpuset-mems", 0, "LIST", cv_option_string, offsetof(struct cvctl_run_options, limits.memory_nodes),         \
            "nodes of memory that may be used" },                                                                      \
        { "pids-limit", 0, "NUMBER", cvctl_run_set_pids, 0,                                                            \
            "limit of processes and threads, default 2048; -1 is none" },                                              \
        { "blkio-weight", 0, "NUMBER", cvctl_run_set_io_weight, 0,                                                     \
            "share of disks when they are busy; others have 100" },                                                    \
        { "device-read-bps", 0, "PATH:BYTES", CVCTL_LIMIT_RATE(cvctl_run_set_bps, read_bps),                           \
            "bytes that may be read from a disk each second" },                                                        \
        { "device-write-bps", 0, "PATH:BYTES", CVCTL_LIMIT_RATE(cvctl_run_set_bps, write_bps),                         \
            "bytes that may be written" },                                                                             \
        { "device-read-iops", 0, "PATH:NUMBER", CVCTL_LIMIT_RATE(cvctl_run_set_iops, read_iops),                       \
            "read operations each second" },                                                                           \
    {                                                                                                                  \
        "device-write-iops", 0, "PATH:NUMBER", CVCTL_LIMIT_RATE(cvctl_run_set_iops, write_iops),                       \
            "write operations each second"                                                                             \
    }

#endif
