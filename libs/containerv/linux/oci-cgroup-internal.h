/* What the files oci-cgroup*.c share. */
#ifndef CV_LINUX_OCI_CGROUP_INTERNAL_H
#define CV_LINUX_OCI_CGROUP_INTERNAL_H

#include "linux/oci-cgroup.h"

/* Remove a group of version 1 with those below; gone is fine. CV_ERR_TIMEOUT: it still has processes. */
int linux_oci_v1_remove(int parent_fd, const char* name, int64_t timeout_ms, struct cv_error* err);

/* A container that has no cgroup: an error when a limit of the plan was asked for. */
int linux_oci_without_group(const struct linux_limits_plan* plan, struct cv_error* err);

#endif
