/* What Landlock's rules become, by what the kernel can. */
#include <string.h>

#include <chef/containerv/policy.h>
#include <cv-test/support.h>
#include <cv/macros.h>

#include "linux/landlock-plan.h"

#include <cv/banned.h>

/* A rule for paths, if any, and one for TCP, if any. */
static struct cv_spec* spec_of(const char* path, uint32_t access, uint32_t port)
{
    struct cv_spec* spec = cv_spec_new();
    struct cv_error err  = CV_ERROR_INIT;

    assert_non_null(spec);
    if (path != NULL)
        CV_TEST_OK(err, cv_spec_add_landlock_path(spec, path, access, &err));
    if (port != 0)
        CV_TEST_OK(err, cv_spec_add_landlock_tcp(spec, port, CV_ACCESS_CONNECT, &err));
    return spec;
}

/* Fail closed: what a kernel can't enforce in full is refused. */
static void each_abi_takes_what_it_can_enforce(void** state)
{
    static const struct {
        int         abi;
        const char* path;
        uint32_t    access, port;
        const char* says; /* NULL: taken */
    } rows[] = {
        { 0, NULL, 0, 0, NULL },
        { 0, "/tmp", CV_ACCESS_READ, 0, "rules for paths: this kernel has no Landlock" },
        { 0, NULL, 0, 80, "rules for TCP: this kernel has no Landlock" },
        { 1, "/", CV_ACCESS_WRITE, 0, "ABI 1, which can't rename" },
        { 2, "/", CV_ACCESS_READ, 0, "ABI 2, which lets files that may not be written be emptied" },
        { 2, "/tmp", CV_ACCESS_WRITE, 0, "ABI 2" },
        { 2, "/", CV_ACCESS_WRITE | CV_ACCESS_READ, 0, NULL },
        { 3, "/tmp", CV_ACCESS_READ, 0, NULL },
        { 3, NULL, 0, 80, "rules for TCP: this kernel's Landlock has ABI 3" },
        { 3, "/tmp", CV_ACCESS_READ, 80, "rules for TCP" },
        { 4, "/tmp", CV_ACCESS_READ, 80, NULL },
        { 99, "/tmp", CV_ACCESS_READ, 80, NULL },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = spec_of(rows[i].path, rows[i].access, rows[i].port);
        struct landlock_plan                      plan = { 0 };
        struct cv_error                           err  = CV_ERROR_INIT;
        int                                       rc   = landlock_plan_make(spec, rows[i].abi, &plan, &err);

        if (rows[i].says == NULL) {
            CV_TEST_OK(err, rc);
            assert_int_equal(plan.handled_fs != 0, rows[i].path != NULL);
            assert_int_equal(plan.handled_net != 0, rows[i].port != 0);
            continue;
        }
        assert_int_equal(rc, CV_ERR_UNSUPPORTED);
        if (strstr(err.text, rows[i].says) == NULL || strstr(err.text, "linux") == NULL || err.hint[0] == '\0')
            fail_msg("row %zu says '%s' (hint '%s')", i, err.text, err.hint);
        assert_int_equal(plan.handled_fs | plan.handled_net, 0);
    }
}

static void all_rights_are_handled_and_each_belongs_to_one_access(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = spec_of("/", CV_ACCESS_READ, 1);
    struct landlock_plan                      plan = { 0 };

    (void)state;
    assert_int_equal(landlock_plan_make(spec, 4, &plan, NULL), 0);
    assert_int_equal(plan.handled_fs, 0x7fff);
    assert_int_equal(plan.handled_net, 3);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_READ, true), 0x000c);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_EXECUTE, true), 0x0001);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_WRITE, true), 0x7ff2);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_READ, false), 0x0004);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_EXECUTE, false), 0x0001);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_WRITE, false), 0x4002);
    assert_int_equal(landlock_plan_tcp(CV_ACCESS_BIND), 1);
    assert_int_equal(landlock_plan_tcp(CV_ACCESS_CONNECT | CV_ACCESS_BIND), 3);
}

/* A right that the kernel doesn't handle may not be in a rule either: it would refuse the rule. */
static void an_old_kernel_gets_no_new_right(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = spec_of("/", CV_ACCESS_WRITE, 0);
    struct landlock_plan                      plan = { 0 };

    (void)state;
    assert_int_equal(landlock_plan_make(spec, 2, &plan, NULL), 0);
    assert_int_equal(plan.handled_fs, 0x3fff);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_WRITE, true), 0x3ff2);
    assert_int_equal(landlock_plan_path(&plan, CV_ACCESS_WRITE, false), 0x0002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_abi_takes_what_it_can_enforce),
        cmocka_unit_test(all_rights_are_handled_and_each_belongs_to_one_access),
        cmocka_unit_test(an_old_kernel_gets_no_new_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
