#include "linux/net.h"

#include <stdbool.h>
#include <string.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <cv/random.h>
#include <cv/str.h>

#include "linux/netlink-batch.h"

#include <cv/banned.h>

enum {
    ALIAS_SIZE     = 256, /* IFALIASZ */
    LOOPBACK_INDEX = 1,   /* in every network namespace */
};

/* FNV-1a over the whole id, then a mix, so that every bit of the result depends on every character. */
static uint64_t hash_id(const char* id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

int linux_net_host_name(const char* id, char name_out[LINUX_NET_NAME_SIZE])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t          hash     = hash_id(id);

    name_out[0] = 'c';
    name_out[1] = 'v';
    for (int i = 2; i < LINUX_NET_NAME_SIZE - 1; i++, hash >>= 5)
        name_out[i] = digits[hash & 31];
    name_out[LINUX_NET_NAME_SIZE - 1] = '\0';
    return 0;
}

/*
 * We choose the link's number ourselves, far above those that the kernel gives. So the later requests of the batch can name the link
 * without knowing the answer to the first one, and hit nothing when that one failed.
 */
static int choose_index(uint32_t* index_out, struct cv_error* err)
{
    uint32_t number = 0;
    int      rc     = cv_random_bytes(&number, sizeof(number), err);

    if (rc == 0)
        *index_out = UINT32_C(0x40000000) | (number & UINT32_C(0x3fffffff));
    return rc;
}

static void add_pair(struct linux_netlink* netlink, const char* name, uint32_t index, int netns_fd)
{
    const struct ifinfomsg host = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
    const struct ifinfomsg peer = { .ifi_family = AF_UNSPEC };

    linux_netlink_add(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make a pair of network links", name);
    linux_netlink_put_header(netlink, &host, sizeof(host));
    linux_netlink_put_string(netlink, IFLA_IFNAME, name);
    linux_netlink_nest(netlink, IFLA_LINKINFO);
    linux_netlink_put_string(netlink, IFLA_INFO_KIND, "veth");
    linux_netlink_nest(netlink, IFLA_INFO_DATA);
    linux_netlink_nest(netlink, VETH_INFO_PEER);
    linux_netlink_put_header(netlink, &peer, sizeof(peer));
    linux_netlink_put_string(netlink, IFLA_IFNAME, LINUX_NET_CONTAINER_NAME);
    linux_netlink_put_u32(netlink, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    linux_netlink_end(netlink);
    linux_netlink_end(netlink);
    linux_netlink_end(netlink);
}

static void add_alias(struct linux_netlink* netlink, const char* name, uint32_t index, const char* alias)
{
    const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };

    linux_netlink_add(netlink, RTM_NEWLINK, 0, "name the owner of a network link", name);
    linux_netlink_put_header(netlink, &link, sizeof(link));
    linux_netlink_put_string(netlink, IFLA_IFALIAS, alias);
}

static void add_up(struct linux_netlink* netlink, const char* name, uint32_t index)
{
    const struct ifinfomsg link = {
        .ifi_family = AF_UNSPEC, .ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
    };

    linux_netlink_add(netlink, RTM_NEWLINK, 0, "set a network link up", name);
    linux_netlink_put_header(netlink, &link, sizeof(link));
}

static unsigned char family_of(const struct net_plan* plan)
{
    return plan->family == 4 ? AF_INET : AF_INET6;
}

static void add_address(struct linux_netlink* netlink, const char* name, uint32_t index, const struct net_plan* plan,
    const uint8_t* address)
{
    const struct ifaddrmsg header = {
        .ifa_family    = family_of(plan),
        .ifa_prefixlen = plan->prefix,
        .ifa_flags =
            IFA_F_PERMANENT | (plan->family == 6 ? IFA_F_NODAD : 0), /* only two are on this link: nothing to detect */
        .ifa_scope = RT_SCOPE_UNIVERSE,
        .ifa_index = index,
    };

    linux_netlink_add(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "set the address of a network link", name);
    linux_netlink_put_header(netlink, &header, sizeof(header));
    linux_netlink_put(netlink, IFA_LOCAL, address, plan->length);
    linux_netlink_put(netlink, IFA_ADDRESS, address, plan->length);
}

static void add_default_route(
    struct linux_netlink* netlink, const char* name, uint32_t index, const struct net_plan* plan)
{
    const struct rtmsg header = {
        .rtm_family   = family_of(plan),
        .rtm_table    = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope    = RT_SCOPE_UNIVERSE,
        .rtm_type     = RTN_UNICAST,
    };

    linux_netlink_add(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "set the default route", name);
    linux_netlink_put_header(netlink, &header, sizeof(header));
    linux_netlink_put(netlink, RTA_GATEWAY, plan->host_address, plan->length);
    linux_netlink_put_u32(netlink, RTA_OIF, index);
}

static void add_delete(struct linux_netlink* netlink, const char* name, uint32_t index)
{
    const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };

    linux_netlink_add(netlink, RTM_DELLINK, 0, "remove a network link", name);
    linux_netlink_put_header(netlink, &link, sizeof(link));
}

static int make_alias(const char* id, char alias[ALIAS_SIZE], struct cv_error* err)
{
    if (cv_snprintf(alias, ALIAS_SIZE, LINUX_NET_ALIAS_PREFIX "%s", id) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "an id of %zu characters is too long", strlen(id));
    return 0;
}

static int veth_host(const char* id, int netns_fd, const struct net_plan* plan, struct cv_error* err)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    char                                                  name[LINUX_NET_NAME_SIZE], alias[ALIAS_SIZE];
    uint32_t                                              index = 0;
    int                                                   rc    = make_alias(id, alias, err);

    if (rc == 0)
        rc = choose_index(&index, err);
    if (rc == 0)
        rc = linux_netlink_new(&netlink, err);
    if (rc < 0)
        return rc;
    linux_net_host_name(id, name);
    add_pair(netlink, name, index, netns_fd);
    add_alias(netlink, name, index, alias);
    add_up(netlink, name, index);
    add_address(netlink, name, index, plan, plan->host_address);
    rc = linux_netlink_send(netlink, NULL, err);
    if (rc < 0) {
        add_delete(netlink, name, index); /* no such link if it was the first request that failed */
        (void)linux_netlink_send(netlink, NULL, NULL);
    }
    return rc;
}

int linux_net_veth_host(const char* id, int netns_fd, const struct net_plan* plan, struct cv_error* err)
{
    int rc = 0;

    if (plan->mode == CV_SPEC_NETWORK_VETH)
        rc = veth_host(id, netns_fd, plan, err);
    return rc < 0 ? cv_error_wrap(err, "network of container '%s'", id) : 0;
}

static int net_container(const struct net_plan* plan, struct cv_error* err)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    const char*                                           name    = LINUX_NET_CONTAINER_NAME;
    char                                                  alias[ALIAS_SIZE];
    uint32_t                                              index = 0;
    int                                                   rc    = linux_netlink_new(&netlink, err);

    if (rc == 0 && plan->mode == CV_SPEC_NETWORK_VETH)
        rc = linux_netlink_find_link(netlink, name, &index, alias, sizeof(alias), err);
    if (rc < 0)
        return rc;
    add_up(netlink, "lo", LOOPBACK_INDEX);
    if (plan->mode == CV_SPEC_NETWORK_VETH) {
        add_up(netlink, name, index);
        add_address(netlink, name, index, plan, plan->address);
        add_default_route(netlink, name, index, plan);
    }
    return linux_netlink_send(netlink, NULL, err);
}

int linux_net_container(const struct net_plan* plan, struct cv_error* err)
{
    int rc;

    if (plan->mode == CV_SPEC_NETWORK_HOST)
        return cv_error_set(err, CV_ERR_INVALID, "the host's network is not a container's to set up");
    rc = net_container(plan, err);
    return rc < 0 ? cv_error_wrap(err, "network inside the container") : 0;
}

static int net_delete(const char* id, struct cv_error* err)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    char     name[LINUX_NET_NAME_SIZE], expected[ALIAS_SIZE], alias[ALIAS_SIZE];
    uint32_t index = 0;
    int      rc    = make_alias(id, expected, err);

    if (rc == 0)
        rc = linux_netlink_new(&netlink, err);
    if (rc < 0)
        return rc;
    linux_net_host_name(id, name);
    rc = linux_netlink_find_link(netlink, name, &index, alias, sizeof(alias), err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? 0 : rc;
    if (strcmp(alias, expected) != 0)
        return 0; /* somebody else's link has this name: ours is not there */
    add_delete(netlink, name, index);
    rc = linux_netlink_send(netlink, NULL, err);
    /* it went with the container's namespace between the two requests */
    return rc < 0 && linux_netlink_find_link(netlink, name, &index, alias, sizeof(alias), NULL) == CV_ERR_NOT_FOUND
               ? 0
               : rc;
}

int linux_net_delete(const char* id, struct cv_error* err)
{
    int rc = net_delete(id, err);

    return rc < 0 ? cv_error_wrap(err, "network of container '%s'", id) : 0;
}
