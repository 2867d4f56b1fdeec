/* What the files that make plans of limits share: limits-plan.c and limits-resources.c. Pure. */
#ifndef CV_LINUX_LIMITS_PLANNER_H
#define CV_LINUX_LIMITS_PLANNER_H

#include "linux/limits-plan.h"

#define LINUX_NO_LIMIT      UINT64_MAX
#define LINUX_CPU_PERIOD_US UINT64_C(100000)

struct linux_planner {
    struct linux_limits_plan plan;
    size_t                   capacity;
    bool                     optional; /* of what is added now */
    bool                     update;
    linux_limits_device_fn   device;
    struct cv_error*         err;
    int                      rc; /* the first failure; nothing is added after it */
};

/* One file of one version. `file` NULL: that version can't do it. */
void linux_plan_add(struct linux_planner* planner, const char* what, enum linux_controller controller, int version,
    const char* file, const char* format, ...) CV_PRINTF(6, 7);

/* The last entry counts only where its file is; else the one that is added next does. */
void linux_plan_or_next(struct linux_planner* planner);

/* A number of bytes or things; all from INT64_MAX on is "no limit". */
void linux_plan_amount(struct linux_planner* planner, const char* what, enum linux_controller controller, int version,
    const char* file, uint64_t value);
void linux_plan_both(struct linux_planner* planner, const char* what, enum linux_controller controller,
    const char* v2_file, const char* v1_file, uint64_t value);

void linux_plan_memory(struct linux_planner* planner, uint64_t bytes);
/* Version 1 counts memory and swap together: `total`. */
void linux_plan_swap(struct linux_planner* planner, uint64_t swap, uint64_t total);
void linux_plan_quota(struct linux_planner* planner, uint64_t quota_us, uint64_t period_us);
void linux_plan_weight(struct linux_planner* planner, uint64_t weight, uint64_t shares);
void linux_plan_cpuset(struct linux_planner* planner, const char* cpus, const char* mems);
void linux_plan_hugepages(struct linux_planner* planner, const struct cv_spec_hugepage_limit* list, size_t count);

enum linux_rate { LINUX_RATE_READ_BPS, LINUX_RATE_WRITE_BPS, LINUX_RATE_READ_IOPS, LINUX_RATE_WRITE_IOPS, LINUX_RATES };
/* `value` LINUX_NO_LIMIT ends it. */
void linux_plan_rate(
    struct linux_planner* planner, enum linux_rate rate, uint64_t major, uint64_t minor, uint64_t value);

/* limits-resources.c: what OCI's numbers are to version 2. */
uint64_t linux_weight_of_shares(uint64_t shares);
uint64_t linux_weight_of_blkio(uint64_t weight);

/* limits-resources.c: of `all`, what `given` has. The same for both when a container is made. */
void linux_plan_resources(
    struct linux_planner* planner, const struct cv_spec_resources* all, const struct cv_spec_resources* given);

#endif
