/* The rules of devices on real groups: by a program on version 2, and by version 1's controller where the host has it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "child.h"

#include <cv/random.h>
#include <cv/str.h>

#include "linux/cgroup.h"
#include "linux/device-filter.h"
#include "linux/device-rules.h"
#include "linux/limits-v1.h"

#include <cv/banned.h>

enum { WAIT_MS = 20000 };

static struct cv_error          err;
static int                      parent = -1, group = -1;
static char                     id[32];
static struct linux_limits      limits;
static struct linux_device_rule list[] = {
    { .allow = false, .type = 'a', .major = -1, .minor = -1, .access = LINUX_DEVICE_ALL },
    { .allow = true, .type = 'c', .major = 1, .minor = 3, .access = LINUX_DEVICE_ALL },
    { .allow = true, .type = 'c', .major = 1, .minor = 7, .access = LINUX_DEVICE_READ },
};
static struct linux_device_rules rules = { .items = list, .count = CV_ARRAY_LEN(list) };

static int setup(void** state)
{
    char digits[17];

    (void)state;
    linux_limits_init(&limits);
    if (cv_random_hex(digits, 16, &err) < 0 || cv_snprintf(id, sizeof(id), "test-%s", digits) < 0)
        return -1;
    if (linux_cgroup_open_parent(NULL, &parent, &err) < 0)
        return -1;
    return linux_cgroup_create(parent, id, &group, &err);
}

static int teardown(void** state)
{
    (void)state;
    close(group);
    int rc = linux_cgroup_remove(parent, id, WAIT_MS, &err);
    if (rc == 0)
        rc = linux_limits_remove(&limits, id, &err);
    linux_limits_release(&limits);
    close(parent);
    return rc;
}

static bool opens(const char* path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return errno != EPERM;
    close(fd);
    return true;
}

static void within(void)
{
    CHILD_OK(err, linux_cgroup_attach(group, getpid(), &err));
    CHILD_OK(err, linux_limits_join(&limits, &err));
    CHILD_CHECK(opens("/dev/null", O_RDWR));
    CHILD_CHECK(opens("/dev/full", O_RDONLY));
    CHILD_CHECK(!opens("/dev/full", O_WRONLY));
    CHILD_CHECK(!opens("/dev/full", O_RDWR));
    CHILD_CHECK(!opens("/dev/zero", O_RDONLY));
}

static void a_program_keeps_them(void** state)
{
    (void)state;
    CV_TEST_OK(err, linux_device_filter_program(&rules, group, &err));
    run_in_child(within);
}

static void the_controller_of_version_1_keeps_them(void** state)
{
    int root = -1;

    (void)state;
    if (linux_v1_open_parent(LINUX_CONTROLLER_DEVICES, NULL, &root, &err) == CV_ERR_NOT_FOUND) {
        CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, linux_device_filter_v1(&rules, &limits, group, id, &err));
        return;
    }
    close(root);
    CV_TEST_OK(err, linux_device_filter_v1(&rules, &limits, group, id, &err));
    run_in_child(within);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_program_keeps_them, setup, teardown),
        cmocka_unit_test_setup_teardown(the_controller_of_version_1_keeps_them, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
