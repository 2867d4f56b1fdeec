#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/limits-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static int device(const char* path, unsigned* major_out, unsigned* minor_out, struct cv_error* error)
{
    if (strcmp(path, "/dev/sda") != 0)
        return cv_error_set(error, CV_ERR_NOT_FOUND, "no %s", path);
    *major_out = 8;
    *minor_out = 16;
    return 0;
}

/* A plan as text: "1 file=value" a line, behind it what is special. */
static char* print(const struct linux_limits_plan* plan)
{
    static char text[65536];
    size_t      length = 0;
    text[0]            = '\0';
    for (size_t i = 0; i < plan->count; i++) {
        const struct linux_limit* limit = &plan->items[i];
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%d %s=%s%s%s\n", limit->version, limit->file,
            limit->value, limit->optional ? " optional" : "", limit->or_next ? " or" : "");
    }
    return text;
}

static char* plan_of(const char* resources, const char* limits, bool update)
{
    static const char form[] = "{\"ociVersion\":\"1.2.0\",\"linux\":{\"resources\":{%s}},\"org.containerv\":"
                               "{\"limits\":{%s}}}";
    static struct linux_limits_plan plan;
    struct cv_spec*                 spec = NULL;
    char                            text[4096];
    int                             length = snprintf(text, sizeof(text), form, resources, limits);
    CV_TEST_OK(err, cv_spec_parse(text, (size_t)length, &spec, &err));
    CV_TEST_OK(err, linux_limits_plan_make(spec, update, device, &plan, &err));
    cv_spec_free(spec);
    char* printed = print(&plan);
    linux_limits_plan_release(&plan);
    return printed;
}

#define DEFAULT_PIDS "2 pids.max=2048 optional\n"

static void limits_become_files_of_both_versions(void** state)
{
    static const struct {
        const char *resources, *limits, *plan;
    } cases[] = {
        { "", "", DEFAULT_PIDS },
        { "", "\"pids\":18446744073709551615", "" },
        { "", "\"pids\":5", "2 pids.max=5\n1 pids.max=5\n" },
        { "\"pids\":{\"limit\":-1}", "", "" },
        { "\"pids\":{\"limit\":7}", "", "2 pids.max=7\n1 pids.max=7\n" },
        { "\"pids\":{\"limit\":7}", "\"pids\":3", "2 pids.max=3\n1 pids.max=3\n" },
        { "", "\"memoryBytes\":4096",
            "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n2 memory.swap.max=4096 optional\n"
            "1 memory.memsw.limit_in_bytes=8192 optional\n" DEFAULT_PIDS },
        { "", "\"memoryBytes\":4096,\"swapBytes\":18446744073709551615",
            "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n2 memory.swap.max=max optional\n"
            "1 memory.memsw.limit_in_bytes=-1 optional\n" DEFAULT_PIDS },
        { "", "\"memoryBytes\":4096,\"swapBytes\":1",
            "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n2 memory.swap.max=1\n1 "
            "memory.memsw.limit_in_bytes=4097\n" DEFAULT_PIDS },
        { "", "\"memoryReservationBytes\":100", "2 memory.low=100\n1 memory.soft_limit_in_bytes=100\n" DEFAULT_PIDS },
        { "\"memory\":{\"limit\":-1,\"swap\":-1}", "", DEFAULT_PIDS },
        { "\"memory\":{\"limit\":100,\"swap\":300,\"reservation\":50,\"swappiness\":0,\"disableOOMKiller\":true}", "",
            "2 memory.max=100\n1 memory.limit_in_bytes=100\n2 memory.swap.max=200\n1 memory.memsw.limit_in_bytes=300\n"
            "2 memory.low=50\n1 memory.soft_limit_in_bytes=50\n1 memory.swappiness=0\n2 =\n1 memory.oom_control=1\n"
            "2 =\n" DEFAULT_PIDS },
        { "", "\"cpuMilli\":1500",
            "2 cpu.max=150000 100000\n1 cpu.cfs_period_us=100000\n1 cpu.cfs_quota_us=150000\n" DEFAULT_PIDS },
        { "", "\"cpuMilli\":5",
            "2 cpu.max=5000 1000000\n1 cpu.cfs_period_us=1000000\n1 cpu.cfs_quota_us=5000\n" DEFAULT_PIDS },
        { "", "\"cpuQuotaUs\":30000,\"cpuPeriodUs\":20000",
            "2 cpu.max=30000 20000\n1 cpu.cfs_period_us=20000\n1 cpu.cfs_quota_us=30000\n" DEFAULT_PIDS },
        { "", "\"cpuQuotaUs\":30000",
            "2 cpu.max=30000 100000\n1 cpu.cfs_period_us=100000\n1 cpu.cfs_quota_us=30000\n" DEFAULT_PIDS },
        { "", "\"cpuPeriodUs\":20000",
            "2 cpu.max=max 20000\n1 cpu.cfs_period_us=20000\n1 cpu.cfs_quota_us=-1\n" DEFAULT_PIDS },
        { "", "\"cpuWeight\":50,\"cpus\":\"0-1\",\"memoryNodes\":\"0\"",
            "2 cpu.weight=50\n1 cpu.shares=512\n1 cpuset.mems=0\n1 cpuset.cpus=0-1\n2 cpuset.mems=0\n2 "
            "cpuset.cpus=0-1\n" DEFAULT_PIDS },
        { "\"cpu\":{\"shares\":2048,\"quota\":50000,\"period\":20000,\"burst\":10,\"idle\":1,\"cpus\":\"3\"}", "",
            "2 cpu.max=50000 20000\n1 cpu.cfs_period_us=20000\n1 cpu.cfs_quota_us=50000\n2 cpu.max.burst=10\n"
            "1 cpu.cfs_burst_us=10\n2 cpu.weight=79\n1 cpu.shares=2048\n2 cpu.idle=1\n1 cpu.idle=1\n1 cpuset.cpus=3\n"
            "2 cpuset.cpus=3\n" DEFAULT_PIDS },
        { "\"cpu\":{\"shares\":2,\"quota\":-1}", "", "2 cpu.weight=1\n1 cpu.shares=2\n" DEFAULT_PIDS },
        { "", "\"ioWeight\":7,\"io\":[{\"path\":\"/dev/sda\",\"readBps\":1,\"writeIops\":4}]",
            DEFAULT_PIDS "2 io.bfq.weight=7 or\n2 io.weight=default 7\n1 blkio.bfq.weight=7 or\n1 blkio.weight=7\n"
                         "2 io.max=8:16 rbps=1\n1 blkio.throttle.read_bps_device=8:16 1\n2 io.max=8:16 wiops=4\n"
                         "1 blkio.throttle.write_iops_device=8:16 4\n" },
        { "\"blockIO\":{\"throttleWriteBpsDevice\":[{\"major\":1,\"minor\":2,\"rate\":3},{\"major\":1,\"minor\":3,"
          "\"rate\":0}]}",
            "", "2 io.max=1:2 wbps=3\n1 blkio.throttle.write_bps_device=1:2 3\n" DEFAULT_PIDS },
        { "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]",
            "\"hugepages\":[{\"pageSize\":\"1GB\",\"limit\":9}]",
            "2 hugetlb.2MB.max=0\n1 hugetlb.2MB.limit_in_bytes=0\n2 hugetlb.2MB.rsvd.max=0 optional\n"
            "1 hugetlb.2MB.rsvd.limit_in_bytes=0 optional\n" DEFAULT_PIDS
            "2 hugetlb.1GB.max=9\n1 hugetlb.1GB.limit_in_bytes=9\n" },
        { "\"unified\":{\"memory.high\":\"max\"}", "", "2 memory.high=max\n1 =\n" DEFAULT_PIDS },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++)
        assert_string_equal(plan_of(cases[i].resources, cases[i].limits, false), cases[i].plan);
}

static void an_update_ends_what_is_not_given(void** state)
{
    (void)state;
    assert_string_equal(plan_of("", "", true),
        "2 memory.max=max optional\n1 memory.limit_in_bytes=-1 optional\n2 memory.swap.max=max optional\n"
        "1 memory.memsw.limit_in_bytes=-1 optional\n2 memory.low=0 optional\n1 memory.soft_limit_in_bytes=-1 optional\n"
        "2 cpu.max=max 100000 optional\n1 cpu.cfs_period_us=100000 optional\n1 cpu.cfs_quota_us=-1 optional\n"
        "2 cpu.weight=100 optional\n1 cpu.shares=1024 optional\n2 pids.max=2048 optional\n1 pids.max=2048 optional\n"
        "2 io.bfq.weight=100 optional or\n2 io.weight=default 100 optional\n1 blkio.bfq.weight=100 optional or\n"
        "1 blkio.weight=100 optional\n");
    assert_non_null(strstr(plan_of("", "\"pids\":18446744073709551615", true), "1 pids.max=max optional\n"));
    assert_non_null(strstr(plan_of("", "\"cpuQuotaUs\":5000", true), "\n2 cpu.max=5000 100000\n"));
}

#define MANY "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,"

static void what_cannot_be_planned_is_refused(void** state)
{
    static const struct {
        int         code;
        const char* json;
    } cases[] = {
        { CV_ERR_UNSUPPORTED, "{\"linux\":{\"resources\":{\"unified\":{\"cgroup.freeze\":\"1\"}}}}" },
        { CV_ERR_UNSUPPORTED, "{\"linux\":{\"resources\":{\"unified\":{\"mem.max\":\"1\"}}}}" },
        { CV_ERR_NOT_FOUND, "{\"org.containerv\":{\"limits\":{\"io\":[{\"path\":\"/dev/x\",\"readBps\":1}]}}}" },
        { CV_ERR_LIMIT, "{\"org.containerv\":{\"limits\":{\"cpus\":\"" MANY MANY MANY MANY "0\"}}}" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_limits_plan plan = { 0 };
        struct cv_spec*          spec = NULL;
        CV_TEST_OK(err, cv_spec_parse(cases[i].json, strlen(cases[i].json), &spec, &err));
        CV_TEST_FAILS(cases[i].code, err, linux_limits_plan_make(spec, false, device, &plan, &err));
        assert_null(plan.items);
        cv_spec_free(spec);
    }
}

static void what_no_kernel_has_is_named(void** state)
{
    static const char text[] = "{\"linux\":{\"resources\":{\"memory\":{\"useHierarchy\":false}}}}";
    struct cv_spec*   spec   = NULL;
    (void)state;
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, linux_limits_supported(spec, &err));
    assert_non_null(strstr(err.text, "linux"));
    cv_spec_free(spec);
}

static void lists_of_numbers_are_compared(void** state)
{
    static const struct {
        const char *list, *of;
        bool        within;
    } cases[] = {
        { "0", "0-1\n", true },
        { "0-1", "0-1", true },
        { "0,2-3", "0,2-5\n", true },
        { "", "0", true },
        { "2", "0-1\n", false },
        { "0-2", "0-1\n", false },
        { "1-3", "0-1,3", false },
        { "0", "\n", false },
        { "x", "0", false },
        { "3-0", "0-3", false },
        { "1,", "0-3", false },
        { "1,,2", "0-3", false },
        { "1", "3-0", false },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++)
        assert_int_equal(linux_number_list_within(cases[i].list, cases[i].of), cases[i].within);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_become_files_of_both_versions),
        cmocka_unit_test(an_update_ends_what_is_not_given),
        cmocka_unit_test(what_cannot_be_planned_is_refused),
        cmocka_unit_test(what_no_kernel_has_is_named),
        cmocka_unit_test(lists_of_numbers_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
