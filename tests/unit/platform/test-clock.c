#include <time.h>

#include <cv-test/support.h>
#include <cv/clock.h>

/* The C library's clock counts seconds; ours must lie within the same second or its neighbours. */
static void realtime_is_now(void** state)
{
    int64_t before = (int64_t)time(NULL);
    int64_t ours   = cv_clock_realtime_ns();
    int64_t after  = (int64_t)time(NULL);
    (void)state;

    assert_true(ours >= (before - 1) * INT64_C(1000000000));
    assert_true(ours <= (after + 2) * INT64_C(1000000000));
}

static void monotonic_does_not_go_back(void** state)
{
    int64_t last = cv_clock_monotonic_ms();
    (void)state;

    assert_true(last >= 0);
    for (int i = 0; i < 10000; i++) {
        int64_t now = cv_clock_monotonic_ms();
        assert_true(now >= last);
        last = now;
    }
}

static void monotonic_moves_in_milliseconds(void** state)
{
    int64_t start = cv_clock_monotonic_ms();
    int64_t wall  = cv_clock_realtime_ns();
    int64_t passed;
    (void)state;

    while (cv_clock_monotonic_ms() - start < 100)
        continue;
    passed = (cv_clock_realtime_ns() - wall) / 1000000;
    assert_true(passed >= 50 && passed < 10000);
}

static void deadlines(void** state)
{
    (void)state;
    assert_true(cv_clock_deadline_ms(-1) == -1);
    assert_true(cv_clock_left_ms(-1) == -1);
    assert_true(cv_clock_left_ms(cv_clock_deadline_ms(0)) == 0);
    assert_true(cv_clock_left_ms(0) == 0);
    assert_in_range(cv_clock_left_ms(cv_clock_deadline_ms(60000)), 1, 60000);
    assert_true(cv_clock_deadline_ms(INT64_MAX) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(realtime_is_now),
        cmocka_unit_test(monotonic_does_not_go_back),
        cmocka_unit_test(monotonic_moves_in_milliseconds),
        cmocka_unit_test(deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
