/* Places in a container's /proc: what the host reads and writes there would be another's, so hardly anything can be mounted. In PID 1. */
#ifndef CV_LINUX_PROC_PLACE_H
#define CV_LINUX_PROC_PLACE_H

#include <cv/error.h>

struct linux_setup;

/*
 * Refuse a place in /proc, by descriptor, whatever its name was. An OCI runtime's container may have there what such runtimes allow: a
 * procfs of the host over /proc as a whole, and files over some that tell about the machine, as lxcfs makes them.
 */
int linux_proc_place_check(const struct linux_setup* setup, int target_fd, int mount_fd, struct cv_error* err);

#endif
