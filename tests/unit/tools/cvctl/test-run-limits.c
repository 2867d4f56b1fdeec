#include "run-table.h"

#include <cv/macros.h>

#include <cv/banned.h>

static void each_value_is_taken_or_refused(void** state)
{
    static const struct value_case rows[] = {
        { "--memory", "512m", NULL },
        { "-m", "1g", NULL },
        { "--memory", "1x", "not a size" },
        { "--memory", "-1", "not a size" },
        { "--memory", "", "not a size" },
        { "--memory", "9223372036854775808", "too large" },
        { "--memory-swap", "-1", NULL },
        { "--memory-swap", "1g", NULL },
        { "--memory-swap", "-2", "not a size" },
        { "--memory-reservation", "1m", NULL },
        { "--storage-opt", "size=1m", NULL },
        { "--storage-opt", "1m", "not a storage option" },
        { "--storage-opt", "size=x", "not a size" },
        { "--cpus", "1.5", NULL },
        { "--cpus", ".25", NULL },
        { "--cpus", "2.", NULL },
        { "--cpus", "1.2345", "number of CPUs" },
        { "--cpus", ".", "number of CPUs" },
        { "--cpus", "1e3", "number of CPUs" },
        { "--cpus", "-1", "number of CPUs" },
        { "--cpu-period", "1000", NULL },
        { "--cpu-period", "1000000", NULL },
        { "--cpu-period", "0", NULL },
        { "--cpu-period", "999", "less than 1000 microseconds" },
        { "--cpu-period", "1000001", "1000001" },
        { "--cpu-period", "100ms", "100ms" },
        { "--cpu-period", "-1", "-1" },
        { "--cpu-quota", "1000", NULL },
        { "--cpu-quota", "-1", NULL },
        { "--cpu-quota", "0", NULL },
        { "--cpu-quota", "999", "less than 1000 microseconds" },
        { "--cpu-quota", "-2", "-2" },
        { "--cpu-quota", "9223372036854775808", "9223372036854775808" },
        { "--cpu-shares", "1024", NULL },
        { "--cpu-shares", "262145", "262145" },
        { "--pids-limit", "-1", NULL },
        { "--pids-limit", "100", NULL },
        { "--pids-limit", "-2", "-2" },
        { "--blkio-weight", "10", NULL },
        { "--blkio-weight", "9", "weight of I/O" },
        { "--blkio-weight", "1001", "weight of I/O" },
        { "--device-read-bps", "/dev/sda:1m", NULL },
        { "--device-read-bps", "/dev/sda", "is not PATH:RATE" },
        { "--device-read-bps", "sda:1m", "is not PATH:RATE" },
        { "--device-write-iops", "/dev/sda:1m", "1m" },
        { "--device-write-iops", "/dev/sda:100", NULL },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        check_value(&rows[i]);
}

static void values_are_those_of_the_library(void** state)
{
    (void)state;
    assert_int_equal(parse_one("--cpus", "1.5"), 0);
    assert_int_equal(parsed.limits.cpu_milli, 1500);
    assert_int_equal(parse_one("--cpus", ".25"), 0);
    assert_int_equal(parsed.limits.cpu_milli, 250);
    assert_int_equal(parse_one("--cpu-period", "20000"), 0);
    assert_int_equal(parsed.limits.cpu_period_us, 20000);
    assert_true(cvctl_run_limits_given(&parsed));
    assert_int_equal(parse_one("--cpu-quota", "30000"), 0);
    assert_int_equal(parsed.limits.cpu_quota_us, 30000);
    assert_true(cvctl_run_limits_given(&parsed));
    assert_int_equal(parse_one("--cpu-quota", "-1"), 0);
    assert_int_equal(parsed.limits.cpu_quota_us, 0);
    assert_false(cvctl_run_limits_given(&parsed));
    assert_int_equal(parse_one("--cpu-shares", "512"), 0);
    assert_int_equal(parsed.limits.cpu_weight, 50);
    assert_int_equal(parse_one("--cpu-shares", "2"), 0);
    assert_int_equal(parsed.limits.cpu_weight, 1);
    assert_int_equal(parse_one("--pids-limit", "-1"), 0);
    assert_true(parsed.limits.pids == CV_LIMIT_NONE);
    assert_true(cvctl_run_limits_given(&parsed));
    assert_int_equal(parse_one("--hostname", "x"), 0);
    assert_false(cvctl_run_limits_given(&parsed));
}

static void rates_of_a_device_are_one_entry(void** state)
{
    const char* const argv[] = { "run", "--device-read-bps", "/dev/sda:1m", "--device-write-iops=/dev/sda:7",
        "--device-read-iops", "/dev/sdb:9", NULL };
    bool              help   = false;
    int               first  = 0;

    (void)state;
    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    CV_TEST_OK(err, cv_options_parse(cvctl_run_table, 6, (char**)(uintptr_t)argv, &parsed, &help, &first, &err));
    assert_int_equal(parsed.limits.io_count, 2);
    assert_string_equal(parsed.limits.io[0].path, "/dev/sda");
    assert_int_equal(parsed.limits.io[0].read_bps, 1 << 20);
    assert_int_equal(parsed.limits.io[0].write_iops, 7);
    assert_int_equal(parsed.limits.io[1].read_iops, 9);
}

static void swap_is_counted_with_memory(void** state)
{
    static const struct {
        uint64_t memory, total;
        bool     unlimited;
        uint64_t swap; /* 0: refused */
    } cases[] = {
        { 100, 300, false, 200 },
        { 100, 100, false, 1 },
        { 100, 99, false, 0 },
        { 0, 100, false, 0 },
        { 100, 0, true, CV_LIMIT_NONE },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        cvctl_run_options_release(&parsed);
        cvctl_run_options_init(&parsed);
        parsed.limits.memory_bytes = cases[i].memory;
        parsed.swap_total          = cases[i].total;
        parsed.swap_unlimited      = cases[i].unlimited;
        if (cases[i].swap == 0)
            CV_TEST_FAILS(CV_ERR_INVALID, err, cvctl_run_limits_check(&parsed, &err));
        else
            CV_TEST_OK(err, cvctl_run_limits_check(&parsed, &err));
        assert_true(parsed.limits.swap_bytes == cases[i].swap);
    }
}

static void time_of_the_cpus_is_limited_in_one_way(void** state)
{
    static const struct {
        uint64_t milli, quota, period;
        bool     refused;
    } cases[] = { { 100, 0, 0, false }, { 0, 2000, 1000, false }, { 0, 0, 1000, false }, { 100, 2000, 0, true },
        { 100, 0, 1000, true } };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        cvctl_run_options_release(&parsed);
        cvctl_run_options_init(&parsed);
        parsed.limits.cpu_milli     = cases[i].milli;
        parsed.limits.cpu_quota_us  = cases[i].quota;
        parsed.limits.cpu_period_us = cases[i].period;
        if (cases[i].refused)
            CV_TEST_FAILS(CV_ERR_INVALID, err, cvctl_run_limits_check(&parsed, &err));
        else
            CV_TEST_OK(err, cvctl_run_limits_check(&parsed, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_taken_or_refused),
        cmocka_unit_test(values_are_those_of_the_library),
        cmocka_unit_test(rates_of_a_device_are_one_entry),
        cmocka_unit_test(swap_is_counted_with_memory),
        cmocka_unit_test(time_of_the_cpus_is_limited_in_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
