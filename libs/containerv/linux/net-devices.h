/*
 * Network devices that a container takes from the host (linux.netDevices of OCI 1.3). The kernel gives them back, or ends them, when the
 * container's network namespace ends.
 */
#ifndef CV_LINUX_NET_DEVICES_H
#define CV_LINUX_NET_DEVICES_H

#include <cv/error.h>
#include <cv/macros.h>

#include "spec/spec.h"

/* Those of one container, and all that is needed to put them back. */
struct linux_net_devices;

/*
 * Run in the network namespace that has the devices, by a single-threaded process: move each into the namespace of `netns_fd`, where it
 * gets its new name, its permanent addresses of global scope, and is set up. CV_ERR_NOT_FOUND: there is no such device. CV_ERR_EXISTS: its
 * name is taken. After an error all are back where they were, with those addresses. *devices_out is NULL when the spec has none.
 */
int linux_net_devices_move(
    const struct cv_spec* spec, int netns_fd, struct linux_net_devices** devices_out, struct cv_error* err);

/* The container came to nothing: put them back, as far as that goes, and free. NULL is fine. */
void linux_net_devices_return(struct linux_net_devices* devices);

/* They are the container's. NULL is fine; returns NULL. */
struct linux_net_devices* linux_net_devices_free(struct linux_net_devices* devices);
CV_DEFINE_CLEANUP(struct linux_net_devices, linux_net_devices_free)

#endif
