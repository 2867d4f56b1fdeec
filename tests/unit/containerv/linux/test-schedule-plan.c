#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/schedule-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_spec_process* process_of(const char* fields)
{
    char                    text[512];
    struct cv_spec_process* process = calloc(1, sizeof(*process));

    assert_non_null(process);
    assert_int_equal(cv_snprintf(text, sizeof(text), "{\"cwd\":\"/\",\"args\":[\"x\"],%s}", fields), 0);
    CV_TEST_OK(err, cv_spec_process_parse(text, strlen(text), process, &err));
    CV_TEST_OK(err, cv_spec_process_validate(process, &err));
    return process;
}

static void process_free(struct cv_spec_process* process)
{
    cv_spec_process_release(process);
    free(process);
}

static struct linux_sched_attr attr_of(const char* scheduler)
{
    struct linux_sched_attr attr = { 0 };
    char                    text[384];

    assert_int_equal(cv_snprintf(text, sizeof(text), "\"scheduler\":{%s}", scheduler), 0);
    struct cv_spec_process* process = process_of(text);
    CV_TEST_OK(err, linux_schedule_plan(process, &attr, &err));
    process_free(process);
    assert_int_equal(attr.size, sizeof(attr));
    return attr;
}

static void each_policy_has_the_kernels_number(void** state)
{
    (void)state;
    assert_int_equal(attr_of("\"policy\":\"SCHED_OTHER\"").policy, 0);
    assert_int_equal(attr_of("\"policy\":\"SCHED_FIFO\",\"priority\":1").policy, 1);
    assert_int_equal(attr_of("\"policy\":\"SCHED_RR\",\"priority\":99").policy, 2);
    assert_int_equal(attr_of("\"policy\":\"SCHED_BATCH\"").policy, 3);
    assert_int_equal(attr_of("\"policy\":\"SCHED_ISO\"").policy, 4);
    assert_int_equal(attr_of("\"policy\":\"SCHED_IDLE\"").policy, 5);
    assert_int_equal(attr_of("\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":3").policy, 6);
}

static void all_numbers_get_there(void** state)
{
    struct linux_sched_attr attr;

    (void)state;
    attr = attr_of("\"policy\":\"SCHED_BATCH\",\"nice\":-20");
    assert_int_equal(attr.nice, -20);
    attr = attr_of("\"policy\":\"SCHED_FIFO\",\"priority\":42,\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]");
    assert_int_equal(attr.priority, 42);
    assert_int_equal(attr.flags, 1);
    attr = attr_of(
        "\"policy\":\"SCHED_DEADLINE\",\"runtime\":1000000,\"deadline\":20000000,\"period\":18446744073709551615");
    assert_int_equal(attr.runtime, 1000000);
    assert_int_equal(attr.deadline, 20000000);
    assert_true(attr.period == UINT64_MAX);
}

static void flags_add_up(void** state)
{
    (void)state;
    assert_int_equal(attr_of("\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_RECLAIM\",\"SCHED_FLAG_DL_OVERRUN\","
                             "\"SCHED_FLAG_KEEP_POLICY\",\"SCHED_FLAG_KEEP_PARAMS\",\"SCHED_FLAG_UTIL_CLAMP_MIN\","
                             "\"SCHED_FLAG_UTIL_CLAMP_MAX\"]")
                         .flags,
        0x7e);
}

/* What validation lets nobody say: a caller that has not validated. */
static void unknown_words_are_refused(void** state)
{
    char                    policy[] = "SCHED_LATER", flag[] = "SCHED_FLAG_LATER", other[] = "SCHED_OTHER";
    char*                   flags[]  = { flag, NULL };
    int                     priority = 0;
    struct linux_sched_attr attr     = { 0 };
    struct cv_spec_process  process  = { .set = true };

    (void)state;
    process.scheduler.policy   = policy;
    process.io_priority.class_ = policy;
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_schedule_plan(&process, &attr, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_io_priority_plan(&process, &priority, &err));
    process.scheduler.policy = other;
    process.scheduler.flags  = (struct cv_strv){ flags, 1 };
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_schedule_plan(&process, &attr, &err));
    assert_int_equal(attr.size, 0);
}

static int io_priority_of(const char* class_, int number)
{
    char text[128];
    int  priority = 0;

    assert_int_equal(
        cv_snprintf(text, sizeof(text), "\"ioPriority\":{\"class\":\"%s\",\"priority\":%d}", class_, number), 0);
    struct cv_spec_process* process = process_of(text);
    CV_TEST_OK(err, linux_io_priority_plan(process, &priority, &err));
    process_free(process);
    return priority;
}

static void io_priorities_are_class_and_level(void** state)
{
    (void)state;
    assert_int_equal(io_priority_of("IOPRIO_CLASS_RT", 0), 0x2000);
    assert_int_equal(io_priority_of("IOPRIO_CLASS_BE", 7), 0x4007);
    assert_int_equal(io_priority_of("IOPRIO_CLASS_IDLE", 0), 0x6000);
}

static void lists_become_masks(void** state)
{
    struct linux_cpus cpus;

    (void)state;
    CV_TEST_OK(err, linux_cpus_parse("0", &cpus, &err));
    assert_int_equal(cpus.bytes[0], 1);
    CV_TEST_OK(err, linux_cpus_parse("1-3,9,15-16,8191", &cpus, &err));
    assert_int_equal(cpus.bytes[0], 0x0e);
    assert_int_equal(cpus.bytes[1], 0x82);
    assert_int_equal(cpus.bytes[2], 0x01);
    assert_int_equal(cpus.bytes[1023], 0x80);
    for (size_t i = 3; i < 1023; i++)
        assert_int_equal(cpus.bytes[i], 0);
}

static void lists_that_are_none_are_refused(void** state)
{
    static const char* const lists[] = { "", ",", "1,", "3-1", "8192", "0-8192", "a", "1-", "-1", "1 2",
        "99999999999999999999", "0-99999999999999999999" };
    struct linux_cpus        cpus    = { { 1 } };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(lists); i++)
        if (linux_cpus_parse(lists[i], &cpus, &err) != CV_ERR_INVALID)
            fail_msg("'%s' was taken as a list of CPUs", lists[i]);
    assert_int_equal(cpus.bytes[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_policy_has_the_kernels_number),
        cmocka_unit_test(all_numbers_get_there),
        cmocka_unit_test(flags_add_up),
        cmocka_unit_test(unknown_words_are_refused),
        cmocka_unit_test(io_priorities_are_class_and_level),
        cmocka_unit_test(lists_become_masks),
        cmocka_unit_test(lists_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
