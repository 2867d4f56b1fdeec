/*
 * Locking a container's mounts. Whoever has CAP_SYS_ADMIN in the user namespace that owns a mount namespace can remount and unmount there.
 * So for a container that is granted it, the finished tree is copied into a mount namespace of a further user namespace: the kernel locks
 * every mount that it copies across such a border (mount_namespaces(7)). The other namespaces that the program may administer are made
 * anew with it; the PID namespace stays with the outer one, which also keeps the program from mounting a fresh /proc.
 */
#ifndef CV_LINUX_SEAL_H
#define CV_LINUX_SEAL_H

#include <cv/error.h>

struct linux_setup;

int linux_seal(const struct linux_setup* setup, struct cv_error* err);

#endif
