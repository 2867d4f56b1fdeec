#include "run-table.h"

#include <cv/macros.h>

#include <cv/banned.h>

static void each_value_is_taken_or_refused(void** state)
{
    static const struct value_case rows[] = {
        { "--ulimit", "nofile=1024", NULL },
        { "--ulimit", "core=0:0", NULL },
        { "--ulimit", "stack=unlimited", NULL },
        { "--ulimit", "nproc=1:-1", NULL },
        { "--ulimit", "nofile", "no value" },
        { "--ulimit", "files=1", "'files' is not a resource limit" },
        { "--ulimit", "nofile=x", "'x'" },
        { "--ulimit", "nofile=", "nofile=" },
        { "--ulimit", "nofile=5:4", "above the hard" },
        { "--ulimit", "nofile=-1:4", "above the hard" },
        { "--ulimit", "nofile=1:2:3", "2:3" },
        { "--ulimit", "nofile=+1", "+1" },
        { "--ulimit", "nofile=18446744073709551616", "18446744073709551616" },
        { "--network", "none", NULL },
        { "--network", "host", NULL },
        { "--network", "veth:10.9.0.2/24:10.9.0.1", NULL },
        { "--network", "veth:fd00::2/64:fd00::1", NULL },
        { "--network", "bridge", "not a network mode" },
        { "--network", "veth:", "is not veth:" },
        { "--network", "veth:10.9.0.2", "is not veth:" },
        { "--network", "veth:10.9.0.2/24", "is not veth:" },
        { "--network", "veth:10.9.0.2/24:", "is not veth:" },
        { "--network", "veth:/24:10.9.0.1", "is not veth:" },
        { "--network", "veth:10.9.0.2/:10.9.0.1", "is not veth:" },
        { "--device", "/dev/fuse", NULL },
        { "--device", "/dev/fuse:/dev/f", NULL },
        { "--device", "/dev/fuse:/dev/f:rwm", NULL },
        { "--device", "/dev/fuse:r", NULL },
        { "--device", "/dev/fuse:/dev/f:", "no access" },
        { "--device", "/dev/fuse:/dev/f:x", "no access" },
        { "--device", "/dev/fuse:r:w", "absolute" },
        { "--device", "fuse", "absolute" },
        { "--device", "/dev/fuse:f", "absolute" },
        { "--share", "network,ipc", NULL },
        { "--share", "network,", "'' can't be shared" },
        { "--share", "pid", "'pid' can't be shared" },
        { "--umask", "027", NULL },
        { "--umask", "0", NULL },
        { "--umask", "8", "octal" },
        { "--umask", "1000", "octal" },
        { "--umask", "-1", "octal" },
        { "--umask", " 1", "octal" },
        { "--time-offset", "monotonic=0", NULL },
        { "--time-offset", "boottime=-1.5", NULL },
        { "--time-offset", "boottime=9223372035.999999999", NULL },
        { "--time-offset", "monotonic=9223372036", "9223372036" },
        { "--time-offset", "monotonic", "CLOCK=SECONDS" },
        { "--time-offset", "realtime=1", "CLOCK=SECONDS" },
        { "--time-offset", "monotonic=", "monotonic=" },
        { "--time-offset", "monotonic=--1", "--1" },
        { "--time-offset", "monotonic=1.", "digits after the point" },
        { "--time-offset", "monotonic=.5", "monotonic=.5" },
        { "--time-offset", "monotonic=1.1234567890", "digits after the point" },
        { "--time-offset", "monotonic=1.-5", "digits after the point" },
        { "--time-offset", "monotonic=1s", "1s" },
        { "--timeout", "1m30s", NULL },
        { "--timeout", "0", "no time" },
        { "--timeout", "soon", "soon" },
        { "--timeout", "-1", "-1" },
        { "--rootfs", "/a", NULL },
        { "--rootfs", "/a:O", NULL },
        { "--workdir", "/a", NULL },
        { "--workdir", "a", "absolute" },
        { "--format", "json", NULL },
        { "--format", "yaml", "not a format" },
        { "--include", "gcc,make", NULL },
        { "--include", "gcc,", "empty entry" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        check_value(&rows[i]);
}

static void values_arrive(void** state)
{
    (void)state;
    CV_TEST_OK(err, parse_one("--ulimit", "nproc=7:-1"));
    assert_string_equal(parsed.ulimits[0].name, "nproc");
    assert_int_equal(parsed.ulimits[0].soft, 7);
    assert_true(parsed.ulimits[0].hard == UINT64_MAX);

    CV_TEST_OK(err, parse_one("--network", "veth:fd00::2/64:fd00::1"));
    assert_int_equal(parsed.network.mode, CV_NETWORK_VETH);
    assert_string_equal(parsed.network.container_address, "fd00::2");
    assert_string_equal(parsed.network.netmask, "64");
    assert_string_equal(parsed.network.host_address, "fd00::1");

    CV_TEST_OK(err, parse_one("--share", "uts,cgroup"));
    assert_int_equal(parsed.shared, CV_SHARE_UTS | CV_SHARE_CGROUP);
    CV_TEST_OK(err, parse_one("--umask", "027"));
    assert_int_equal(parsed.umask, 027);
    CV_TEST_OK(err, parse_one("--time-offset", "boottime=-1.05"));
    assert_false(parsed.time_set[CV_CLOCK_MONOTONIC]);
    assert_true(parsed.time_set[CV_CLOCK_BOOTTIME]);
    assert_int_equal(parsed.time_offset_ns[CV_CLOCK_BOOTTIME], -1050000000);
    CV_TEST_OK(err, parse_one("--timeout", "1m30s"));
    assert_int_equal(parsed.timeout_ms, 90000);
    CV_TEST_OK(err, parse_one("--device", "/dev/fuse:/dev/f"));
    assert_string_equal(parsed.devices[0].host, "/dev/fuse");
    assert_string_equal(parsed.devices[0].inside, "/dev/f");
    CV_TEST_OK(err, parse_one("--rootfs", "/a:O"));
    assert_string_equal(parsed.rootfs, "/a");
    assert_true(parsed.overlay);
    CV_TEST_OK(err, parse_one("--include", "gcc,make"));
    assert_int_equal(parsed.include.count, 2);
    assert_string_equal(parsed.include.items[1], "make");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_taken_or_refused),
        cmocka_unit_test(values_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
