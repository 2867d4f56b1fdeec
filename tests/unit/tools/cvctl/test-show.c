/* What commands print: tables, numbers, states, lines of a log, JSON. */
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "json-indent.h"
#include "log-text.h"
#include "status.h"
#include "table.h"
#include "units.h"

#include <cv/banned.h>

#define S INT64_C(1000000000)

static struct cv_error err;

static void columns_are_as_wide_as_they_must_be(void** state)
{
    struct cv_text_table table = { .columns = 2 };
    char*                text;
    (void)state;
    cv_text_table_add(&table, "HEAD");
    cv_text_table_add(&table, "LAST");
    cv_text_table_printf(&table, "%s",
        "h\xc3\xbctte\033[1m\xc2\x9b"
        "1m");
    cv_text_table_add(&table, "x");
    cv_text_table_add(&table, "");
    cv_text_table_add(&table, "y z");
    text = cv_text_table_text(&table, &err);
    assert_string_equal(text, "HEAD           LAST\n"
                              "h\xc3\xbctte?[1m?1m   x\n"
                              "               y z\n");
    free(text);
    cv_text_table_release(&table);
}

static void long_text_is_cut_between_characters(void** state)
{
    static const struct {
        const char *text, *cut;
    } cases[] = { { "short", "short" }, { "exactly8", "exactly8" }, { "more than 8", "more ..." },
        { "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc",
            "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6..." },
        { "", "" } };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        char* cut = cv_text_shorten(cases[i].text, 8);
        assert_string_equal(cut, cases[i].cut);
        free(cut);
    }
}

static void numbers_have_units(void** state)
{
    static const struct {
        double      bytes;
        const char* text;
    } cases[] = { { 0, "0B" }, { 1023, "1023B" }, { 1024, "1.00KiB" }, { 17.25 * 1024 * 1024, "17.2MiB" },
        { 512.0 * 1024 * 1024, "512MiB" }, { 2.5 * 1024 * 1024 * 1024, "2.50GiB" }, { -1, "--" } };
    char text[CVCTL_UNITS_SIZE];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        cvctl_bytes_print(cases[i].bytes, text);
        assert_string_equal(text, cases[i].text);
    }
    cvctl_percent_print(123.456, text);
    assert_string_equal(text, "123.46%");
    cvctl_percent_print(-1, text);
    assert_string_equal(text, "--");
}

static void any_bytes_have_base64(void** state)
{
    static const struct {
        const char *data, *text;
        size_t      length;
    } cases[] = { { "", "", 0 }, { "f", "Zg==", 1 }, { "fo", "Zm8=", 2 }, { "foo", "Zm9v", 3 },
        { "\xff\x00\xfe\xfb", "/wD++w==", 4 } };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        char* text = cvctl_base64(cases[i].data, cases[i].length, &err);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

static void each_line_of_a_log_has_its_time(void** state)
{
    struct cvctl_log_text lines = { 0 };
    struct cv_str         text  = { 0 };
    (void)state;
    cvctl_log_text(&lines, S, "one\ntw", 6, &text);
    cvctl_log_text(&lines, 2 * S, "o\n\n", 3, &text);
    cvctl_log_text(&lines, 3 * S, "", 0, &text);
    cvctl_log_text(&lines, 3 * S, "three", 5, &text);
    assert_string_equal(text.text, "1970-01-01T00:00:01.000000000Z one\n"
                                   "1970-01-01T00:00:01.000000000Z two\n"
                                   "1970-01-01T00:00:02.000000000Z \n"
                                   "1970-01-01T00:00:03.000000000Z three");
    cv_str_release(&text);
}

static void states_are_told_in_words(void** state)
{
    const struct {
        struct containerv_info info;
        const char*            text;
    } cases[] = {
        { { .state = CV_STATE_CREATED }, "Created" },
        { { .state = CV_STATE_RUNNING }, "Up" },
        { { .state = CV_STATE_RUNNING, .started_ns = 90 * S }, "Up 10 seconds" },
        { { .state = CV_STATE_RUNNING, .started_ns = 90 * S, .health = CV_HEALTH_UNHEALTHY },
            "Up 10 seconds (unhealthy)" },
        { { .state = CV_STATE_PAUSED, .started_ns = 90 * S }, "Up 10 seconds (paused)" },
        { { .state         = CV_STATE_STOPPED,
              .finished_ns = 99 * S,
              .has_exit    = 1,
              .exit        = { .code = 3, .reason = CV_EXIT_EXITED } },
            "Exited (3) 1 second ago" },
        { { .state         = CV_STATE_STOPPED,
              .finished_ns = 98 * S,
              .has_exit    = 1,
              .exit        = { .code = 137, .reason = CV_EXIT_OOM } },
            "Exited (137, out of memory) 2 seconds ago" },
        { { .state = CV_STATE_STOPPED, .finished_ns = 98 * S, .has_exit = 1, .exit = { .reason = CV_EXIT_LOST } },
            "Lost 2 seconds ago" },
        { { .state         = CV_STATE_RESTARTING,
              .finished_ns = 98 * S,
              .has_exit    = 1,
              .exit        = { .code = 1, .reason = CV_EXIT_EXITED } },
            "Restarting (1) 2 seconds ago" },
        { { .state = CV_STATE_STOPPED }, "Stopped" },
        { { .state = CV_STATE_STOPPED, .error = "no root" }, "Failed" },
    };
    char text[CVCTL_STATUS_SIZE];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        cvctl_status_print(&cases[i].info, 100 * S, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void names_are_found_again(void** state)
{
    (void)state;
    for (uint32_t kind = CV_EVENT_STARTED; kind <= CV_EVENT_DESTROYED; kind++)
        assert_int_equal(cvctl_event_kind(cvctl_event_name(kind)), kind);
    for (uint32_t s = CV_STATE_CREATED; s <= CV_STATE_RESTARTING; s++)
        assert_int_equal(cvctl_state_of(cvctl_state_name(s)), s);
    assert_int_equal(cvctl_event_kind("nothing"), 0);
    assert_string_equal(cvctl_reason_name(99), "unknown");
}

static void json_is_indented_and_stays_the_same(void** state)
{
    struct cv_str text = { 0 };
    (void)state;
    cv_json_indent("[{\"a\":18446744073709551615,\"b\":[],\"c\":{},\"d\":[1,\"x,{\\\"}\\\\\"]}]", 0, &text);
    assert_string_equal(text.text, "[\n"
                                   "    {\n"
                                   "        \"a\": 18446744073709551615,\n"
                                   "        \"b\": [],\n"
                                   "        \"c\": {},\n"
                                   "        \"d\": [\n"
                                   "            1,\n"
                                   "            \"x,{\\\"}\\\\\"\n"
                                   "        ]\n"
                                   "    }\n"
                                   "]");
    cv_str_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_they_must_be),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(numbers_have_units),
        cmocka_unit_test(any_bytes_have_base64),
        cmocka_unit_test(each_line_of_a_log_has_its_time),
        cmocka_unit_test(states_are_told_in_words),
        cmocka_unit_test(names_are_found_again),
        cmocka_unit_test(json_is_indented_and_stays_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
