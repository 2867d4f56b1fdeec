/* Network of containers on the real kernel: every test has two network namespaces of its own, "host" and "container". */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include "child.h"

#include <cv/str.h>

#include "linux/net.h"
#include "linux/netlink-batch.h"

#include <cv/banned.h>

enum { PORT = 7777, WAIT_MS = 10000, IDS = 20000 };

static struct cv_error err;
static int             host_ns, container_ns;

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
    container_ns = new_namespace();
    host_ns      = new_namespace();
}

static struct net_plan make_plan(const char* address, const char* netmask, const char* host)
{
    struct cv_spec  spec = { 0 };
    struct net_plan plan = { 0 };

    spec.ext.network.mode         = CV_SPEC_NETWORK_VETH;
    spec.ext.network.address      = (char*)(uintptr_t)address;
    spec.ext.network.netmask      = (char*)(uintptr_t)netmask;
    spec.ext.network.host_address = (char*)(uintptr_t)host;
    CHILD_OK(err, linux_net_plan_make(&spec, &plan, &err));
    return plan;
}

static socklen_t make_address(const char* text, struct sockaddr_storage* address)
{
    struct sockaddr_in*  v4 = (void*)address;
    struct sockaddr_in6* v6 = (void*)address;

    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port   = htons(PORT);
        return sizeof(*v4);
    }
    CHILD_CHECK(inet_pton(AF_INET6, text, &v6->sin6_addr) == 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port   = htons(PORT);
    return sizeof(*v6);
}

static void wait_for(int fd, short events)
{
    struct pollfd poller = { .fd = fd, .events = events };
    CHILD_CHECK(poll(&poller, 1, WAIT_MS) == 1);
}

/* A TCP connection from one namespace to `text` in the other, and a word over it. */
static void check_traffic(int from, int to, const char* text)
{
    struct sockaddr_storage address;
    socklen_t               length = make_address(text, &address);
    int                     listener, client, server, error = -1;
    socklen_t               error_length = sizeof(error);
    char                    word[6]      = "";

    enter(to);
    listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHILD_CHECK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0);
    CHILD_CHECK(bind(listener, (struct sockaddr*)&address, length) == 0);
    CHILD_CHECK(listen(listener, 1) == 0);
    enter(from);
    client = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHILD_CHECK(connect(client, (struct sockaddr*)&address, length) == 0 || errno == EINPROGRESS);
    wait_for(client, POLLOUT);
    CHILD_CHECK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &error_length) == 0 && error == 0);
    wait_for(listener, POLLIN);
    server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHILD_CHECK(write(client, "hello", 5) == 5);
    wait_for(server, POLLIN);
    CHILD_CHECK(read(server, word, 5) == 5 && strcmp(word, "hello") == 0);
    close(server);
    close(client);
    close(listener);
    enter(host_ns);
}

/* An address on the host that only a default route leads to. */
static void add_far_address(const char* text, unsigned char family, unsigned char prefix)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    struct ifaddrmsg address   = { .ifa_family = family, .ifa_prefixlen = prefix, .ifa_index = 1 };
    struct ifinfomsg up        = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
    uint8_t          bytes[16] = { 0 };

    /* else the kernel lets nobody bind to it until a worker of its own has had its turn, even on lo */
    address.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
    CHILD_CHECK(inet_pton(family, text, bytes) == 1);
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWLINK, 0, "set lo up", "lo");
    linux_netlink_put_header(netlink, &up, sizeof(up));
    linux_netlink_add(netlink, RTM_NEWADDR, NLM_F_CREATE, "set an address", text);
    linux_netlink_put_header(netlink, &address, sizeof(address));
    linux_netlink_put(netlink, IFA_LOCAL, bytes, family == AF_INET ? 4 : 16);
    CHILD_OK(err, linux_netlink_send(netlink, NULL, &err));
}

static void connect_container(const char* id, const struct net_plan* plan)
{
    CHILD_OK(err, linux_net_veth_host(id, container_ns, plan, &err));
    enter(container_ns);
    CHILD_OK(err, linux_net_container(plan, &err));
    enter(host_ns);
}

static void check_host_link(const char* id, bool there)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    char                                                  name[LINUX_NET_NAME_SIZE], alias[256], expected[256];
    uint32_t                                              index = 0;
    int                                                   rc;

    linux_net_host_name(id, name);
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    rc = linux_netlink_find_link(netlink, name, &index, alias, sizeof(alias), &err);
    CHILD_CHECK(rc == (there ? 0 : CV_ERR_NOT_FOUND));
    cv_snprintf(expected, sizeof(expected), "containerv:%s", id);
    CHILD_CHECK(!there || (strcmp(alias, expected) == 0 && index == if_nametoindex(name)));
}

static void check_container_link(bool there)
{
    enter(container_ns);
    CHILD_CHECK((if_nametoindex("eth0") != 0) == there);
    enter(host_ns);
}

static void ipv4(void)
{
    struct net_plan plan;

    make_namespaces();
    plan = make_plan("10.9.0.2", "255.255.255.0", "10.9.0.1");
    connect_container("four", &plan);
    check_host_link("four", true);
    check_traffic(host_ns, container_ns, "10.9.0.2");
    check_traffic(container_ns, host_ns, "10.9.0.1");
    check_traffic(container_ns, container_ns, "127.0.0.1");
    add_far_address("198.51.100.1", AF_INET, 32);
    check_traffic(container_ns, host_ns, "198.51.100.1");
    CHILD_OK(err, linux_net_delete("four", &err));
    check_host_link("four", false);
    check_container_link(false);
    CHILD_OK(err, linux_net_delete("four", &err)); /* gone is fine */
}

static void ipv6(void)
{
    struct net_plan plan;

    make_namespaces();
    plan = make_plan("fd00:9::2", "64", "fd00:9::1");
    connect_container("six", &plan);
    check_traffic(host_ns, container_ns, "fd00:9::2");
    check_traffic(container_ns, host_ns, "fd00:9::1");
    check_traffic(container_ns, container_ns, "::1");
    add_far_address("2001:db8::1", AF_INET6, 128);
    check_traffic(container_ns, host_ns, "2001:db8::1");
}

static void two_containers(void)
{
    struct net_plan first, second;
    int             other;

    make_namespaces();
    first  = make_plan("10.9.1.2", "30", "10.9.1.1");
    second = make_plan("10.9.2.2", "30", "10.9.2.1");
    other  = new_namespace();
    enter(host_ns);
    connect_container("build-1", &first);
    CHILD_OK(err, linux_net_veth_host("build-2", other, &second, &err));
    enter(other);
    CHILD_OK(err, linux_net_container(&second, &err));
    enter(host_ns);
    check_traffic(host_ns, container_ns, "10.9.1.2");
    check_traffic(host_ns, other, "10.9.2.2");
    CHILD_OK(err, linux_net_delete("build-1", &err));
    check_host_link("build-2", true);
    check_traffic(host_ns, other, "10.9.2.2");
}

static void only_loopback(void)
{
    struct net_plan plan = { .mode = CV_SPEC_NETWORK_NONE };

    make_namespaces();
    CHILD_OK(err, linux_net_veth_host("none", container_ns, &plan, &err));
    check_host_link("none", false);
    enter(container_ns);
    CHILD_OK(err, linux_net_container(&plan, &err));
    check_traffic(container_ns, container_ns, "127.0.0.1");
    plan.mode = CV_SPEC_NETWORK_HOST;
    CHILD_CHECK(linux_net_container(&plan, &err) == CV_ERR_INVALID);
}

static void fails_in_the_middle(void)
{
    struct net_plan plan;

    make_namespaces();
    plan        = make_plan("10.9.0.2", "24", "10.9.0.1");
    plan.prefix = 33; /* the kernel refuses that with the fourth request, when the pair is there and up */
    CHILD_CHECK(linux_net_veth_host("broken", container_ns, &plan, &err) == CV_ERR_SYSTEM);
    CHILD_CHECK(err.number == EINVAL);
    CHILD_CHECK(strcmp(err.step, "set the address of a network link") == 0);
    CHILD_CHECK(strstr(err.text, "network of container 'broken'") != NULL);
    check_host_link("broken", false);
    check_container_link(false);

    /* no namespace: the first request fails, the others find no link */
    plan.prefix = 24;
    CHILD_CHECK(linux_net_veth_host("broken", 1000, &plan, &err) < 0);
    CHILD_CHECK(strcmp(err.step, "make a pair of network links") == 0);
    check_host_link("broken", false);
}

static void add_foreign_link(const char* name)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    struct ifinfomsg                                      link    = { 0 };

    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "make a link", name);
    linux_netlink_put_header(netlink, &link, sizeof(link));
    linux_netlink_put_string(netlink, IFLA_IFNAME, name);
    linux_netlink_nest(netlink, IFLA_LINKINFO);
    linux_netlink_put_string(netlink, IFLA_INFO_KIND, "bridge");
    linux_netlink_end(netlink);
    CHILD_OK(err, linux_netlink_send(netlink, NULL, &err));
}

static void a_foreign_link_has_the_name(void)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    char                                                  name[LINUX_NET_NAME_SIZE], alias[256];
    uint32_t                                              before = 0, after = 0;
    struct net_plan                                       plan;

    make_namespaces();
    plan = make_plan("10.9.0.2", "24", "10.9.0.1");
    linux_net_host_name("taken", name);
    add_foreign_link(name);
    before = if_nametoindex(name);
    CHILD_CHECK(linux_net_veth_host("taken", container_ns, &plan, &err) == CV_ERR_EXISTS);
    check_container_link(false);
    CHILD_OK(err, linux_net_delete("taken", &err));
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    CHILD_OK(err, linux_netlink_find_link(netlink, name, &after, alias, sizeof(alias), &err));
    CHILD_CHECK(before == after && alias[0] == '\0');
}

static void add_delete_of(struct linux_netlink* netlink, uint32_t index, const char* object)
{
    struct ifinfomsg link = { .ifi_index = (int)index };

    linux_netlink_add(netlink, RTM_DELLINK, 0, "remove", object);
    linux_netlink_put_header(netlink, &link, sizeof(link));
}

/* A default route by a gateway that no link leads to: the kernel says in words what is wrong with it. */
static void the_kernels_words(void)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    struct rtmsg                                          route   = {
                                                   .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST
    };
    const uint8_t gateway[4] = { 10, 9, 0, 1 };

    make_namespaces();
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWROUTE, NLM_F_CREATE, "set a route", "default");
    linux_netlink_put_header(netlink, &route, sizeof(route));
    linux_netlink_put(netlink, RTA_GATEWAY, gateway, sizeof(gateway));
    CHILD_CHECK(linux_netlink_send(netlink, NULL, &err) < 0);
    CHILD_CHECK(err.number == ENETUNREACH && strstr(err.hint, "the kernel says: Nexthop has invalid gateway") != NULL);
}

/* Attributes that don't fit are never cut: nothing of the batch is sent. */
static void a_batch_that_is_too_large(void)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    static const char                                     large[20000];
    struct ifinfomsg up     = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
    size_t           failed = 0;

    make_namespaces();
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    linux_netlink_add(netlink, RTM_NEWLINK, 0, "set up", "lo");
    linux_netlink_put_header(netlink, &up, sizeof(up));
    linux_netlink_add(netlink, RTM_NEWLINK, 0, "too large", "lo");
    linux_netlink_put_header(netlink, &up, sizeof(up));
    linux_netlink_put(netlink, IFLA_IFALIAS, large, sizeof(large));
    CHILD_CHECK(linux_netlink_send(netlink, &failed, &err) == CV_ERR_INTERNAL && failed == 2);
    linux_netlink_add(netlink, RTM_NEWLINK, 0, "an open nest", "lo");
    linux_netlink_nest(netlink, IFLA_LINKINFO);
    CHILD_CHECK(linux_netlink_send(netlink, &failed, &err) == CV_ERR_INTERNAL);
    linux_netlink_add(netlink, RTM_NEWLINK, 0, "no open nest", "lo");
    linux_netlink_end(netlink);
    CHILD_CHECK(linux_netlink_send(netlink, &failed, &err) == CV_ERR_INTERNAL);
}

static void batches(void)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    struct ifinfomsg up     = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
    size_t           failed = 99;

    make_namespaces();
    CHILD_OK(err, linux_netlink_new(&netlink, &err));
    CHILD_OK(err, linux_netlink_send(netlink, &failed, &err)); /* empty */
    CHILD_CHECK(failed == 0);

    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            add_delete_of(netlink, 12345, "the third");
        } else {
            linux_netlink_add(netlink, RTM_NEWLINK, 0, "set up", "lo");
            linux_netlink_put_header(netlink, &up, sizeof(up));
        }
    }
    CHILD_CHECK(linux_netlink_send(netlink, &failed, &err) < 0);
    CHILD_CHECK(failed == 2 && err.number == ENODEV && strcmp(err.object, "the third") == 0);
    CHILD_CHECK(linux_netlink_send(netlink, &failed, &err) == 0); /* the batch was emptied */

    for (int i = 0; i < LINUX_NETLINK_MAX_REQUESTS + 1; i++) {
        linux_netlink_add(netlink, RTM_NEWLINK, 0, "set up", "lo");
        linux_netlink_put_header(netlink, &up, sizeof(up));
    }
    CHILD_CHECK(linux_netlink_send(netlink, &failed, &err) == CV_ERR_INTERNAL);
    for (int i = 0; i < LINUX_NETLINK_MAX_REQUESTS; i++) {
        linux_netlink_add(netlink, RTM_NEWLINK, 0, "set up", "lo");
        linux_netlink_put_header(netlink, &up, sizeof(up));
    }
    CHILD_OK(err, linux_netlink_send(netlink, &failed, &err));
    CHILD_CHECK(failed == LINUX_NETLINK_MAX_REQUESTS);
}

static int by_name(const void* a, const void* b)
{
    return strcmp(a, b);
}

static void names_of_the_host_end_differ(void** state)
{
    static char names[IDS][LINUX_NET_NAME_SIZE];
    char        id[80], again[LINUX_NET_NAME_SIZE];

    (void)state;
    for (int i = 0; i < IDS; i++) {
        cv_snprintf(id, sizeof(id), "a-long-prefix-that-all-ids-share-and-more-of-it-%d", i);
        linux_net_host_name(id, names[i]);
        assert_int_equal(strlen(names[i]), LINUX_NET_NAME_SIZE - 1);
        linux_net_host_name(id, again);
        assert_string_equal(names[i], again);
    }
    qsort(names, IDS, sizeof(names[0]), by_name);
    for (int i = 1; i < IDS; i++)
        assert_string_not_equal(names[i - 1], names[i]);
}

#define IN_CHILD(part)                                                                                                 \
    static void test_##part(void** state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_in_child(part);                                                                                            \
    }

IN_CHILD(ipv4)
IN_CHILD(ipv6)
IN_CHILD(two_containers)
IN_CHILD(only_loopback)
IN_CHILD(fails_in_the_middle)
IN_CHILD(a_foreign_link_has_the_name)
IN_CHILD(batches)
IN_CHILD(the_kernels_words)
IN_CHILD(a_batch_that_is_too_large)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_two_containers),
        cmocka_unit_test(test_only_loopback),
        cmocka_unit_test(test_fails_in_the_middle),
        cmocka_unit_test(test_a_foreign_link_has_the_name),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_the_kernels_words),
        cmocka_unit_test(test_a_batch_that_is_too_large),
        cmocka_unit_test(names_of_the_host_end_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
