/* What linux.resources means in files, for containers of an OCI runtime: nothing of ours is added. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/limits-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_spec* spec_of(const char* resources)
{
    struct cv_spec* spec = NULL;
    char            text[4096];
    int length = snprintf(text, sizeof(text), "{\"ociVersion\":\"1.2.0\",\"linux\":{\"resources\":{%s}}}", resources);
    CV_TEST_OK(err, cv_spec_parse(text, (size_t)length, &spec, &err));
    spec->ext.bare = true;
    return spec;
}

/* "1 file=value" a line; "?" behind it: optional; "|": the next one counts where there is no such file. */
static char* print(struct linux_limits_plan* plan)
{
    static char text[65536];
    size_t      length = 0;
    text[0]            = '\0';
    for (size_t i = 0; i < plan->count; i++) {
        const struct linux_limit* limit = &plan->items[i];
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%d %s=%s%s%s\n", limit->version, limit->file,
            limit->value, limit->optional ? " ?" : "", limit->or_next ? " |" : "");
    }
    linux_limits_plan_release(plan);
    return text;
}

static char* plan_of(const char* resources)
{
    struct linux_limits_plan plan = { 0 };
    struct cv_spec*          spec = spec_of(resources);
    CV_TEST_OK(err, linux_limits_plan_make(spec, false, NULL, &plan, &err));
    cv_spec_free(spec);
    return print(&plan);
}

static char* changes_of(const char* now, const char* changes)
{
    struct linux_limits_plan plan = { 0 };
    struct cv_spec *         old = spec_of(now), *new = spec_of(changes);
    CV_TEST_OK(err, linux_limits_plan_changes(&old->linux_.resources, &new->linux_.resources, &plan, &err));
    cv_spec_free(old);
    cv_spec_free(new);
    return print(&plan);
}

/* The second element of a pair: the plan. */
static const char* const plans[][2] = {
    /* what callers send for "nothing" */
    { "", "" },
    { "\"memory\":{},\"cpu\":{},\"pids\":{\"limit\":0},\"blockIO\":{},\"network\":{}", "" },
    { "\"pids\":{\"limit\":-1}", "" },
    { "\"memory\":{\"limit\":-1,\"swap\":-1,\"reservation\":-1,\"kernel\":-1,\"kernelTCP\":-1,\"disableOOMKiller\":"
      "false,"
      "\"useHierarchy\":true}",
        "" },
    { "\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":0,\"kernel\":0,\"kernelTCP\":0}", "" },
    { "\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0,\"burst\":0,\"realtimeRuntime\":0,\"realtimePeriod\":0,\"idle\":"
      "0}",
        "" },
    { "\"cpu\":{\"shares\":1024}", "2 cpu.weight=39 ?\n1 cpu.shares=1024 ?\n" },
    { "\"cpu\":{\"quota\":-1,\"period\":100000}",
        "2 cpu.max=max 100000 ?\n1 cpu.cfs_period_us=100000 ?\n1 cpu.cfs_quota_us=-1 ?\n" },
    { "\"blockIO\":{\"weight\":0,\"leafWeight\":0,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":0}],"
      "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}",
        "" },
    { "\"network\":{\"classID\":0,\"priorities\":[]}", "" },
    /* memory */
    { "\"memory\":{\"limit\":4096}", "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n" },
    { "\"memory\":{\"limit\":4096,\"swap\":4096}", "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n2 "
                                                   "memory.swap.max=0 ?\n1 memory.memsw.limit_in_bytes=4096 ?\n" },
    { "\"memory\":{\"limit\":4096,\"swap\":12288}", "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n2 "
                                                    "memory.swap.max=8192\n1 memory.memsw.limit_in_bytes=12288\n" },
    { "\"memory\":{\"limit\":4096,\"swap\":-1}", "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n" },
    { "\"memory\":{\"reservation\":4096}", "2 memory.low=4096\n1 memory.soft_limit_in_bytes=4096\n" },
    { "\"memory\":{\"kernel\":4096}", "" },
    { "\"memory\":{\"kernelTCP\":4096}", "1 memory.kmem.tcp.limit_in_bytes=4096\n2 =\n" },
    { "\"memory\":{\"swappiness\":0}", "1 memory.swappiness=0\n2 =\n" },
    { "\"memory\":{\"swappiness\":18446744073709551615}", "1 memory.swappiness=1000\n2 =\n" },
    { "\"memory\":{\"disableOOMKiller\":true,\"checkBeforeUpdate\":true}", "1 memory.oom_control=1\n2 =\n" },
    /* CPU */
    { "\"cpu\":{\"shares\":1}", "2 cpu.weight=1\n1 cpu.shares=2\n" },
    { "\"cpu\":{\"shares\":2}", "2 cpu.weight=1\n1 cpu.shares=2\n" },
    { "\"cpu\":{\"shares\":512}", "2 cpu.weight=20\n1 cpu.shares=512\n" },
    { "\"cpu\":{\"shares\":262144}", "2 cpu.weight=10000\n1 cpu.shares=262144\n" },
    { "\"cpu\":{\"shares\":18446744073709551615}", "2 cpu.weight=10000\n1 cpu.shares=262144\n" },
    { "\"cpu\":{\"quota\":50000}", "2 cpu.max=50000 100000\n1 cpu.cfs_period_us=100000\n1 cpu.cfs_quota_us=50000\n" },
    { "\"cpu\":{\"quota\":50000,\"period\":20000,\"burst\":7}",
        "2 cpu.max=50000 20000\n1 cpu.cfs_period_us=20000\n1 cpu.cfs_quota_us=50000\n2 cpu.max.burst=7\n"
        "1 cpu.cfs_burst_us=7\n" },
    { "\"cpu\":{\"idle\":1}", "2 cpu.idle=1\n1 cpu.idle=1\n" },
    { "\"cpu\":{\"realtimeRuntime\":950000,\"realtimePeriod\":1000000}",
        "1 cpu.rt_period_us=1000000\n2 =\n1 cpu.rt_runtime_us=950000\n2 =\n" },
    { "\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}",
        "1 cpuset.mems=0\n1 cpuset.cpus=0-1\n2 cpuset.mems=0\n2 cpuset.cpus=0-1\n" },
    { "\"pids\":{\"limit\":7}", "2 pids.max=7\n1 pids.max=7\n" },
    /* I/O */
    { "\"blockIO\":{\"weight\":10}",
        "2 io.bfq.weight=10 |\n2 io.weight=default 1\n1 blkio.bfq.weight=10 |\n1 blkio.weight=10\n" },
    { "\"blockIO\":{\"weight\":1000}",
        "2 io.bfq.weight=1000 |\n2 io.weight=default 10000\n1 blkio.bfq.weight=1000 |\n1 blkio.weight=1000\n" },
    { "\"blockIO\":{\"leafWeight\":11}", "1 blkio.leaf_weight=11\n2 =\n" },
    { "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":16,\"weight\":100,\"leafWeight\":300}]}",
        "2 io.bfq.weight=8:16 100 |\n2 io.weight=8:16 910\n1 blkio.bfq.weight_device=8:16 100 |\n"
        "1 blkio.weight_device=8:16 100\n1 blkio.leaf_weight_device=8:16 300\n2 =\n" },
    { "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":1}],\"throttleWriteBpsDevice\":[{"
      "\"major\":8,"
      "\"minor\":2,\"rate\":2}],\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":3,\"rate\":3}],"
      "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":4}]}",
        "2 io.max=8:1 rbps=1\n1 blkio.throttle.read_bps_device=8:1 1\n2 io.max=8:2 wbps=2\n"
        "1 blkio.throttle.write_bps_device=8:2 2\n2 io.max=8:3 riops=3\n1 blkio.throttle.read_iops_device=8:3 3\n"
        "2 io.max=8:4 wiops=4\n1 blkio.throttle.write_iops_device=8:4 4\n" },
    /* the rest */
    { "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]",
        "2 hugetlb.2MB.max=0\n1 hugetlb.2MB.limit_in_bytes=0\n2 hugetlb.2MB.rsvd.max=0 ?\n"
        "1 hugetlb.2MB.rsvd.limit_in_bytes=0 ?\n" },
    { "\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\",\"priority\":5},{\"name\":\"lo\","
      "\"priority\":0}]}",
        "1 net_cls.classid=1048577\n1 net_prio.ifpriomap=eth0 5\n1 net_prio.ifpriomap=lo 0 ?\n" },
    { "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}",
        "2 rdma.max=mlx5_1 hca_handle=3 hca_object=10000\n1 rdma.max=mlx5_1 hca_handle=3 hca_object=10000\n" },
    { "\"rdma\":{\"mlx4_0\":{\"hcaObjects\":0},\"none\":{}}",
        "2 rdma.max=mlx4_0 hca_object=0\n1 rdma.max=mlx4_0 hca_object=0\n" },
    { "\"unified\":{\"memory.high\":\"max\",\"cgroup.max.depth\":\"3\"}",
        "2 memory.high=max\n1 =\n2 cgroup.max.depth=3\n1 =\n" },
};

static void resources_become_files(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(plans); i++)
        assert_string_equal(plan_of(plans[i][0]), plans[i][1]);
}

static void a_change_keeps_what_is_not_given(void** state)
{
    static const char* const cases[][3] = {
        { "\"memory\":{\"limit\":4096,\"swap\":8192},\"pids\":{\"limit\":7}", "", "" },
        { "\"memory\":{\"limit\":4096,\"swap\":12288}", "\"memory\":{\"limit\":8192}",
            "2 memory.max=8192\n1 memory.limit_in_bytes=8192\n2 memory.swap.max=4096\n"
            "1 memory.memsw.limit_in_bytes=12288\n" },
        { "\"memory\":{\"limit\":4096}", "\"memory\":{\"swap\":8192}",
            "2 memory.max=4096\n1 memory.limit_in_bytes=4096\n2 memory.swap.max=4096\n"
            "1 memory.memsw.limit_in_bytes=8192\n" },
        { "\"memory\":{\"limit\":4096,\"swap\":8192}", "\"memory\":{\"limit\":-1,\"swap\":-1,\"reservation\":-1}",
            "2 memory.max=max ?\n1 memory.limit_in_bytes=-1 ?\n2 memory.swap.max=max ?\n"
            "1 memory.memsw.limit_in_bytes=-1 ?\n2 memory.low=0 ?\n1 memory.soft_limit_in_bytes=-1 ?\n" },
        { "\"cpu\":{\"quota\":50000,\"period\":20000}", "\"cpu\":{\"quota\":10000}",
            "2 cpu.max=10000 20000\n1 cpu.cfs_period_us=20000\n1 cpu.cfs_quota_us=10000\n" },
        { "\"cpu\":{\"quota\":50000,\"period\":20000}", "\"cpu\":{\"quota\":-1}",
            "2 cpu.max=max 20000 ?\n1 cpu.cfs_period_us=20000 ?\n1 cpu.cfs_quota_us=-1 ?\n" },
        { "\"cpu\":{\"burst\":5}", "\"cpu\":{\"burst\":0,\"idle\":0,\"cpus\":\"1\"}",
            "2 cpu.max.burst=0 ?\n1 cpu.cfs_burst_us=0 ?\n2 cpu.idle=0 ?\n1 cpu.idle=0 ?\n1 cpuset.cpus=1\n2 "
            "cpuset.cpus=1\n" },
        { "\"pids\":{\"limit\":7}", "\"pids\":{\"limit\":-1}", "2 pids.max=max ?\n1 pids.max=max ?\n" },
        { "\"pids\":{\"limit\":7}", "\"pids\":{\"limit\":0}", "" },
        { "", "\"pids\":{\"limit\":9}", "2 pids.max=9\n1 pids.max=9\n" },
        { "", "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":0}]}",
            "2 io.max=8:1 rbps=max ?\n1 blkio.throttle.read_bps_device=8:1 0 ?\n" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++)
        assert_string_equal(changes_of(cases[i][0], cases[i][1]), cases[i][2]);
}

static void changes_are_kept_for_the_next_one(void** state)
{
    struct cv_spec* now = spec_of("\"memory\":{\"limit\":4096,\"swap\":8192},\"cpu\":{\"cpus\":\"0\"}");
    struct cv_spec* changes =
        spec_of("\"memory\":{\"limit\":5},\"cpu\":{\"cpus\":\"1\",\"mems\":\"0\",\"shares\":3},\"pids\":"
                "{\"limit\":6}");
    (void)state;
    CV_TEST_OK(err, linux_resources_merge(&now->linux_.resources, &changes->linux_.resources, &err));
    cv_spec_free(changes);
    assert_int_equal(now->linux_.resources.memory.limit.value, 5);
    assert_int_equal(now->linux_.resources.memory.swap.value, 8192);
    assert_string_equal(now->linux_.resources.cpu.cpus, "1");
    assert_string_equal(now->linux_.resources.cpu.mems, "0");
    assert_int_equal(now->linux_.resources.cpu.shares.value, 3);
    assert_int_equal(now->linux_.resources.pids.limit, 6);
    cv_spec_free(now);
}

static void what_cannot_be_is_refused(void** state)
{
    static const struct {
        int         code;
        const char* resources;
    } cases[] = {
        { CV_ERR_INVALID, "\"memory\":{\"limit\":4096,\"swap\":4095}" },
        { CV_ERR_INVALID, "\"memory\":{\"swap\":4096}" },
        { CV_ERR_INVALID, "\"memory\":{\"limit\":-1,\"swap\":4096}" },
        { CV_ERR_UNSUPPORTED, "\"unified\":{\"../memory.max\":\"1\"}" },
        { CV_ERR_UNSUPPORTED, "\"unified\":{\"memory.a/b\":\"1\"}" },
        { CV_ERR_UNSUPPORTED, "\"unified\":{\"cgroup.procs\":\"1\"}" },
        { CV_ERR_UNSUPPORTED, "\"unified\":{\"nothing.max\":\"1\"}" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_limits_plan plan = { 0 };
        struct cv_spec*          spec = spec_of(cases[i].resources);
        CV_TEST_FAILS(cases[i].code, err, linux_limits_plan_make(spec, false, NULL, &plan, &err));
        assert_null(plan.items);
        cv_spec_free(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_become_files),
        cmocka_unit_test(a_change_keeps_what_is_not_given),
        cmocka_unit_test(changes_are_kept_for_the_next_one),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
