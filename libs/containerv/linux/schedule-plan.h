/* How a program is scheduled, in the kernel's own numbers. Pure. */
#ifndef CV_LINUX_SCHEDULE_PLAN_H
#define CV_LINUX_SCHEDULE_PLAN_H

#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

enum { LINUX_CPUS_MAX = 8192 }; /* the largest number that a kernel can be built for */

/* Bit n of the mask that sched_setaffinity(2) takes, as it lies in memory: little-endian, as all our machines. */
struct linux_cpus {
    uint8_t bytes[LINUX_CPUS_MAX / 8];
};

/* struct sched_attr of sched_setattr(2), in its second version. */
struct linux_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t  nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

/* "0-3,7". CV_ERR_INVALID: a range that goes backwards, a number of LINUX_CPUS_MAX or more. */
int linux_cpus_parse(const char* list, struct linux_cpus* cpus_out, struct cv_error* err);

/* process.scheduler, which is set and valid. CV_ERR_INVALID for words that are none. */
int linux_schedule_plan(const struct cv_spec_process* process, struct linux_sched_attr* attr_out, struct cv_error* err);

/* process.ioPriority likewise, as ioprio_set(2) takes it. */
int linux_io_priority_plan(const struct cv_spec_process* process, int* priority_out, struct cv_error* err);

#endif
