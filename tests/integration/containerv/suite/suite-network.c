/* The three kinds of network. */
#include <string.h>

#include "suite.h"

static void none_has_only_loopback_and_it_is_up(void** state)
{
    (void)state;
    suite_prints_once(
        "lo\n127.0.0.1", NULL, "ls /sys/class/net; ip -4 -o addr show dev lo | sed 's/.*inet \\([0-9.]*\\).*/\\1/'");
}

static void host_has_the_hosts_devices(void** state)
{
    char                       one[OUTPUT_MAX], two[OUTPUT_MAX];
    struct containerv_network  host    = { .size = sizeof(host), .mode = CV_NETWORK_HOST };
    struct containerv_options* options = containerv_options_new();
    (void)state;
    OK(containerv_options_set_network(options, &host));
    struct containerv_container* container = suite_container(options);
    assert_int_equal(suite_run(container, "readlink /proc/self/ns/net", one), 0);
    OK(containerv_destroy(container));
    options = containerv_options_new();
    OK(containerv_options_set_shared(options, CV_SHARE_NETWORK));
    container = suite_container(options);
    assert_int_equal(suite_run(container, "readlink /proc/self/ns/net", two), 0);
    OK(containerv_destroy(container));
    assert_string_equal(one, two);
}

static void veth_connects_container_and_host(void** state)
{
    struct containerv_network  veth = { sizeof(veth), CV_NETWORK_VETH, "10.213.77.2", "255.255.255.0", "10.213.77.1" };
    struct containerv_options* options = containerv_options_new();
    (void)state;
    NEED(CV_FEATURE_VETH);
    OK(containerv_options_set_network(options, &veth));
    struct containerv_container* container = suite_container(options);
    PRINTS("10.213.77.2/24", container, "ip -4 -o addr show | grep -v ' lo ' | sed 's/.*inet \\([0-9./]*\\).*/\\1/'");
    PRINTS("default via 10.213.77.1", container, "ip route | grep -o '^default via [0-9.]*'");
    PRINTS("ok", container, "ping -c 1 -W 5 10.213.77.1 >/dev/null && echo ok");
    OK(containerv_destroy(container));
}

static void two_pairs_do_not_disturb_each_other(void** state)
{
    struct containerv_network    veth[2] = { { sizeof(veth[0]), CV_NETWORK_VETH, "10.213.78.2", "24", "10.213.78.1" },
           { sizeof(veth[0]), CV_NETWORK_VETH, "10.213.79.2", "24", "10.213.79.1" } };
    struct containerv_container* containers[2];
    (void)state;
    NEED(CV_FEATURE_VETH);
    for (int i = 0; i < 2; i++) {
        struct containerv_options* options = containerv_options_new();
        OK(containerv_options_set_network(options, &veth[i]));
        containers[i] = suite_container(options);
    }
    PRINTS("ok", containers[0], "ping -c 1 -W 5 10.213.78.1 >/dev/null && echo ok");
    PRINTS("ok", containers[1], "ping -c 1 -W 5 10.213.79.1 >/dev/null && echo ok");
    OK(containerv_destroy(containers[0]));
    PRINTS("ok", containers[1], "ping -c 1 -W 5 10.213.79.1 >/dev/null && echo ok");
    OK(containerv_destroy(containers[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_has_only_loopback_and_it_is_up),
        cmocka_unit_test(host_has_the_hosts_devices),
        cmocka_unit_test(veth_connects_container_and_host),
        cmocka_unit_test(two_pairs_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
