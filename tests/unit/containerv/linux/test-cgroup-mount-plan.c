#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/cgroup-mount-plan.h"

#include <cv/banned.h>

static struct cv_error            err;
static struct linux_cgroup_mounts plan;

#define V1(id, root, target, options) id " 31 0:" id " " root " " target " rw,relatime - cgroup cgroup rw," options "\n"

static void make(const char* mountinfo, const char* cgroup)
{
    struct mountinfo info = MOUNTINFO_INIT;
    CV_TEST_OK(err, mountinfo_parse(mountinfo, strlen(mountinfo), &info, &err));
    int rc = linux_cgroup_mounts_plan(&info, cgroup, &plan, &err);
    mountinfo_release(&info);
    CV_TEST_OK(err, rc);
}

static void each_hierarchy_of_a_hybrid_machine_is_mounted(void** state)
{
    (void)state;
    make("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" V1("32", "/", "/sys/fs/cgroup/cpu,cpuacct",
             "cpu,cpuacct") V1("35", "/outer", "/sys/fs/cgroup/memory", "memory")
             V1("40", "/", "/sys/fs/cgroup/systemd", "xattr,release_agent=/lib/x,name=systemd")
                 V1("50", "/", "/elsewhere/memory", "memory") V1("51", "/", "/elsewhere/also-memory",
                     "memory") "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
                               "42 31 0:38 / /again rw - cgroup2 cgroup2 rw\n",
        "9:name=systemd:/a b/c\n4:memory:/outer/in\n1:cpu,cpuacct:/\n0::/box\n");
    assert_true(plan.version1);
    assert_int_equal(plan.count, 4);
    assert_string_equal(plan.items[0].name, "cpu,cpuacct");
    assert_string_equal(plan.items[0].target, "/sys/fs/cgroup/cpu,cpuacct");
    assert_string_equal(plan.items[0].own, ".");
    assert_int_equal(plan.items[0].words.count, 2);
    assert_string_equal(plan.items[0].words.items[1], "cpuacct");
    assert_string_equal(plan.items[1].own, "in");
    assert_string_equal(plan.items[2].name, "systemd");
    assert_string_equal(plan.items[2].own, "a b/c");
    assert_int_equal(plan.items[2].words.count, 1);
    assert_string_equal(plan.items[2].words.items[0], "name=systemd");
    assert_true(plan.items[3].version2);
    assert_string_equal(plan.items[3].name, "unified");
    assert_string_equal(plan.items[3].own, "box");
    assert_int_equal(plan.link_count, 2);
    assert_string_equal(plan.links[0].name, "cpu");
    assert_string_equal(plan.links[1].name, "cpuacct");
    assert_string_equal(plan.links[1].to, "cpu,cpuacct");
    linux_cgroup_mounts_release(&plan);
}

static void version_2_alone_needs_no_plan(void** state)
{
    (void)state;
    make("41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/x\n");
    assert_false(plan.version1);
    linux_cgroup_mounts_release(&plan);
    make("", "");
    assert_false(plan.version1);
    assert_int_equal(plan.count, 0);
    linux_cgroup_mounts_release(&plan);
}

/* A group that is not below what is mounted, as other cgroup namespaces show it, is not looked for. */
static void a_group_elsewhere_has_no_own_folder(void** state)
{
    (void)state;
    make(V1("35", "/outer", "/c/memory", "memory") V1("36", "/", "/c/pids", "pids") V1("37", "/out", "/c/cpu", "cpu"),
        "4:memory:/other\n3:cpu:/outside\nbroken\n");
    assert_int_equal(plan.count, 3);
    assert_null(plan.items[0].own);
    assert_null(plan.items[1].own);
    assert_null(plan.items[2].own);
    linux_cgroup_mounts_release(&plan);
}

static void too_many_are_refused(void** state)
{
    struct mountinfo                         info = MOUNTINFO_INIT;
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    (void)state;
    for (int i = 0; i < 80; i++)
        cv_str_printf(&text, "%d 1 0:%d / /c/%d rw - cgroup cgroup rw,name=n%d\n", i + 10, i + 10, i, i);
    CV_TEST_OK(err, mountinfo_parse(text.text, text.length, &info, &err));
    CV_TEST_FAILS(CV_ERR_LIMIT, err, linux_cgroup_mounts_plan(&info, "", &plan, &err));
    mountinfo_release(&info);
    linux_cgroup_mounts_release(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hierarchy_of_a_hybrid_machine_is_mounted),
        cmocka_unit_test(version_2_alone_needs_no_plan),
        cmocka_unit_test(a_group_elsewhere_has_no_own_folder),
        cmocka_unit_test(too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
