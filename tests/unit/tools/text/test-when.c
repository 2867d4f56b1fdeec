#include <string.h>

#include <cv-test/support.h>

#include "when.h"

#include <cv/banned.h>

#define S INT64_C(1000000000)

static struct cv_error err;

static void times_are_read(void** state)
{
    static const struct {
        const char* text;
        int64_t     ns;
    } cases[] = {
        { "10m", 10000 * S - 600 * S },
        { "500ms", 10000 * S - S / 2 },
        { "1h30m", 10000 * S - 5400 * S },
        { "0", 0 },
        { "1700000000", 1700000000 * S },
        { "1700000000.5", 1700000000 * S + S / 2 },
        { "1.000000001", S + 1 },
        { "1970-01-01T00:00:00Z", 0 },
        { "2000-02-29T12:34:56Z", 951827696 * S },
        { "2026-11-24T15:16:54.123456789Z", 1795533414 * S + 123456789 },
        { "2026-11-24T16:16:54.123456789+01:00", 1795533414 * S + 123456789 },
        { "2026-11-24T14:46:54-00:30", 1795533414 * S },
        { "2026-11-24", 1795478400 * S },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        int64_t ns = -1;
        CV_TEST_OK(err, cv_when_parse(cases[i].text, 10000 * S, &ns, &err));
        assert_true(ns == cases[i].ns);
    }
}

static void other_text_is_refused(void** state)
{
    static const char* const bad[] = { "", "x", "-5", "10 m", "5h", "2026-13-01", "2026-02-29", "2026-11-24T",
        "2026-11-24 10:00:00", "2026-11-24T10:00:00+1", "2026-11-24T25:00:00", "1.", "1.x", "99999999999999999999",
        "1700000000.1234567890", "1900-01-01", "2300-01-01" };
    int64_t                  ns    = 7;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        assert_int_equal(cv_when_parse(bad[i], 10000 * S, &ns, &err), CV_ERR_INVALID);
    assert_true(ns == 7);
}

static void what_is_shown_is_read_again(void** state)
{
    static const int64_t times[] = { 0, S, 951827696 * S + 1, 4102444799 * S + 999999999, 1709164800 * S };
    char                 text[CV_WHEN_SIZE];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(times); i++) {
        int64_t ns = -1;
        cv_when_print(times[i], text);
        CV_TEST_OK(err, cv_when_parse(text, 0, &ns, &err));
        assert_true(ns == times[i]);
    }
    cv_when_print(951827696 * S + 5, text);
    assert_string_equal(text, "2000-02-29T12:34:56.000000005Z");
}

static void durations_have_dockers_words(void** state)
{
    static const struct {
        int64_t     seconds;
        const char* text;
    } cases[] = { { 0, "less than a second" }, { 1, "1 second" }, { 59, "59 seconds" }, { 60, "about a minute" },
        { 120, "2 minutes" }, { 3599, "59 minutes" }, { 3600, "about an hour" }, { 7200, "2 hours" },
        { 172800, "2 days" }, { 14 * 86400, "2 weeks" }, { 60 * 86400, "2 months" }, { 730 * 86400, "2 years" } };
    char text[CV_AGO_SIZE];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        cv_when_long(cases[i].seconds * S, text);
        assert_string_equal(text, cases[i].text);
    }
    cv_when_long(-S, text);
    assert_string_equal(text, "less than a second");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(what_is_shown_is_read_again),
        cmocka_unit_test(durations_have_dockers_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
