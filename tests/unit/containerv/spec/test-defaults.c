#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <chef/containerv/options.h>

#include "spec/spec.h"

static struct cv_spec* minimal(void)
{
    struct cv_spec* spec = cv_spec_new();
    assert_non_null(spec);
    spec->root.set = true;
    assert_int_equal(cv_spec_set_string(&spec->root.path, "/srv/root", NULL), 0);
    spec->process.set               = true;
    spec->process.no_new_privileges = true;
    assert_int_equal(cv_strv_append(&spec->process.args, "/bin/true"), 0);
    return spec;
}

static void assert_valid(const struct cv_spec* spec)
{
    struct cv_error err = CV_ERROR_INIT;
    if (cv_spec_validate(spec, &err) < 0)
        fail_msg("%s", err.text);
}

static void assert_survives_text(const struct cv_spec* spec)
{
    struct cv_error err    = CV_ERROR_INIT;
    struct cv_spec* again  = NULL;
    char*           text   = NULL;
    size_t          length = 0;
    assert_int_equal(cv_spec_print(spec, &text, &length, &err), 0);
    if (cv_spec_parse(text, length, &again, &err) < 0)
        fail_msg("%s in %s", err.text, text);
    assert_true(cv_spec_equal(spec, again));
    cv_spec_free(again);
    free(text);
}

static void test_defaults_are_valid(void** state)
{
    (void)state;
    struct cv_spec* spec = minimal();
    assert_int_equal(cv_spec_default_linux(spec, NULL), 0);
    assert_valid(spec);
    assert_survives_text(spec);
    assert_int_equal(spec->mounts.count, 7);
    assert_int_equal(spec->linux_.namespaces.count, 7);
    assert_int_equal(spec->process.capabilities.bounding.count, 14);
    assert_int_equal(spec->process.capabilities.inheritable.count, 0);
    assert_string_equal(spec->process.cwd, "/");
    assert_null(cv_spec_namespace(spec, "time"));
    cv_spec_free(spec);
}

static void test_defaults_add_only_what_is_missing(void** state)
{
    (void)state;
    struct cv_spec* spec = minimal();
    assert_int_equal(
        cv_spec_add_mount(spec, "/dev/data", "bind", "/srv/data", (const char*[]){ "rbind", NULL }, NULL), 0);
    assert_int_equal(cv_spec_add_mount(spec, "/proc", "tmpfs", "tmpfs", NULL, NULL), 0);
    assert_int_equal(cv_spec_set_string(&spec->process.cwd, "/work", NULL), 0);
    assert_int_equal(cv_strv_append(&spec->linux_.masked_paths, "/proc/kcore"), 0);
    spec->ext.set    = true;
    spec->ext.shared = CV_SHARE_UTS | CV_SHARE_IPC;
    assert_int_equal(cv_spec_default_linux(spec, NULL), 0);
    assert_valid(spec);

    assert_int_equal(spec->mounts.count, 8);
    assert_string_equal(spec->mounts.items[0].destination, "/dev");
    assert_string_equal(spec->mounts.items[6].destination, "/dev/data");
    assert_string_equal(spec->mounts.items[7].type, "tmpfs");
    assert_string_equal(spec->process.cwd, "/work");
    assert_int_equal(spec->linux_.masked_paths.count, 1);
    assert_null(cv_spec_namespace(spec, "uts"));
    assert_null(cv_spec_namespace(spec, "ipc"));
    assert_non_null(cv_spec_namespace(spec, "network"));
    cv_spec_free(spec);
}

static void test_defaults_twice_change_nothing(void** state)
{
    (void)state;
    struct cv_spec *spec = minimal(), *copy = NULL;
    assert_int_equal(cv_spec_default_linux(spec, NULL), 0);
    assert_int_equal(cv_spec_copy(spec, &copy, NULL), 0);
    assert_int_equal(cv_spec_default_linux(spec, NULL), 0);
    assert_true(cv_spec_equal(spec, copy));
    cv_spec_free(copy);
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_valid),
        cmocka_unit_test(test_defaults_add_only_what_is_missing),
        cmocka_unit_test(test_defaults_twice_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
