/*
 * The network of a container, by rtnetlink: no other program is needed. Nothing here waits for anything but the kernel's own answer.
 *
 * The two ends of a veth pair die together, so a pair whose container end is in the container's namespace ends with that namespace.
 * The host end carries its owner: alias "containerv:<id>".
 */
#ifndef CV_LINUX_NET_H
#define CV_LINUX_NET_H

#include <cv/error.h>

#include "linux/net-plan.h"

enum { LINUX_NET_NAME_SIZE = 16 }; /* IFNAMSIZ */

#define LINUX_NET_ALIAS_PREFIX   "containerv:"
#define LINUX_NET_CONTAINER_NAME "eth0"

/* Name of the host's end: "cv" and 13 characters from a 64-bit hash of the whole id. Pure, always the same for the same id. Returns 0. */
int linux_net_host_name(const char* id, char name_out[LINUX_NET_NAME_SIZE]);

/*
 * Run in the host's network namespace: make the pair, the peer directly in the namespace of `netns_fd` as "eth0", give the host's end
 * its alias and address, and set it up. Does nothing unless the plan's mode is veth. One message; after an error no link is left.
 */
int linux_net_veth_host(const char* id, int netns_fd, const struct net_plan* plan, struct cv_error* err);

/*
 * Run inside the container's network namespace, after linux_net_veth_host(): lo up, and for veth eth0's address, up, and the default
 * route through the host's address. Mode host is CV_ERR_INVALID: it would change the host's own links. Needs CAP_NET_ADMIN there.
 */
int linux_net_container(const struct net_plan* plan, struct cv_error* err);

/* Run in the host's network namespace: remove the host's end if it is there and its alias says it is this container's. Gone is fine. */
int linux_net_delete(const char* id, struct cv_error* err);

#endif
