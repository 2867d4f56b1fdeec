/* Devices that move between two network namespaces of the test's own, "host" and "container", on the real kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "child.h"

#include <cv/str.h>

#include "linux/net-devices.h"
#include "linux/netlink-batch.h"

#include <cv/banned.h>

enum { DEVICES_MAX = 4, MANY = 100 };

static struct cv_error           err;
static int                       host_ns, container_ns;
static struct cv_spec            spec;
static struct cv_spec_net_device devices[DEVICES_MAX];
static struct linux_net_devices* moved;

static void enter(int ns)
{
    CHILD_CHECK(setns(ns, CLONE_NEWNET) == 0);
}

static int new_namespace(void)
{
    int ns;

    CHILD_CHECK(unshare(CLONE_NEWNET) == 0);
    ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    CHILD_CHECK(ns >= 0);
    return ns;
}

static void make_namespaces(void)
{
    container_ns                  = new_namespace();
    host_ns                       = new_namespace();
    spec.linux_.net_devices.items = devices;
}

static void want(const char* host_name, const char* name)
{
    devices[spec.linux_.net_devices.count++] =
        (struct cv_spec_net_device){ (char*)(uintptr_t)host_name, (char*)(uintptr_t)name };
}

/* A pair in the namespace that we are in. */
static void make_pair(const char* name, const char* peer)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    const struct ifinfomsg                                link    = { .ifi_family = AF_UNSPEC };

    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make a pair", name);
    linux_netlink_put_header(netlink, &link, sizeof(link));
    linux_netlink_put_string(netlink, IFLA_IFNAME, name);
    linux_netlink_nest(netlink, IFLA_LINKINFO);
    linux_netlink_put_string(netlink, IFLA_INFO_KIND, "veth");
    linux_netlink_nest(netlink, IFLA_INFO_DATA);
    linux_netlink_nest(netlink, VETH_INFO_PEER);
    linux_netlink_put_header(netlink, &link, sizeof(link));
    linux_netlink_put_string(netlink, IFLA_IFNAME, peer);
    linux_netlink_end(netlink);
    linux_netlink_end(netlink);
    linux_netlink_end(netlink);
    CHILD_OK(err, linux_netlink_send(netlink, NULL, &err));
}

struct wanted_address {
    const char*   text;
    unsigned char family, prefix, scope;
    uint32_t      flags, seconds; /* 0: for ever */
};

static void give(const char* name, const struct wanted_address* wanted)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    uint8_t                                               bytes[16];
    struct ifaddrmsg                                      header = {
                                             .ifa_family    = wanted->family,
                                             .ifa_prefixlen = wanted->prefix,
                                             .ifa_scope     = wanted->scope,
                                             .ifa_index     = if_nametoindex(name),
    };
    struct ifa_cacheinfo life = { .ifa_valid = wanted->seconds, .ifa_prefered = wanted->seconds };

    CHILD_CHECK(inet_pton(wanted->family, wanted->text, bytes) == 1);
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "give an address", wanted->text);
    linux_netlink_put_header(netlink, &header, sizeof(header));
    linux_netlink_put(netlink, IFA_LOCAL, bytes, wanted->family == AF_INET ? 4 : 16);
    linux_netlink_put_u32(netlink, IFA_FLAGS, wanted->flags);
    if (wanted->seconds != 0)
        linux_netlink_put(netlink, IFA_CACHEINFO, &life, sizeof(life));
    CHILD_OK(err, linux_netlink_send(netlink, NULL, &err));
}

/* --- what is there ------------------------------------------------------------------------------------------------------------- */

struct search {
    unsigned index, found;
    char     text[1024]; /* all its addresses of global scope, as " TEXT/PREFIX", in the kernel's order */
};

static int look(const struct nlmsghdr* message, void* data, struct cv_error* error)
{
    struct search*          search    = data;
    const struct ifaddrmsg* header    = NLMSG_DATA(message);
    int                     left      = (int)IFA_PAYLOAD(message);
    const struct rtattr*    attribute = IFA_RTA((const char*)header);
    char                    text[64];

    (void)error;
    if (header->ifa_index != search->index || header->ifa_scope != RT_SCOPE_UNIVERSE)
        return 0;
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        size_t used = strlen(search->text);
        if (attribute->rta_type != (header->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS))
            continue;
        search->found++;
        inet_ntop(header->ifa_family, RTA_DATA(attribute), text, sizeof(text));
        if (search->found < 10)
            cv_snprintf(search->text + used, sizeof(search->text) - used, " %s/%d", text, header->ifa_prefixlen);
    }
    return 0;
}

static void check_addresses(int ns, const char* name, const char* expected, unsigned count)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    const struct ifaddrmsg                                all     = { .ifa_family = AF_UNSPEC };
    struct search                                         search  = { .found = 0 };

    enter(ns);
    search.index = if_nametoindex(name);
    CHILD_CHECK(search.index != 0);
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    CHILD_OK(err, linux_netlink_list(netlink, RTM_GETADDR, &all, sizeof(all), look, &search, &err));
    if (expected != NULL && strcmp(search.text, expected) != 0)
        fprintf(stderr, "%s has%s\n", name, search.text);
    CHILD_CHECK(expected == NULL || strcmp(search.text, expected) == 0);
    CHILD_CHECK(search.found == count);
    enter(host_ns);
}

static void check_link(int ns, const char* name, bool there, bool up)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    struct linux_link                                     link    = { 0 };
    int                                                   rc;

    enter(ns);
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    rc = linux_netlink_get_link(netlink, name, &link, NULL);
    CHILD_CHECK(rc == (there ? 0 : CV_ERR_NOT_FOUND));
    CHILD_CHECK(!there || ((link.flags & IFF_UP) != 0) == up);
    enter(host_ns);
}

static void set_up(const char* name)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    const struct ifinfomsg link = { .ifi_index = (int)if_nametoindex(name), .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWLINK, 0, "set up", name);
    linux_netlink_put_header(netlink, &link, sizeof(link));
    CHILD_OK(err, linux_netlink_send(netlink, NULL, &err));
}

static int move_them(void)
{
    linux_net_devices_free(CV_STEAL(moved));
    return linux_net_devices_move(&spec, container_ns, &moved, &err);
}

static const struct wanted_address four = { "10.1.2.3", AF_INET, 24, RT_SCOPE_UNIVERSE, 0, 0 };
static const struct wanted_address six  = { "fd00:7::3", AF_INET6, 64, RT_SCOPE_UNIVERSE, IFA_F_NODAD, 0 };

/* --- tests --------------------------------------------------------------------------------------------------------------------- */

static void with_its_name(void)
{
    make_namespaces();
    make_pair("dev0", "far0");
    want("dev0", NULL);
    CHILD_OK(err, move_them());
    check_link(host_ns, "dev0", false, false);
    check_link(container_ns, "dev0", true, true);
    check_link(host_ns, "far0", true, false);
}

static void with_another_name_and_its_addresses(void)
{
    static const struct wanted_address others[] = {
        { "10.1.3.3", AF_INET, 32, RT_SCOPE_UNIVERSE, IFA_F_NOPREFIXROUTE, 0 },
        { "10.1.4.4", AF_INET, 24, RT_SCOPE_LINK, 0, 0 },       /* stays behind: not of global scope */
        { "10.1.5.5", AF_INET, 24, RT_SCOPE_UNIVERSE, 0, 600 }, /* stays behind: not for ever */
    };

    make_namespaces();
    make_pair("dev0", "far0");
    give("dev0", &four);
    give("dev0", &six);
    for (size_t i = 0; i < CV_ARRAY_LEN(others); i++)
        give("dev0", &others[i]);
    set_up("dev0");
    want("dev0", "eth0");
    CHILD_OK(err, move_them());
    check_link(host_ns, "dev0", false, false);
    check_link(container_ns, "eth0", true, true);
    check_addresses(container_ns, "eth0", " 10.1.2.3/24 10.1.3.3/32 fd00:7::3/64", 3);
}

static void two_that_change_names(void)
{
    make_namespaces();
    make_pair("dev0", "dev1");
    give("dev0", &four);
    give("dev1", &six);
    want("dev0", "dev1");
    want("dev1", "dev0");
    CHILD_OK(err, move_them());
    check_addresses(container_ns, "dev1", " 10.1.2.3/24", 1);
    check_addresses(container_ns, "dev0", " fd00:7::3/64", 1);
}

static void a_template(void)
{
    make_namespaces();
    enter(container_ns);
    make_pair("ctr0", "other");
    enter(host_ns);
    make_pair("dev0", "dev1");
    want("dev0", "ctr%d");
    want("dev1", "ctr%d");
    CHILD_OK(err, move_them());
    check_link(container_ns, "ctr1", true, true);
    check_link(container_ns, "ctr2", true, true);
}

/* The container has devices with the number, and with the host's name, of the one that comes. */
static void numbers_and_names_that_meet(void)
{
    make_namespaces();
    make_pair("dev0", "far0");
    enter(container_ns);
    make_pair("dev0", "other");
    enter(host_ns);
    give("dev0", &four);
    want("dev0", "eth0");
    CHILD_OK(err, move_them());
    check_addresses(container_ns, "eth0", " 10.1.2.3/24", 1);
    check_link(container_ns, "dev0", true, false);
}

static void many_addresses(void)
{
    char                  text[32];
    struct wanted_address address = { text, AF_INET, 32, RT_SCOPE_UNIVERSE, 0, 0 };

    make_namespaces();
    make_pair("dev0", "far0");
    for (int i = 0; i < MANY; i++) {
        cv_snprintf(text, sizeof(text), "10.7.0.%d", i + 1);
        give("dev0", &address);
    }
    want("dev0", NULL);
    CHILD_OK(err, move_them());
    check_addresses(container_ns, "dev0", NULL, MANY);
}

/* The first is back with all that it had after the second one could not be moved. */
static void a_name_that_is_taken(void)
{
    make_namespaces();
    enter(container_ns);
    make_pair("eth1", "other");
    enter(host_ns);
    make_pair("dev0", "dev1");
    give("dev0", &four);
    give("dev0", &six);
    set_up("dev0");
    want("dev0", "eth0");
    want("dev1", "eth1");
    CHILD_CHECK(move_them() == CV_ERR_EXISTS);
    CHILD_CHECK(strstr(err.text, "linux.netDevices[\"dev1\"]: rename a network device 'eth1'") != NULL);
    check_link(container_ns, "eth0", false, false);
    check_link(host_ns, "dev0", true, true);
    check_link(host_ns, "dev1", true, false);
    check_addresses(host_ns, "dev0", " 10.1.2.3/24 fd00:7::3/64", 2);
}

static void back_when_nothing_comes_of_it(void)
{
    make_namespaces();
    make_pair("dev0", "dev1");
    give("dev0", &four);
    give("dev1", &six);
    set_up("dev0");
    want("dev0", "ctr%d");
    want("dev1", "dev0");
    CHILD_OK(err, move_them());
    check_link(container_ns, "ctr0", true, true);
    linux_net_devices_return(CV_STEAL(moved));
    check_link(host_ns, "dev0", true, true);
    check_link(host_ns, "dev1", true, false);
    check_addresses(host_ns, "dev0", " 10.1.2.3/24", 1);
    check_addresses(host_ns, "dev1", " fd00:7::3/64", 1);
    check_link(container_ns, "ctr0", false, false);
    linux_net_devices_return(NULL);
}

static void what_cannot_be_moved(void)
{
    make_namespaces();
    want("none", NULL);
    CHILD_CHECK(move_them() == CV_ERR_NOT_FOUND);
    CHILD_CHECK(strstr(err.text, "linux.netDevices[\"none\"]: look for a link 'none'") != NULL);
    devices[0].host_name = (char*)(uintptr_t) "lo";
    CHILD_CHECK(move_them() < 0);
    CHILD_CHECK(strstr(err.text, "linux.netDevices[\"lo\"]: move a network device 'lo'") != NULL);
    check_link(host_ns, "lo", true, false);
    make_pair("dev0", "far0");
    devices[0].host_name = (char*)(uintptr_t) "dev0";
    CHILD_CHECK(linux_net_devices_move(&spec, host_ns, &moved, &err) == CV_ERR_INVALID);
    check_link(host_ns, "dev0", true, false);
    spec.linux_.net_devices.count = 0;
    CHILD_OK(err, linux_net_devices_move(&spec, -1, &moved, &err));
}

#define IN_CHILD(part)                                                                                                 \
    static void test_##part(void** state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_in_child(part);                                                                                            \
    }

IN_CHILD(with_its_name)
IN_CHILD(with_another_name_and_its_addresses)
IN_CHILD(two_that_change_names)
IN_CHILD(a_template)
IN_CHILD(numbers_and_names_that_meet)
IN_CHILD(many_addresses)
IN_CHILD(a_name_that_is_taken)
IN_CHILD(back_when_nothing_comes_of_it)
IN_CHILD(what_cannot_be_moved)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_its_name),
        cmocka_unit_test(test_with_another_name_and_its_addresses),
        cmocka_unit_test(test_two_that_change_names),
        cmocka_unit_test(test_a_template),
        cmocka_unit_test(test_numbers_and_names_that_meet),
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_a_name_that_is_taken),
        cmocka_unit_test(test_back_when_nothing_comes_of_it),
        cmocka_unit_test(test_what_cannot_be_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
