#include <cv-test/support.h>
#include <cv/macros.h>

#include "signal-names.h"

#include <cv/banned.h>

static struct cv_error err;

static void names_and_numbers_are_signals(void** state)
{
    static const struct {
        const char* text;
        int         number;
    } cases[] = { { "TERM", 15 }, { "SIGTERM", 15 }, { "sigterm", 15 }, { "15", 15 }, { "HUP", 1 }, { "SYS", 31 },
        { "64", 64 }, { "RTMIN", 34 }, { "SIGRTMIN+3", 37 }, { "rtmin+30", 64 }, { "RTMAX", 64 },
        { "SIGRTMAX-14", 50 } };
    int number;

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        CV_TEST_OK(err, cv_signal_parse(cases[i].text, &number, &err));
        assert_int_equal(number, cases[i].number);
    }
}

static void others_are_none(void** state)
{
    static const char* const cases[] = { "", "0", "65", "-1", "NOISE", "SIG", "TERM ", "RTMIN+31", "RTMIN-1", "RTMAX+1",
        "RTMIN+", "RTMINX" };
    int                      number;

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, cv_signal_parse(cases[i], &number, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_numbers_are_signals),
        cmocka_unit_test(others_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
