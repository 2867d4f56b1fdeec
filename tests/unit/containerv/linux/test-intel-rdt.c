/* In a plain folder, with files as resctrl has them: what is written where, and what is refused. No machine of ours has the real one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

#include "linux/intel-rdt.h"

static struct cv_error err;
static int             base_fd = -1;

static struct cv_spec* spec_of(const char* rdt)
{
    struct cv_spec* spec = NULL;
    char            text[1024];

    assert_int_equal(
        cv_snprintf(text, sizeof(text), "{\"ociVersion\":\"1.2.0\",\"linux\":{\"intelRdt\":{%s}}}", rdt), 0);
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    return spec;
}

static void put(const char* name, const char* text)
{
    CV_TEST_OK(err, cv_file_write(cv_test_path(name), text, strlen(text), 0644, 0, &err));
}

static void has(const char* name, const char* expected)
{
    char* text = NULL;
    CV_TEST_OK(err, cv_file_read(cv_test_path(name), 4096, &text, NULL, &err));
    assert_string_equal(text, expected);
    free(text);
}

static int join(const char* rdt)
{
    struct cv_spec* spec = spec_of(rdt);
    err                  = (struct cv_error)CV_ERROR_INIT;
    int rc               = linux_rdt_join_at(base_fd, spec, "box", 42, &err);
    cv_spec_free(spec);
    return rc;
}

static void a_group_that_is_there_is_used(void** state)
{
    (void)state;
    assert_int_equal(mkdir(cv_test_path("gold"), 0755), 0);
    put("gold/schemata", "L3:0=00f\nMB:0=100\n");
    put("gold/tasks", "");
    assert_int_equal(join("\"closID\":\"gold\""), 0);
    has("gold/tasks", "42\n");
    put("gold/tasks", "");
    assert_int_equal(join("\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\""), 0);
    has("gold/tasks", "42\n");
    has("gold/schemata", "L3:0=00f\nMB:0=100\n"); /* compared, not written */
}

static void a_group_with_other_schemata_is_refused(void** state)
{
    (void)state;
    put("gold/tasks", "");
    assert_int_equal(join("\"closID\":\"gold\",\"memBwSchema\":\"MB:0=50\""), CV_ERR_INVALID);
    assert_non_null(strstr(err.text, "linux.intelRdt 'gold'"));
    has("gold/tasks", "");
}

static void a_class_without_schemata_must_be_there(void** state)
{
    (void)state;
    assert_int_equal(join("\"closID\":\"silver\""), CV_ERR_NOT_FOUND);
    assert_int_equal(access(cv_test_path("silver"), F_OK), -1);
}

/* A plain folder has no files of the kernel's: nothing may be left of the group that was begun. */
static void what_can_not_be_filled_is_taken_away(void** state)
{
    (void)state;
    assert_int_equal(join("\"l3CacheSchema\":\"L3:0=f\""), CV_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "schemata"));
    assert_int_equal(access(cv_test_path("box"), F_OK), -1);
}

static void monitoring_that_is_not_there_is_refused(void** state)
{
    (void)state;
    assert_int_equal(join("\"closID\":\"gold\",\"enableCMT\":true"), CV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "llc_occupancy"));
    assert_int_equal(mkdir(cv_test_path("info"), 0755) | mkdir(cv_test_path("info/L3_MON"), 0755), 0);
    put("info/L3_MON/mon_features", "llc_occupancy\n");
    assert_int_equal(join("\"closID\":\"gold\",\"enableCMT\":true"), 0);
    assert_int_equal(join("\"closID\":\"gold\",\"enableMBM\":true"), CV_ERR_UNSUPPORTED);
}

static void without_resctrl_it_is_an_error(void** state)
{
    struct cv_spec* spec = spec_of("\"closID\":\"gold\"");
    (void)state;
    if (access("/sys/fs/resctrl/schemata", F_OK) == 0) {
        print_message("this machine has resctrl\n");
        cv_spec_free(spec);
        skip();
    }
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, linux_rdt_join(spec, "box", 0, &err));
    assert_non_null(strstr(err.text, "linux.intelRdt"));
    CV_TEST_OK(err, linux_rdt_leave(spec, "box", &err));
    spec->linux_.intel_rdt.set = false;
    CV_TEST_OK(err, linux_rdt_join(spec, "box", 0, &err));
    cv_spec_free(spec);
}

static int setup(void** state)
{
    if (cv_test_setup(state) != 0)
        return -1;
    base_fd = open(cv_test_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return base_fd < 0 ? -1 : 0;
}

static int teardown(void** state)
{
    close(base_fd);
    return cv_test_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_that_is_there_is_used),
        cmocka_unit_test(a_group_with_other_schemata_is_refused),
        cmocka_unit_test(a_class_without_schemata_must_be_there),
        cmocka_unit_test(what_can_not_be_filled_is_taken_away),
        cmocka_unit_test(monitoring_that_is_not_there_is_refused),
        cmocka_unit_test(without_resctrl_it_is_an_error),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
