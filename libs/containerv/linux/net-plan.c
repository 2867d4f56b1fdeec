#include "linux/net-plan.h"

#include <string.h>

#include "spec/address.h"

#include <cv/banned.h>

/* Are the bits after the prefix all zero, or all one? Such an address names the subnet, or all of it. */
static bool host_bits_are(const struct net_plan* plan, const uint8_t* address, bool ones)
{
    for (unsigned bit = plan->prefix; bit < plan->length * 8u; bit++)
        if (((address[bit / 8] >> (7 - bit % 8)) & 1) != (ones ? 1 : 0))
            return false;
    return true;
}

static int check_usable(
    const struct net_plan* plan, const struct cv_address* address, const char* text, struct cv_error* err)
{
    bool whole_subnet = plan->prefix + 2 <= plan->length * 8; /* /31 and /127 have no address to spare */

    if (cv_address_is_special(address))
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no address of a single machine", text);
    if (whole_subnet && host_bits_are(plan, address->bytes, false))
        return cv_error_set(
            err, CV_ERR_INVALID, "'%s' is the address of the subnet itself (prefix %u)", text, plan->prefix);
    if (whole_subnet && plan->family == 4 && host_bits_are(plan, address->bytes, true))
        return cv_error_set(
            err, CV_ERR_INVALID, "'%s' is the broadcast address of its subnet (prefix %u)", text, plan->prefix);
    return 0;
}

static int check_pair(const struct net_plan* plan, const struct cv_address* address, const struct cv_address* host,
    const struct cv_spec* spec, struct cv_error* err)
{
    unsigned    min_prefix = plan->family == 4 ? LINUX_NET_MIN_PREFIX_IPV4 : LINUX_NET_MIN_PREFIX_IPV6;
    const char* text       = spec->ext.network.address;
    const char* host_text  = spec->ext.network.host_address;
    const char* netmask    = spec->ext.network.netmask;

    if (plan->prefix < min_prefix)
        return cv_error_set(err, CV_ERR_INVALID, "netmask '%s' is a prefix of %u bits, at least %u are needed", netmask,
            plan->prefix, min_prefix);
    if (cv_address_equal(address, host))
        return cv_error_set(err, CV_ERR_INVALID, "container and host can't both have the address '%s'", text);
    if (!cv_address_same_network(address, host, plan->prefix))
        return cv_error_set(
            err, CV_ERR_INVALID, "'%s' and '%s' are not in one subnet (netmask '%s')", text, host_text, netmask);
    if (check_usable(plan, address, text, err) < 0)
        return cv_error_wrap(err, "address");
    if (check_usable(plan, host, host_text, err) < 0)
        return cv_error_wrap(err, "host address");
    return 0;
}

static int plan_veth(const struct cv_spec* spec, struct net_plan* plan, struct cv_error* err)
{
    struct cv_address address = { 0 }, host = { 0 };
    unsigned          prefix = 0;
    int               rc;

    if (spec->ext.network.address == NULL || spec->ext.network.netmask == NULL
        || spec->ext.network.host_address == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "mode veth needs address, netmask and host address");
    if (cv_address_parse(spec->ext.network.address, &address, err) < 0)
        return cv_error_wrap(err, "address");
    if (cv_address_parse(spec->ext.network.host_address, &host, err) < 0)
        return cv_error_wrap(err, "host address");
    if (address.version != host.version)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' and '%s' are not of one family", spec->ext.network.address,
            spec->ext.network.host_address);
    if (cv_address_parse_netmask(spec->ext.network.netmask, address.version, &prefix, err) < 0)
        return cv_error_wrap(err, "netmask");
    plan->family = (uint8_t)address.version;
    plan->length = plan->family == 4 ? 4 : 16;
    plan->prefix = (uint8_t)prefix;
    rc           = check_pair(plan, &address, &host, spec, err);
    if (rc == 0) {
        memcpy(plan->address, address.bytes, sizeof(plan->address));
        memcpy(plan->host_address, host.bytes, sizeof(plan->host_address));
    }
    return rc;
}

int linux_net_plan_make(const struct cv_spec* spec, struct net_plan* plan_out, struct cv_error* err)
{
    struct net_plan plan = { 0 };
    int             rc   = 0;

    switch (spec->ext.network.mode) {
    case CV_SPEC_NETWORK_NONE:
    case CV_SPEC_NETWORK_HOST:
        plan.mode = (enum cv_spec_network_mode)spec->ext.network.mode;
        /* accepted and ignored would look as if it had been done */
        if (spec->ext.network.address != NULL || spec->ext.network.netmask != NULL
            || spec->ext.network.host_address != NULL)
            rc = cv_error_set(err, CV_ERR_INVALID, "addresses can only be given with mode veth");
        break;
    case CV_SPEC_NETWORK_VETH:
        plan.mode = CV_SPEC_NETWORK_VETH;
        rc        = plan_veth(spec, &plan, err);
        break;
    default:
        rc = cv_error_set(err, CV_ERR_INVALID, "mode %u is not known", (unsigned)spec->ext.network.mode);
        break;
    }
    if (rc < 0)
        return cv_error_wrap(err, "network");
    *plan_out = plan;
    return 0;
}
