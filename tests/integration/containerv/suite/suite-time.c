/* Clocks that are shifted. What busybox can see of them is /proc/uptime, which is the boottime clock. */
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define DAY INT64_C(86400000000000)

/* Days up, more than the host has been: the host's own are taken away by the caller. */
#define DAYS_UP "read up rest </proc/uptime; echo $((${up%%.*} / 86400))"

static long host_days(void)
{
    struct containerv_container* container = suite_container(NULL);
    char                         output[OUTPUT_MAX];
    assert_int_equal(suite_run(container, DAYS_UP, output), 0);
    OK(containerv_destroy(container));
    return strtol(output, NULL, 10);
}

static void check_days(long host, const char* output)
{
    long days = strtol(output, NULL, 10) - host;
    if (days < 1000 || days > 1001) /* the day may end between two looks */
        fail_msg("up %s days, and the host %ld: wanted 1000 more", output, host);
}

static struct containerv_options* shifted(void)
{
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_time_offset(options, CV_CLOCK_BOOTTIME, 1000 * DAY));
    OK(containerv_options_set_time_offset(options, CV_CLOCK_MONOTONIC, 500 * DAY));
    return options;
}

static void the_main_process_and_those_spawned_see_it(void** state)
{
    char                   output[OUTPUT_MAX];
    struct containerv_exit ended = { .size = sizeof(ended) };
    (void)state;
    NEED(CV_FEATURE_TIME);
    suite_command(shifted(), DAYS_UP, output, &ended);
    assert_int_equal(ended.code, 0);
    check_days(host_days(), output);
    struct containerv_container* container = suite_container(shifted());
    assert_int_equal(suite_run(container, DAYS_UP, output), 0);
    check_days(host_days(), output);
    PRINTS(
        "monotonic 43200000 0", container, "awk '$1 == \"monotonic\" { print $1, $2, $3 }' /proc/self/timens_offsets");
    PRINTS("inside", container,
        "[ $(readlink /proc/self/ns/time) = $(readlink /proc/self/ns/time_for_children) ] && echo inside");
    OK(containerv_destroy(container));
}

static void without_init_too(void** state)
{
    char                       output[OUTPUT_MAX];
    struct containerv_exit     ended   = { .size = sizeof(ended) };
    struct containerv_options* options = shifted();
    (void)state;
    NEED(CV_FEATURE_TIME);
    NEED(CV_FEATURE_PID1);
    OK(containerv_options_set_init(options, 0));
    suite_command(options, DAYS_UP, output, &ended);
    assert_int_equal(ended.code, 0);
    check_days(host_days(), output);
}

/* A spawned process joins what PID 1 is in, also when PID 1 is the program. */
static void spawned_beside_a_program_that_is_pid_1(void** state)
{
    const char* const               argv[]  = { "/bin/sleep", "1000", NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
    struct containerv_options*      options = shifted();
    char                            output[OUTPUT_MAX];
    (void)state;
    NEED(CV_FEATURE_TIME);
    NEED(CV_FEATURE_PID1);
    OK(containerv_options_set_init(options, 0));
    OK(containerv_options_set_command(options, "/bin/sleep", &spawn));
    struct containerv_container* container = suite_container(options);
    assert_int_equal(suite_run(container, DAYS_UP, output), 0);
    check_days(host_days(), output);
    OK(containerv_destroy(container));
}

static void with_other_kinds_of_isolation(void** state)
{
    static const uint32_t shared[] = { CV_SHARE_USERS,
        CV_SHARE_NETWORK | CV_SHARE_IPC | CV_SHARE_UTS | CV_SHARE_CGROUP };
    (void)state;
    NEED(CV_FEATURE_TIME);
    for (size_t i = 0; i < 3; i++) {
        struct containerv_options* options = shifted();
        char                       output[OUTPUT_MAX];
        if (i < 2)
            OK(containerv_options_set_shared(options, shared[i]));
        else /* what locks the mounts: a further user namespace */
            OK(containerv_options_add_capability(options, "SYS_ADMIN"));
        struct containerv_container* container = suite_container(options);
        assert_int_equal(suite_run(container, DAYS_UP, output), 0);
        check_days(host_days(), output);
        OK(containerv_destroy(container));
    }
}

static void a_clock_can_not_go_below_zero(void** state)
{
    static const int64_t bad[] = { -40000 * DAY, INT64_MIN, INT64_MAX };
    (void)state;
    NEED(CV_FEATURE_TIME);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct containerv_container* container = NULL;
        struct containerv_options*   options   = containerv_options_new();
        OK(containerv_options_set_id(options, "suite-time-bad")); /* nothing is left of it: it can be tried again */
        OK(containerv_options_set_time_offset(options, CV_CLOCK_MONOTONIC, bad[i]));
        FAILS(CV_ERR_INVALID, containerv_create(suite_rootfs(), options, &container));
        assert_null(container);
        assert_non_null(strstr(containerv_error_last()->text, "below zero"));
        assert_string_not_equal(containerv_error_last()->hint, "");
        containerv_options_delete(options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_main_process_and_those_spawned_see_it),
        cmocka_unit_test(without_init_too),
        cmocka_unit_test(spawned_beside_a_program_that_is_pid_1),
        cmocka_unit_test(with_other_kinds_of_isolation),
        cmocka_unit_test(a_clock_can_not_go_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
