/* Which kernel parameters are a container's own, and the file of one. Pure. */
#ifndef CV_LINUX_SYSCTL_PLAN_H
#define CV_LINUX_SYSCTL_PLAN_H

#include <stddef.h>

#include <cv/error.h>

#include "spec/spec.h"

/*
 * Every parameter of linux.sysctl must be one of a namespace that the container has for itself: what is written to another would be the
 * host's. CV_ERR_INVALID names the first that is not.
 */
int linux_sysctl_check(const struct cv_spec* spec, struct cv_error* err);

/*
 * The path below /proc/sys. "net.ipv4.conf.eth0/1.forwarding" and "net/ipv4/conf/eth0.1/forwarding" are the same: whichever of '.' and
 * '/' comes first separates, the other stands for itself the other way round. CV_ERR_INVALID when it is too long.
 */
int linux_sysctl_path(const char* name, char* path, size_t size, struct cv_error* err);

#endif
