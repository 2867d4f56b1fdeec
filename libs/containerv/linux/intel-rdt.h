/*
 * Intel's Resource Director Technology (linux.intelRdt): shares of the cache and of the memory's bandwidth, by groups in the resctrl
 * filesystem. Only for containers of OCI runtimes. Linux only.
 */
#ifndef CV_LINUX_INTEL_RDT_H
#define CV_LINUX_INTEL_RDT_H

#include <sys/types.h>

#include <cv/error.h>

#include "linux/intel-rdt-plan.h"

/*
 * Make the container's group, or take the one that is there, and put a process into it (0: the calling one). Nothing when the container
 * has no intelRdt. CV_ERR_UNSUPPORTED: no resctrl is mounted, or the processor has not what was asked for. CV_ERR_NOT_FOUND: a closID
 * without schemata, whose group isn't there. CV_ERR_INVALID: the group has other schemata.
 */
int linux_rdt_join(const struct cv_spec* spec, const char* id, pid_t pid, struct cv_error* err);

/* A further process, 0: the calling one, into a group that must be there. */
int linux_rdt_enter(const struct cv_spec* spec, const char* id, pid_t pid, struct cv_error* err);

/* Take the group away that was made for this container alone: one without closID. That it isn't there is no error. */
int linux_rdt_leave(const struct cv_spec* spec, const char* id, struct cv_error* err);

/* The same in a given folder instead of where resctrl is mounted. */
int linux_rdt_join_at(int base_fd, const struct cv_spec* spec, const char* id, pid_t pid, struct cv_error* err);

#endif
