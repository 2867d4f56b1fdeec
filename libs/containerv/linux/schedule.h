/* How the calling process is scheduled: policy, I/O priority, CPUs. For a fork: no memory. Linux only. */
#ifndef CV_LINUX_SCHEDULE_H
#define CV_LINUX_SCHEDULE_H

#include <cv/error.h>

#include "linux/schedule-plan.h"

/* Policy and I/O priority, where they are given. CV_ERR_PERMISSION with a hint for what needs rights on the host. */
int linux_schedule(const struct cv_spec_process* process, struct cv_error* err);

/* Only these CPUs. `field` is for the error. */
int linux_affinity_set(const char* list, const char* field, struct cv_error* err);

/* The CPUs of a caller which goes to others for a while, and back. A `list` that is NULL or empty is nowhere to go. */
int  linux_affinity_leave(const char* list, struct linux_cpus* home_out, struct cv_error* err);
void linux_affinity_return(const char* list, const struct linux_cpus* home);

#endif
