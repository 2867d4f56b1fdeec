/* The processes of a PID namespace, for containers that have no cgroup to count them by. */
#ifndef CV_LINUX_PIDNS_H
#define CV_LINUX_PIDNS_H

#include <stddef.h>
#include <sys/types.h>

#include <cv/error.h>

/*
 * Those of the namespace that `init` is in, and of the namespaces below it, as pids of this process's own. At most `capacity` are
 * written to list, *count_out is how many there are.
 */
int linux_pidns_processes(pid_t init, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err);

#endif
