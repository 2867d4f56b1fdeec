/* What the container around lacks, by what failed in it. */
#include <errno.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/outer-plan.h"

static const char free_status[]     = "Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n";
static const char filtered_status[] = "Name:\tx\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
static const char host_mounts[]     = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
                                      "23 22 0:21 / /proc rw shared:2 - proc proc rw\n"
                                      "24 23 0:30 / /proc/sys/fs/binfmt_misc rw shared:3 - autofs systemd-1 rw\n";
static const char docker_mounts[]   = "600 500 0:50 / / rw - overlay overlay rw,lowerdir=x\n"
                                      "601 600 0:51 / /proc rw - proc proc rw\n"
                                      "602 601 0:51 /bus /proc/bus ro - proc proc rw\n"
                                      "603 601 0:52 / /proc/acpi ro - tmpfs tmpfs ro\n";

static void facts(void** state)
{
    (void)state;
    assert_int_equal(linux_outer_facts(free_status, host_mounts, NULL), 0);
    assert_int_equal(linux_outer_facts(free_status, host_mounts, "unconfined\n"), 0);
    assert_int_equal(linux_outer_facts(filtered_status, docker_mounts, "docker-default (enforce)\n"),
        LINUX_OUTER_SECCOMP | LINUX_OUTER_MASKED | LINUX_OUTER_OVERLAY | LINUX_OUTER_APPARMOR);
    assert_int_equal(linux_outer_facts(NULL, NULL, NULL), 0);
    assert_int_equal(linux_outer_facts("Seccomp", "a b\n\n - \nx", ""), 0);
}

static void the_root_is_the_last_one_mounted_there(void** state)
{
    (void)state;
    assert_int_equal(
        linux_outer_facts(NULL, "1 0 0:1 / / rw - overlay o rw\n2 1 0:2 / / rw - ext4 /dev/vda rw\n", NULL), 0);
    assert_int_equal(linux_outer_facts(NULL, "1 0 0:2 / / rw - ext4 d rw\n2 1 0:1 / / rw - overlay o rw", NULL),
        LINUX_OUTER_OVERLAY);
}

static void says(const char* word, unsigned known, enum linux_outer_step step, int number)
{
    const char* advice = linux_outer_advice(known, step, number);
    if (advice == NULL || strstr(advice, word) == NULL)
        fail_msg("step %d, error %d: '%s' instead of '%s'", step, number, advice != NULL ? advice : "nothing", word);
}

static void advice(void** state)
{
    const unsigned all = LINUX_OUTER_SECCOMP | LINUX_OUTER_MASKED | LINUX_OUTER_OVERLAY | LINUX_OUTER_APPARMOR;
    (void)state;
    says("seccomp=unconfined", LINUX_OUTER_SECCOMP, LINUX_OUTER_NAMESPACE, ENOSYS);
    says("seccomp=unconfined", all, LINUX_OUTER_NAMESPACE, EPERM);
    says("apparmor=unconfined", LINUX_OUTER_APPARMOR, LINUX_OUTER_NAMESPACE, EPERM);
    says("apparmor=unconfined", all, LINUX_OUTER_MOUNT, EACCES);
    says("systempaths=unconfined", all, LINUX_OUTER_PROC, EPERM);
    says("unmask=ALL", LINUX_OUTER_MASKED, LINUX_OUTER_PROC, EPERM);
    says("seccomp=unconfined", LINUX_OUTER_SECCOMP, LINUX_OUTER_PROC, EPERM);
    says("volume", all, LINUX_OUTER_UPPER, EINVAL);
    says("--device", all, LINUX_OUTER_DEVICE, ENOENT);
}

static void on_the_host_there_is_none(void** state)
{
    (void)state;
    for (int step = 0; step < LINUX_OUTER_STEPS; step++) {
        assert_null(linux_outer_advice(0, (enum linux_outer_step)step, EPERM));
        assert_null(linux_outer_advice(0, (enum linux_outer_step)step, ENOENT));
    }
    assert_null(linux_outer_advice(LINUX_OUTER_SECCOMP, LINUX_OUTER_NAMESPACE, ENOSPC));
    assert_null(linux_outer_advice(LINUX_OUTER_MASKED, LINUX_OUTER_NAMESPACE, EPERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts),
        cmocka_unit_test(the_root_is_the_last_one_mounted_there),
        cmocka_unit_test(advice),
        cmocka_unit_test(on_the_host_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
