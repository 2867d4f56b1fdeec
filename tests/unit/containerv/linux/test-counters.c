#include <string.h>

#include <chef/containerv/container.h>

#include <cv-test/support.h>

#include "linux/counters.h"

#include <cv/banned.h>

static void numbers_are_read(void** state)
{
    static const struct {
        struct linux_counter_place place;
        const char*                text;
        bool                       found;
        uint64_t                   value;
    } cases[] = {
        { { "f", LINUX_COUNTER_NUMBER, NULL, 0 }, "12\n", true, 12 },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 1000 }, "12\n", true, 12000 },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 0 }, "max\n", true, UINT64_MAX },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 0 }, "9223372036854771712\n", true, UINT64_MAX },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 0 }, "", false, 0 },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 0 }, "-1\n", false, 0 },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 0 }, "18446744073709551616\n", false, 0 },
        { { "f", LINUX_COUNTER_KEYED, "oom_kill", 0 }, "low 0\noom 3\noom_kill 2\n", true, 2 },
        { { "f", LINUX_COUNTER_KEYED, "oom", 0 }, "oom_kill 2\n", false, 0 },
        { { "f", LINUX_COUNTER_KEYED, "max", 0 }, "max 7", true, 7 },
        { { "f", LINUX_COUNTER_KEYED, "max", 0 }, "max x", false, 0 },
        { { "f", LINUX_COUNTER_NESTED, "rbytes", 0 }, "8:0 rbytes=1 wbytes=2\n8:16 rbytes=4 wbytes=8\n", true, 5 },
        { { "f", LINUX_COUNTER_NESTED, "wbytes", 0 }, "8:0 rbytes=1 wbytes=2\n8:16 rbytes=4 wbytes=8\n", true, 10 },
        { { "f", LINUX_COUNTER_NESTED, "rbytes", 0 }, "", true, 0 },
        { { "f", LINUX_COUNTER_NESTED, "rbytes", 0 }, "8:0 rbytes=x\n", false, 0 },
        { { "f", LINUX_COUNTER_NUMBER, NULL, 1000 }, "18446744073709552\n", false, 0 },
        { { "f", LINUX_COUNTER_NESTED, "rbytes", 0 }, "8:0 rbytes=18446744073709551615\n8:16 rbytes=1\n", false, 0 },
        { { "f", LINUX_COUNTER_DEVICES, "Read", 0 }, "8:0 Read 5\n8:0 Write 6\n8:16 Read 7\nTotal 18\n", true, 12 },
        { { "f", LINUX_COUNTER_DEVICES, "Write", 0 }, "Total 0\n", true, 0 },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        uint64_t value = 0;
        assert_int_equal(linux_counter_parse(&cases[i].place, cases[i].text, &value), cases[i].found);
        assert_true(value == cases[i].value);
    }
}

#define HEAD                                                                                                           \
    "Inter-|   Receive                            |  Transmit\n face |bytes    packets errs drop fifo|bytes packets\n" \
    "    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
#define DEVICES "  eth0: 100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\nveth1: 10 3 0 0 0 0 0 0 20 4 0 0 0 0 0 0\n"

static void devices_of_the_network_are_added(void** state)
{
    uint64_t sums[4] = { 0 };
    (void)state;
    assert_true(linux_counter_parse_net(HEAD, sums));
    assert_true(sums[0] == 0 && sums[3] == 0);
    assert_true(linux_counter_parse_net(HEAD DEVICES, sums));
    assert_true(sums[0] == 110 && sums[1] == 4 && sums[2] == 220 && sums[3] == 6);
    assert_false(linux_counter_parse_net("eth0: 1 2 3\n", sums));
}

/* Each number of the struct from the fourth on has its row, but those of the network. */
static void every_number_has_a_place(void** state)
{
    size_t last = offsetof(struct containerv_stats, net_rx_bytes);
    (void)state;
    for (size_t offset = offsetof(struct containerv_stats, cpu_usage_ns); offset < last; offset += sizeof(uint64_t)) {
        size_t rows = 0;
        for (size_t i = 0; i < linux_counters_count; i++)
            rows += linux_counters[i].offset == offset;
        assert_int_equal(rows, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(devices_of_the_network_are_added),
        cmocka_unit_test(every_number_has_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
