/*
 * What shall be done about a container's network, decided from the specification alone: no system header, the same on every system.
 */
#ifndef CV_LINUX_NET_PLAN_H
#define CV_LINUX_NET_PLAN_H

#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

/* A shorter prefix would make the pair the way to half of the world, for the whole host. */
enum { LINUX_NET_MIN_PREFIX_IPV4 = 8, LINUX_NET_MIN_PREFIX_IPV6 = 16 };

/* For veth both addresses are of one family, different, and in one subnet of `prefix` bits; otherwise only mode counts. */
struct net_plan {
    enum cv_spec_network_mode mode;
    uint8_t                   family;      /* 4 or 6 */
    uint8_t                   length;      /* bytes of an address: 4 or 16 */
    uint8_t                   prefix;      /* bits */
    uint8_t                   address[16]; /* of the container's end, network byte order */
    uint8_t                   host_address[16];
};

/* Read ext.network. CV_ERR_INVALID names the field, the value and what it lacks. */
int linux_net_plan_make(const struct cv_spec* spec, struct net_plan* plan_out, struct cv_error* err);

#endif
