#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/strv.h>

#include "option.h"

#include <cv/banned.h>

struct target {
    bool           flag, other;
    const char*    text;
    struct cv_strv list;
};

static const struct cv_option table[] = {
    { "flag", 'f', NULL, cv_option_bool, offsetof(struct target, flag), "a switch" },
    { "other", 'o', NULL, cv_option_bool, offsetof(struct target, other), "another" },
    { "text", 't', "TEXT", cv_option_string, offsetof(struct target, text), "one value" },
    { "list", 'l', "ITEM", cv_option_append, offsetof(struct target, list), "many" },
    { NULL },
};

static struct target   got;
static struct cv_error err;
static bool            help;
static int             first;

static int parse(int argc, const char* const* argv)
{
    cv_strv_release(&got.list);
    got = (struct target){ 0 };
    err = (struct cv_error)CV_ERROR_INIT;
    return cv_options_parse(table, argc, (char**)(uintptr_t)argv, &got, &help, &first, &err);
}

#define PARSE(...)                                                                                                     \
    parse((int)CV_ARRAY_LEN(((const char*[]){ "x", __VA_ARGS__ })), (const char*[]){ "x", __VA_ARGS__, NULL })

static void values_arrive(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("-f", "--text", "a", "-l", "1", "--list=2", "-l3", "--text=b", "cmd", "-o"));
    assert_true(got.flag);
    assert_false(got.other); /* behind the first argument that is no option */
    assert_string_equal(got.text, "b");
    assert_int_equal(got.list.count, 3);
    assert_string_equal(got.list.items[2], "3");
    assert_int_equal(first, 9);
    assert_false(help);
}

static void short_switches_can_be_joined(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("-fot", "x", "cmd"));
    assert_true(got.flag && got.other);
    assert_string_equal(got.text, "x");
}

static void two_dashes_end_the_options(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("-f", "--", "-o"));
    assert_false(got.other);
    assert_int_equal(first, 3);
}

static void switches_take_truth_values(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("--flag=true", "--other=0"));
    assert_true(got.flag);
    assert_false(got.other);
    CV_TEST_OK(err, PARSE("--flag", "--flag=false"));
    assert_false(got.flag);
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--flag=maybe"));
    assert_non_null(strstr(err.text, "--flag 'maybe'"));
    assert_non_null(strstr(err.hint, "true"));
}

static void mistakes_name_the_option(void** state)
{
    (void)state;
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--txet", "a"));
    assert_string_equal(err.object, "--txet");
    assert_non_null(strstr(err.hint, "--text"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--completely-else"));
    assert_non_null(strstr(err.hint, "--help"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("-fz"));
    assert_string_equal(err.object, "-z");
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("-h"));
    assert_non_null(strstr(err.hint, "--hostname"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--text"));
    assert_non_null(strstr(err.text, "--text TEXT"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("-l"));
    assert_string_equal(err.object, "--list");
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--text="));
}

static void abbreviations_are_refused(void** state)
{
    (void)state;
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--tex", "a"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("--fl=true"));
}

static void help_stops_the_parsing(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("--help", "--nonsense"));
    assert_true(help);
}

static int parse_mixed(int argc, const char** argv)
{
    cv_strv_release(&got.list);
    got = (struct target){ 0 };
    err = (struct cv_error)CV_ERROR_INIT;
    return cv_options_parse_mixed(table, argc, (char**)(uintptr_t)argv, &got, &help, &first, &err);
}

static void options_may_stand_behind(void** state)
{
    const char* argv[]   = { "x", "one", "-f", "two", "--text", "a", "-ol", "1", "three", "--", "-f", NULL };
    const char* bad[]    = { "x", "one", "--txet", "a", NULL };
    const char* ending[] = { "x", "-", "-f", "one", NULL };

    (void)state;
    CV_TEST_OK(err, parse_mixed(11, argv));
    assert_true(got.flag && got.other);
    assert_string_equal(got.text, "a");
    assert_int_equal(got.list.count, 1);
    assert_int_equal(first, 7);
    assert_string_equal(argv[7], "one");
    assert_string_equal(argv[8], "two");
    assert_string_equal(argv[9], "three");
    assert_string_equal(argv[10], "-f");
    CV_TEST_FAILS(CV_ERR_INVALID, err, parse_mixed(4, bad));
    assert_string_equal(err.object, "--txet");
    CV_TEST_OK(err, parse_mixed(4, ending));
    assert_true(got.flag);
    assert_int_equal(first, 2);
}

static void nearest_is_near(void** state)
{
    static const char* const names[] = { "run", "doctor", "version", "help", NULL };

    (void)state;
    assert_string_equal(cv_nearest("rnu", names), "run");
    assert_string_equal(cv_nearest("docter", names), "doctor");
    assert_string_equal(cv_nearest("versoin", names), "version");
    assert_null(cv_nearest("frobnicate", names));
    assert_null(cv_nearest("", names));
    assert_null(cv_nearest("a-word-that-is-longer-than-any-command-could-be", names));
}

static int teardown(void** state)
{
    (void)state;
    cv_strv_release(&got.list);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(short_switches_can_be_joined),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(switches_take_truth_values),
        cmocka_unit_test(mistakes_name_the_option),
        cmocka_unit_test(abbreviations_are_refused),
        cmocka_unit_test(help_stops_the_parsing),
        cmocka_unit_test(options_may_stand_behind),
        cmocka_unit_test(nearest_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
