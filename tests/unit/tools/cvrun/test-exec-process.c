#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "exec-process.h"

#include <cv/banned.h>

static const char text[] =
    "{\"cwd\":\"/w\",\"args\":[\"init\"],\"env\":[\"A=1\",\"AB=2\"],\"user\":{\"uid\":1,\"gid\":2},"
    "\"terminal\":true,\"noNewPrivileges\":true,\"capabilities\":{\"bounding\":[\"CAP_KILL\"]}}";

static struct cv_error        err;
static struct cv_spec_process base, made;
static struct cvrun_options   options;

static int setup(void** state)
{
    (void)state;
    CV_TEST_OK(err, cv_spec_process_parse(text, strlen(text), &base, &err));
    return 0;
}

static int teardown(void** state)
{
    (void)state;
    cv_spec_process_release(&base);
    cv_spec_process_release(&made);
    cvrun_options_release(&options);
    return 0;
}

static int make(void)
{
    static const char* const argv[] = { "echo", "", NULL };

    return cvrun_process_make(&base, &options, argv, &made, &err);
}

static void without_options_it_is_the_containers_own(void** state)
{
    (void)state;
    CV_TEST_OK(err, make());
    assert_int_equal(made.args.count, 2);
    assert_string_equal(made.args.items[0], "echo");
    assert_string_equal(made.cwd, "/w");
    assert_int_equal(made.user.uid, 1);
    assert_true(made.no_new_privileges);
    assert_false(made.terminal); /* asked for each time */
}

static void options_change_it(void** state)
{
    (void)state;
    options.cwd          = "/x";
    options.tty          = true;
    options.user         = (struct cvrun_user){ .set = true, .uid = 5 };
    options.no_new_privs = (struct cv_opt_bool){ true, false };
    assert_int_equal(cv_strv_append(&options.env, "A=9"), 0);
    assert_int_equal(cv_strv_append(&options.env, "C="), 0);
    assert_int_equal(cv_strv_append(&options.caps, "net_admin"), 0);
    assert_int_equal(cv_strv_append(&options.additional_gids, "29"), 0);
    CV_TEST_OK(err, make());
    assert_string_equal(made.cwd, "/x");
    assert_true(made.terminal);
    assert_false(made.no_new_privileges);
    assert_int_equal(made.user.uid, 5);
    assert_int_equal(made.user.gid, 2); /* only the user was said */
    assert_int_equal(made.user.additional_gids[0], 29);
    assert_int_equal(made.env.count, 3);
    assert_string_equal(made.env.items[0], "A=9");
    assert_string_equal(made.env.items[1], "AB=2");
    assert_true(cv_strv_contains(&made.capabilities.bounding, "CAP_NET_ADMIN"));
    assert_true(cv_strv_contains(&made.capabilities.bounding, "CAP_KILL"));
    assert_true(cv_strv_contains(&made.capabilities.effective, "CAP_NET_ADMIN"));
}

static void what_is_no_value_is_refused(void** state)
{
    (void)state;
    assert_int_equal(cv_strv_append(&options.env, "novalue"), 0);
    CV_TEST_FAILS(CV_ERR_INVALID, err, make());
    cv_strv_release(&options.env);
    assert_int_equal(cv_strv_append(&options.caps, "CAP_FLY"), 0);
    CV_TEST_FAILS(CV_ERR_INVALID, err, make());
    cv_strv_release(&options.caps);
    options.cwd = "relative";
    CV_TEST_FAILS(CV_ERR_INVALID, err, make());
}

static void only_ambient_capabilities_that_can_be_stay(void** state)
{
    struct cv_spec_capabilities* caps = &base.capabilities;

    (void)state;
    assert_int_equal(cv_strv_append_all(&caps->ambient, (const char* const[]){ "CAP_KILL", "CAP_CHOWN", NULL }), 0);
    assert_int_equal(cv_strv_append(&caps->inheritable, "CAP_CHOWN"), 0);
    assert_int_equal(cv_strv_append(&caps->permitted, "CAP_CHOWN"), 0);
    cvrun_process_fit(&base);
    assert_int_equal(caps->ambient.count, 1);
    assert_string_equal(caps->ambient.items[0], "CAP_CHOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_options_it_is_the_containers_own, setup, teardown),
        cmocka_unit_test_setup_teardown(options_change_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_value_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(only_ambient_capabilities_that_can_be_stay, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
