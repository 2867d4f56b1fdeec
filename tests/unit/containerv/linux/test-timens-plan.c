#include <string.h>

#include <cv-test/support.h>

#include "linux/timens-plan.h"

#include <cv/banned.h>

static void lines_are_those_of_the_clocks_that_are_set(void** state)
{
    static const struct {
        struct cv_opt_int monotonic[2], boottime[2];
        const char*       text;
    } rows[] = {
        { { { 0 } }, { { 0 } }, "" },
        { { { true, 5 } }, { { 0 } }, "monotonic 5 0\n" },
        { { { 0 } }, { { true, -2 }, { true, 500000000 } }, "boottime -2 500000000\n" },
        { { { true, 0 }, { true, 1 } }, { { 0 }, { true, 999999999 } }, "monotonic 0 1\nboottime 0 999999999\n" },
        { { { true, INT64_MIN }, { true, 999999999 } }, { { true, INT64_MIN }, { true, 999999999 } },
            "monotonic -9223372036854775808 999999999\nboottime -9223372036854775808 999999999\n" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        char           text[LINUX_TIMENS_TEXT_MAX] = "old";
        struct cv_spec spec                        = { 0 };

        spec.linux_.time_offsets.monotonic_secs     = rows[i].monotonic[0];
        spec.linux_.time_offsets.monotonic_nanosecs = rows[i].monotonic[1];
        spec.linux_.time_offsets.boottime_secs      = rows[i].boottime[0];
        spec.linux_.time_offsets.boottime_nanosecs  = rows[i].boottime[1];
        assert_int_equal(linux_timens_text(&spec, text, NULL), 0);
        assert_string_equal(text, rows[i].text);
    }
}

static void nanoseconds_beyond_a_second_are_refused(void** state)
{
    static const int64_t bad[] = { -1, 1000000000, INT64_MAX };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        char            text[LINUX_TIMENS_TEXT_MAX] = "old";
        struct cv_error err                         = CV_ERROR_INIT;
        struct cv_spec  spec                        = { 0 };

        spec.linux_.time_offsets.boottime_nanosecs = (struct cv_opt_int){ true, bad[i] };
        assert_int_equal(linux_timens_text(&spec, text, &err), CV_ERR_INVALID);
        assert_non_null(strstr(err.text, "boottime"));
        assert_string_equal(text, "old");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_those_of_the_clocks_that_are_set),
        cmocka_unit_test(nanoseconds_beyond_a_second_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
