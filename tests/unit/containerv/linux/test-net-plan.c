#include <string.h>

#include <cv-test/support.h>

#include "linux/net-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_spec veth(const char* address, const char* netmask, const char* host)
{
    struct cv_spec spec = { 0 };

    spec.ext.network.mode         = CV_SPEC_NETWORK_VETH;
    spec.ext.network.address      = (char*)(uintptr_t)address;
    spec.ext.network.netmask      = (char*)(uintptr_t)netmask;
    spec.ext.network.host_address = (char*)(uintptr_t)host;
    return spec;
}

static void a_pair_is_planned(void** state)
{
    static const uint8_t v4[16] = { 10, 9, 0, 2 }, v6[16] = { 0xfd, [15] = 2 };
    struct cv_spec       spec = veth("10.9.0.2", "255.255.255.0", "10.9.0.1");
    struct net_plan      plan = { 0 };

    (void)state;
    CV_TEST_OK(err, linux_net_plan_make(&spec, &plan, &err));
    assert_int_equal(plan.mode, CV_SPEC_NETWORK_VETH);
    assert_int_equal(plan.family, 4);
    assert_int_equal(plan.length, 4);
    assert_int_equal(plan.prefix, 24);
    assert_memory_equal(plan.address, v4, 16);
    assert_int_equal(plan.host_address[3], 1);

    spec = veth("fd00::2", "64", "fd00::1");
    CV_TEST_OK(err, linux_net_plan_make(&spec, &plan, &err));
    assert_int_equal(plan.family, 6);
    assert_int_equal(plan.prefix, 64);
    assert_memory_equal(plan.address, v6, 16);

    spec = veth("10.9.0.0", "31", "10.9.0.1"); /* a subnet of two has no address to spare */
    CV_TEST_OK(err, linux_net_plan_make(&spec, &plan, &err));
}

static void contradictions_are_refused(void** state)
{
    static const struct {
        const char *address, *netmask, *host, *says;
    } bad[] = {
        { NULL, "24", "10.9.0.1", "needs address" },
        { "10.9.0.2", NULL, "10.9.0.1", "needs address" },
        { "10.9.0.2", "24", NULL, "needs address" },
        { "10.9.0.2", "24", "10.9.0.2", "both" },
        { "10.9.0.2", "24", "10.9.1.1", "not in one subnet" },
        { "10.9.0.2", "31", "10.9.0.1", "not in one subnet" },
        { "10.9.0.2", "32", "10.9.0.1", "not in one subnet" },
        { "10.9.0.2", "64", "10.9.0.1", "netmask" },
        { "10.9.0.2", "7", "10.9.0.1", "at least 8" },
        { "fd00::2", "0", "fd00::1", "at least 16" },
        { "10.9.0.2", "24", "fd00::1", "one family" },
        { "10.9.0.0", "24", "10.9.0.1", "subnet itself" },
        { "10.9.0.2", "24", "10.9.0.255", "host address: '10.9.0.255' is the broadcast" },
        { "127.0.0.2", "24", "127.0.0.1", "single machine" },
        { "224.0.0.2", "24", "224.0.0.1", "single machine" },
        { "::2", "64", "::1", "single machine" },
        { "ff02::2", "64", "ff02::1", "single machine" },
        { "ten", "24", "10.9.0.1", "address: 'ten'" },
        { "10.9.0.2", "24", "ten", "host address: 'ten'" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_spec  spec = veth(bad[i].address, bad[i].netmask, bad[i].host);
        struct net_plan plan = { .prefix = 77 };
        CV_TEST_FAILS(CV_ERR_INVALID, err, linux_net_plan_make(&spec, &plan, &err));
        if (strstr(err.text, bad[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, bad[i].says);
        assert_int_equal(plan.prefix, 77);
    }
}

static void other_modes_take_no_address(void** state)
{
    static const enum cv_spec_network_mode modes[] = { CV_SPEC_NETWORK_NONE, CV_SPEC_NETWORK_HOST };
    struct net_plan                        plan    = { .prefix = 1 };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(modes); i++) {
        struct cv_spec spec   = { 0 };
        spec.ext.network.mode = modes[i];
        CV_TEST_OK(err, linux_net_plan_make(&spec, &plan, &err));
        assert_int_equal(plan.mode, modes[i]);
        spec                  = veth(NULL, NULL, "10.9.0.1");
        spec.ext.network.mode = modes[i];
        CV_TEST_FAILS(CV_ERR_INVALID, err, linux_net_plan_make(&spec, &plan, &err));
    }
    struct cv_spec spec   = { 0 };
    spec.ext.network.mode = 99;
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_net_plan_make(&spec, &plan, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_planned),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(other_modes_take_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
