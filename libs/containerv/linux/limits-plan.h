/*
 * What has to be written to keep a container's limits: from ext.limits and linux.resources of a specification to a list of files and
 * values, for both versions of cgroups. Pure.
 *
 * A controller is found on one version of a host; only its entries for that version count. Weights of CPUs of ours are converted as the
 * kernel itself does (1024 shares are a weight of 100), those of linux.resources as OCI runtimes do it: 2 to 262144 shares are a weight of
 * 1 to 10000, so that 1024 are 39. Likewise blkio's 10 to 1000 are 1 to 10000 of io.weight.
 *
 * Of linux.resources, memory.kernel is passed over, as the specification allows: the kernel has it no more. What a caller gives as a
 * default and means no limit is optional, or not in the plan at all.
 */
#ifndef CV_LINUX_LIMITS_PLAN_H
#define CV_LINUX_LIMITS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

enum linux_controller {
    LINUX_CONTROLLER_MEMORY,
    LINUX_CONTROLLER_CPU,
    LINUX_CONTROLLER_CPUSET,
    LINUX_CONTROLLER_PIDS,
    LINUX_CONTROLLER_IO,
    LINUX_CONTROLLER_HUGETLB,
    LINUX_CONTROLLER_DEVICES, /* version 1 only; version 2 has a program instead */
    LINUX_CONTROLLER_RDMA,
    LINUX_CONTROLLER_MISC,
    LINUX_CONTROLLER_NET_CLS,
    LINUX_CONTROLLER_NET_PRIO,
    LINUX_CONTROLLER_CPUACCT, /* version 1 only, like the next one: every group of version 2 can do that */
    LINUX_CONTROLLER_FREEZER,
    LINUX_CONTROLLER_CORE, /* version 2 only: what every group has */
    LINUX_CONTROLLERS
};

/* What it is called by each version: "io", "blkio". NULL: there is none. */
const char* linux_controller_name(enum linux_controller controller, int version);

enum {
    LINUX_LIMITS_MAX       = 1024, /* entries of a plan */
    LINUX_LIMIT_FILE_SIZE  = 64,
    LINUX_LIMIT_VALUE_SIZE = 256,
    LINUX_PIDS_DEFAULT     = 2048
};

struct linux_limit {
    const char*           what; /* "the limit of memory" */
    enum linux_controller controller;
    int                   version;  /* 1 or 2 */
    bool                  optional; /* a default of ours, or the end of a limit: no matter where it can't be written */
    bool or_next; /* when there is no such file, the next entry counts instead; else it is passed over */
    char file[LINUX_LIMIT_FILE_SIZE]; /* "": this version can't do it */
    char value[LINUX_LIMIT_VALUE_SIZE];
};

struct linux_limits_plan {
    struct linux_limit* items;
    size_t              count;
};

/* How the plan learns a device's numbers; the only thing it needs of a system. */
typedef int (*linux_limits_device_fn)(const char* path, unsigned* major_out, unsigned* minor_out, struct cv_error* err);

/*
 * CV_ERR_INVALID for limits that contradict each other, CV_ERR_UNSUPPORTED for what neither version has, CV_ERR_LIMIT for more entries
 * than the maximum. An error of `device` is handed on. `update`: also what ends limits that are not given any more; only
 * ext.limits counts then.
 */
int linux_limits_plan_make(const struct cv_spec* spec, bool update, linux_limits_device_fn device,
    struct linux_limits_plan* plan_out, struct cv_error* err);
/* For a container with the limits `now`: what of `changes` is given is to hold, all else as it is. -1 ends a limit, 0 is not given. */
int linux_limits_plan_changes(const struct cv_spec_resources* now, const struct cv_spec_resources* changes,
    struct linux_limits_plan* plan_out, struct cv_error* err);

/*
 * What is given in `changes` replaces what is in `resources`. The first one does so with numbers only, and with the strings cpus and mems
 * as they are, so that nothing is to be freed; the second one copies all but lists, which a container keeps as they were.
 */
void linux_resources_merge_values(struct cv_spec_resources* resources, const struct cv_spec_resources* changes);
int  linux_resources_merge(
     struct cv_spec_resources* resources, const struct cv_spec_resources* changes, struct cv_error* err);

void linux_limits_plan_release(struct linux_limits_plan* plan);

/* Are all numbers of the list ("0-3,7") in the other one? False also for what is no such list. */
bool linux_number_list_within(const char* list, const char* of);

/* One "3" or "0-3" and the comma behind it; returns behind that, NULL when there is none or nothing after the comma. */
const char* linux_number_range(const char* at, uint64_t* first_out, uint64_t* last_out);

/* What of linux.resources is refused. */
int linux_limits_supported(const struct cv_spec* spec, struct cv_error* err);

/* The limit of processes that holds: the one asked for, else our default; UINT64_MAX: none. *is_default_out tells which. */
uint64_t linux_limits_pids(const struct cv_spec* spec, bool* is_default_out);

#endif
