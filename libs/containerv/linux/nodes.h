/* The devices of an OCI runtime's container: made as nodes, or where that isn't allowed the host's are bound. Run in PID 1. */
#ifndef CV_LINUX_NODES_H
#define CV_LINUX_NODES_H

#include <cv/error.h>

struct linux_setup;

/*
 * linux.devices, then what every container has: nodes, links, the place of the console. Nothing of it in a /dev that is bound from the
 * host. Of a device that can only be bound the owner and mode are the host's.
 */
int linux_nodes_make(struct linux_setup* setup, struct cv_error* err);

/* In the container's root: the terminal of an OCI runtime's container on /dev/console, where there is such a file. */
int linux_nodes_console(int terminal_fd, struct cv_error* err);

#endif
