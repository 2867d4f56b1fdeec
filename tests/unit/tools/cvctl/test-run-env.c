#include "run-table.h"

#include <cv/env.h>
#include <cv/file.h>
#include <cv/macros.h>

#include <cv/banned.h>

static int parse(int argc, const char* const* argv)
{
    bool help  = false;
    int  first = 0;

    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    return cv_options_parse(cvctl_run_table, argc, (char**)(uintptr_t)argv, &parsed, &help, &first, &err);
}

static void names_get_their_values(void** state)
{
    const char* argv[] = { "run", "-e", "A=1", "-e", "B=", "-e", "A=2=3", "-e", "CVCTL_TEST_HAVE", "-e",
        "CVCTL_TEST_LACK", NULL };

    (void)state;
    CV_TEST_OK(err, cv_env_set("CVCTL_TEST_HAVE", "mine", &err));
    CV_TEST_OK(err, cv_env_set("CVCTL_TEST_LACK", NULL, &err));
    CV_TEST_OK(err, parse(11, argv));
    assert_int_equal(parsed.env.count, 3);
    assert_string_equal(parsed.env.items[0], "B=");
    assert_string_equal(parsed.env.items[1], "A=2=3");
    assert_string_equal(parsed.env.items[2], "CVCTL_TEST_HAVE=mine");
    assert_null(parsed.env.items[3]);
}

static void bad_names_are_refused(void** state)
{
    static const struct value_case rows[] = { { "--env", "=1", "has no name" }, { "--env", "A B=1", "white space" } };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        check_value(&rows[i]);
}

static void write_file(const char* text, size_t length)
{
    CV_TEST_OK(err, cv_file_write(cv_test_path("env"), text, length, 0600, 0, &err));
}

static void a_file_has_one_a_line(void** state)
{
    static const char text[] = "# comment\n\nA=1\r\n  B=two words \nA=3";

    (void)state;
    write_file(text, sizeof(text) - 1);
    CV_TEST_OK(err, parse_one("--env-file", cv_test_path("env")));
    assert_int_equal(parsed.env.count, 2);
    assert_string_equal(parsed.env.items[0], "B=two words ");
    assert_string_equal(parsed.env.items[1], "A=3");
}

static void a_bad_file_is_refused(void** state)
{
    (void)state;
    write_file("A=1\n=2\n", 7);
    assert_int_not_equal(parse_one("--env-file", cv_test_path("env")), 0);
    assert_non_null(strstr(err.text, "line 2"));
    write_file("A=1\0B=2", 7);
    assert_int_not_equal(parse_one("--env-file", cv_test_path("env")), 0);
    assert_int_equal(parse_one("--env-file", cv_test_path("none")), CV_ERR_NOT_FOUND);
    assert_int_not_equal(parse_one("--env-file", cv_test_folder_make()), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(names_get_their_values, teardown),
        cmocka_unit_test_teardown(bad_names_are_refused, teardown),
        cmocka_unit_test_setup_teardown(a_file_has_one_a_line, cv_test_setup, cv_test_teardown),
        cmocka_unit_test_setup_teardown(a_bad_file_is_refused, cv_test_setup, cv_test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
