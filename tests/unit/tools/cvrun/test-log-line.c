#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "log-line.h"

#include <cv/banned.h>

#define NOON INT64_C(1767355445000000000) /* 2026-01-02T12:04:05Z */

static struct cv_error err;

static void both_forms_have_what_callers_look_for(void** state)
{
    char* text = cvrun_log_line(false, CVRUN_LOG_ERROR, "no \"x\" in a\\b\n\033[1m", NOON, &err);
    char* json = cvrun_log_line(true, CVRUN_LOG_WARNING, "no \"x\" in a\\b\n\033[1m", NOON, &err);

    (void)state;
    assert_string_equal(text, "time=\"2026-01-02T12:04:05Z\" level=error msg=\"no \\\"x\\\" in a\\\\b\\n?[1m\"\n");
    assert_string_equal(
        json, "{\"level\":\"warning\",\"msg\":\"no \\\"x\\\" in a\\\\b\\n?[1m\",\"time\":\"2026-01-02T12:04:05Z\"}\n");
    free(text);
    free(json);
}

static void what_is_no_utf8_is_no_harm(void** state)
{
    char* bad  = cvrun_log_line(true, CVRUN_LOG_DEBUG,
         "a\xff"
          "b",
         NOON, &err);
    char* good = cvrun_log_line(true, CVRUN_LOG_INFO, "\xc3\xa4", NOON, &err);

    (void)state;
    assert_non_null(strstr(bad, "\"a?b\""));
    assert_non_null(strstr(good, "\"\xc3\xa4\""));
    free(bad);
    free(good);
}

static void a_hint_comes_behind(void** state)
{
    char* text;

    (void)state;
    cv_error_set(&err, CV_ERR_INVALID, "wrong");
    text = cvrun_log_message(&err, NULL);
    assert_string_equal(text, "wrong");
    free(text);
    cv_error_hint(&err, "do right");
    text = cvrun_log_message(&err, NULL);
    assert_string_equal(text, "wrong (do right)");
    free(text);
}

static void words_are_known_or_refused(void** state)
{
    enum cvrun_log_level level;
    bool                 json;

    (void)state;
    CV_TEST_OK(err, cvrun_log_level_parse("debug", &level, &err));
    assert_int_equal(level, CVRUN_LOG_DEBUG);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvrun_log_level_parse("loud", &level, &err));
    CV_TEST_OK(err, cvrun_log_format_parse("json", &json, &err));
    assert_true(json);
    CV_TEST_OK(err, cvrun_log_format_parse("text", &json, &err));
    assert_false(json);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvrun_log_format_parse("xml", &json, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_have_what_callers_look_for),
        cmocka_unit_test(what_is_no_utf8_is_no_harm),
        cmocka_unit_test(a_hint_comes_behind),
        cmocka_unit_test(words_are_known_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
