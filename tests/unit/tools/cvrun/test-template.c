#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "bundle.h"
#include "template.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_spec* spec_of(bool rootless)
{
    char*           text = cvrun_template_print(rootless, 1000, 1001, &err);
    struct cv_spec* spec = NULL;

    assert_non_null(text);
    CV_TEST_OK(err, cvrun_config_parse("/b", "config.json", text, strlen(text), &spec, &err));
    free(text);
    return spec;
}

static void what_is_written_can_be_run(void** state)
{
    struct cv_spec* spec = spec_of(false);

    (void)state;
    assert_string_equal(spec->process.args.items[0], "sh");
    assert_true(spec->process.terminal);
    assert_int_equal(spec->mounts.count, 7);
    assert_non_null(cv_spec_namespace(spec, "network"));
    assert_null(cv_spec_namespace(spec, "user"));
    assert_false(spec->linux_.resources.devices.items[0].allow);
    cv_spec_free(spec);
}

static void a_plain_users_has_his_id(void** state)
{
    struct cv_spec* spec = spec_of(true);

    (void)state;
    assert_non_null(cv_spec_namespace(spec, "user"));
    assert_null(cv_spec_namespace(spec, "network"));
    assert_int_equal(spec->linux_.uid_mappings.items[0].host_id, 1000);
    assert_int_equal(spec->linux_.gid_mappings.items[0].host_id, 1001);
    for (size_t i = 0; i < spec->mounts.count; i++)
        assert_false(cv_strv_contains(&spec->mounts.items[i].options, "gid=5"));
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_can_be_run),
        cmocka_unit_test(a_plain_users_has_his_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
