#include <cv-test/support.h>

#include "rates.h"

#include <cv/banned.h>

#define S INT64_C(1000000000)

static void rates_are_differences_over_the_measured_time(void** state)
{
    const struct containerv_stats before = { .known = CV_STATS_CPU | CV_STATS_IO | CV_STATS_NETWORK,
        .time_ns                                    = 100 * S,
        .cpu_usage_ns                               = 7 * S,
        .io_read_bytes                              = 1000,
        .net_tx_bytes                               = 50 };
    const struct containerv_stats now    = { .known = CV_STATS_CPU | CV_STATS_IO | CV_STATS_NETWORK,
           .time_ns                                 = 102 * S + S / 2,
           .cpu_usage_ns                            = 12 * S,
           .io_read_bytes                           = 6000,
           .io_write_bytes                          = 25,
           .net_tx_bytes                            = 50 };
    struct cvctl_rates            rates;
    (void)state;
    cvctl_rates(&before, &now, &rates);
    assert_true(rates.cpu_percent == 200.0);
    assert_true(rates.io_read_bps == 2000.0);
    assert_true(rates.io_write_bps == 10.0);
    assert_true(rates.net_tx_bps == 0.0 && rates.net_rx_bps == 0.0);
}

static void what_is_not_known_has_no_rate(void** state)
{
    struct containerv_stats before = { .known = CV_STATS_CPU, .time_ns = 100 * S, .cpu_usage_ns = 7 * S };
    struct containerv_stats now    = { .known = CV_STATS_CPU | CV_STATS_IO, .time_ns = 101 * S, .cpu_usage_ns = 6 * S };
    struct cvctl_rates      rates;
    (void)state;
    cvctl_rates(&before, &now, &rates);
    assert_true(rates.cpu_percent < 0); /* it was started anew */
    assert_true(rates.io_read_bps < 0); /* one reading only */
    cvctl_rates(NULL, &now, &rates);
    assert_true(rates.cpu_percent < 0);
    now.cpu_usage_ns = 8 * S;
    now.time_ns      = before.time_ns; /* the clock was set */
    cvctl_rates(&before, &now, &rates);
    assert_true(rates.cpu_percent < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_differences_over_the_measured_time),
        cmocka_unit_test(what_is_not_known_has_no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
