/*
 * The container's time namespace. Who makes one is not in it, only its later children are, and the offsets can be written only until the
 * first process is in. So PID 1 makes it, writes the offsets, and then joins it itself: then it also holds when PID 1 is the program, and
 * whoever joins PID 1's namespaces by its pidfd gets this one with the others.
 */
#ifndef CV_LINUX_TIMENS_H
#define CV_LINUX_TIMENS_H

#include <cv/error.h>

#include "spec/spec.h"

/*
 * In PID 1, with the host's /proc in place: enter a time namespace with the spec's offsets; nothing when the spec has none. The kernel
 * asks for a single-threaded process, and for CAP_SYS_TIME and CAP_SYS_ADMIN in the container's user namespace.
 */
int linux_timens_enter(const struct cv_spec* spec, struct cv_error* err);

#endif
