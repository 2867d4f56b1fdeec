#include <string.h>

#include <cv-test/support.h>

#include "linux/supervisor-plan.h"

#include <cv/banned.h>

static const struct containerv_exit good    = { .reason = CV_EXIT_EXITED, .end_ns = 1000 };
static const struct containerv_exit bad     = { .code = 3, .reason = CV_EXIT_EXITED, .end_ns = 1000 };
static const struct containerv_exit killed  = { .code = 137, .signal = 9, .reason = CV_EXIT_KILLED };
static const struct containerv_exit timeout = { .code = 137, .signal = 9, .reason = CV_EXIT_TIMEOUT };

/* --- restart --- */

static void policy_and_exit_decide_about_a_restart(void** state)
{
    const struct {
        uint32_t                      restart, max, restarts;
        const struct containerv_exit* exit;
        bool                          asked, again;
    } rows[] = {
        { CV_RESTART_NO, 0, 0, &bad, false, false },
        { CV_RESTART_NO, 0, 0, &good, false, false },
        { CV_RESTART_ALWAYS, 0, 0, &good, false, true },
        { CV_RESTART_ALWAYS, 0, 9999, &bad, false, true },
        { CV_RESTART_ALWAYS, 0, UINT32_MAX, &bad, false, true },
        { CV_RESTART_ALWAYS, 0, 0, &bad, true, false },
        { CV_RESTART_ON_FAILURE, 0, 0, &good, false, false },
        { CV_RESTART_ON_FAILURE, 0, 9999, &bad, false, true },
        { CV_RESTART_ON_FAILURE, 0, 0, &killed, false, true },
        { CV_RESTART_ON_FAILURE, 0, 0, &timeout, false, true },
        { CV_RESTART_ON_FAILURE, 0, 0, &bad, true, false },
        { CV_RESTART_ON_FAILURE, 3, 2, &bad, false, true },
        { CV_RESTART_ON_FAILURE, 3, 3, &bad, false, false },
        { CV_RESTART_ON_FAILURE, 3, 4, &bad, false, false },
        { 77, 0, 0, &bad, false, false },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        const struct cv_spec_supervision supervision = { .restart = rows[i].restart, .restart_max = rows[i].max };
        struct plan_restart              plan        = { .restarts = rows[i].restarts };
        int64_t                          delay       = -7;
        uint32_t                         counted = rows[i].restarts < UINT32_MAX ? rows[i].restarts + 1 : UINT32_MAX;
        if (plan_restart_after(&plan, &supervision, rows[i].exit, rows[i].asked, &delay) != rows[i].again)
            fail_msg("row %zu", i);
        assert_int_equal(plan.restarts, rows[i].again ? counted : rows[i].restarts);
        assert_int_equal(delay, rows[i].again ? 100 : -7);
    }
}

static int64_t delay_after(struct plan_restart* plan, int64_t start_ns, int64_t end_ns)
{
    const struct cv_spec_supervision supervision = { .restart = CV_RESTART_ALWAYS };
    const struct containerv_exit     exit        = { .start_ns = start_ns, .end_ns = end_ns };
    int64_t                          delay       = -1;
    assert_true(plan_restart_after(plan, &supervision, &exit, false, &delay));
    return delay;
}

static void delays_double_to_a_minute(void** state)
{
    static const int64_t delays[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000, 60000 };
    struct plan_restart  plan     = { 0 };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(delays); i++)
        assert_int_equal(delay_after(&plan, 5, 9999999999), delays[i]);
    assert_int_equal(plan.restarts, CV_ARRAY_LEN(delays));
}

static void a_run_of_ten_seconds_begins_the_delays_anew(void** state)
{
    struct plan_restart plan = { 0 };
    (void)state;
    for (int i = 0; i < 5; i++)
        delay_after(&plan, 0, 1);
    assert_int_equal(delay_after(&plan, 1000, INT64_C(10000000999)), 3200);
    assert_int_equal(delay_after(&plan, 1000, INT64_C(10000001000)), 100);
    assert_int_equal(delay_after(&plan, 1000, 1001), 200);
    assert_int_equal(plan.restarts, 8);
}

static void a_clock_that_was_set_back_is_no_good_run(void** state)
{
    struct plan_restart plan = { 0 };
    (void)state;
    delay_after(&plan, 0, 1);
    assert_int_equal(delay_after(&plan, INT64_C(60000000000), 0), 200);
}

/* --- health --- */

static char*                            command[] = { (char*)(uintptr_t) "/check", NULL };
static const struct cv_spec_supervision checked   = { .set = true,
      .health                                              = { .command = { .items = command, .count = 1 },
                                                       .interval_ms     = 1000,
                                                       .timeout_ms      = 200,
                                                       .start_period_ms = 5000,
                                                       .retries         = 2 } };

static void without_a_command_there_is_no_health(void** state)
{
    const struct cv_spec_supervision none = { .set = true };
    struct plan_health               plan;
    (void)state;
    memset(&plan, 0xff, sizeof(plan));
    plan_health_start(&plan, &none, 50);
    assert_int_equal(plan.health, CV_HEALTH_NONE);
    assert_int_equal(plan.failures, 0);
    assert_int_equal(plan.next_ms, -1);
    assert_false(plan_health_result(&plan, &none, false, 60));
    assert_int_equal(plan.next_ms, -1);
    assert_int_equal(plan.health, CV_HEALTH_NONE);
}

static void health_has_defaults(void** state)
{
    const struct cv_spec_supervision plain = { .health = { .command = { .items = command, .count = 1 } } };
    struct plan_health               plan;
    (void)state;
    plan_health_start(&plan, &plain, 50);
    assert_int_equal(plan.health, CV_HEALTH_STARTING);
    assert_int_equal(plan.next_ms, 30050);
    assert_int_equal(plan_health_timeout_ms(&plain), 30000);
    assert_int_equal(plan_health_timeout_ms(&checked), 200);
    assert_false(plan_health_result(&plan, &plain, false, 30060));
    assert_int_equal(plan.next_ms, 60060);
    assert_false(plan_health_result(&plan, &plain, false, 60060));
    assert_int_equal(plan.health, CV_HEALTH_STARTING);
    assert_true(plan_health_result(&plan, &plain, false, 90060));
    assert_int_equal(plan.health, CV_HEALTH_UNHEALTHY);
    assert_int_equal(plan.failures, 3);
}

static void failures_of_the_start_period_do_not_count(void** state)
{
    struct plan_health plan;
    (void)state;
    plan_health_start(&plan, &checked, 10000);
    for (int64_t now = 11000; now < 15000; now += 1000) {
        assert_false(plan_health_result(&plan, &checked, false, now));
        assert_int_equal(plan.next_ms, now + 1000);
    }
    assert_int_equal(plan.failures, 0);
    assert_false(plan_health_result(&plan, &checked, false, 15000));
    assert_int_equal(plan.failures, 1);
    assert_true(plan_health_result(&plan, &checked, false, 16000));
    assert_int_equal(plan.health, CV_HEALTH_UNHEALTHY);
}

static void who_was_healthy_once_is_not_starting(void** state)
{
    struct plan_health plan;
    (void)state;
    plan_health_start(&plan, &checked, 0);
    assert_true(plan_health_result(&plan, &checked, true, 1000));
    assert_int_equal(plan.health, CV_HEALTH_HEALTHY);
    assert_false(plan_health_result(&plan, &checked, false, 2000));
    assert_int_equal(plan.failures, 1);
    assert_true(plan_health_result(&plan, &checked, false, 3000));
    assert_int_equal(plan.health, CV_HEALTH_UNHEALTHY);
}

static void only_failures_in_a_row_make_unhealthy(void** state)
{
    struct plan_health plan;
    (void)state;
    plan_health_start(&plan, &checked, 0);
    plan_health_result(&plan, &checked, true, 1000);
    for (int i = 0; i < 5; i++) {
        assert_false(plan_health_result(&plan, &checked, false, 2000));
        assert_int_equal(plan.failures, 1);
        assert_false(plan_health_result(&plan, &checked, true, 3000));
        assert_int_equal(plan.failures, 0);
    }
    plan_health_result(&plan, &checked, false, 4000);
    assert_true(plan_health_result(&plan, &checked, false, 5000));
    assert_false(plan_health_result(&plan, &checked, false, 6000));
    assert_int_equal(plan.failures, 3);
    assert_true(plan_health_result(&plan, &checked, true, 7000));
    assert_int_equal(plan.health, CV_HEALTH_HEALTHY);
}

static void times_of_health_do_not_overflow(void** state)
{
    struct cv_spec_supervision far = checked;
    struct plan_health         plan;
    (void)state;
    far.health.interval_ms = far.health.start_period_ms = INT64_MAX;
    plan_health_start(&plan, &far, 1);
    assert_int_equal(plan.next_ms, INT64_MAX);
    plan.failures = UINT32_MAX;
    plan.health   = CV_HEALTH_UNHEALTHY;
    assert_false(plan_health_result(&plan, &far, false, INT64_MAX));
    assert_int_equal(plan.failures, UINT32_MAX);
    assert_int_equal(plan.next_ms, INT64_MAX);
}

/* --- stop --- */

static struct plan_stop begin(int64_t timeout_ms, int64_t now_ms)
{
    const struct cv_spec spec = { .ext = { .timeout_ms = timeout_ms } };
    struct plan_stop     plan;
    memset(&plan, 0xff, sizeof(plan));
    plan_stop_start(&plan, &spec, now_ms);
    return plan;
}

static void nothing_is_due_before_somebody_asks(void** state)
{
    const struct cv_spec_supervision plain = { 0 };
    struct plan_stop                 plan  = begin(0, 7);
    (void)state;
    assert_int_equal(plan_stop_deadline_ms(&plan), -1);
    assert_int_equal(plan_stop_due(&plan, &plain, INT64_MAX), PLAN_STOP_NOTHING);
    assert_false(plan.asked);
    assert_false(plan.timed_out);
}

static void a_stop_is_a_signal_then_a_kill(void** state)
{
    static const struct {
        int64_t own, asked, kill;
    } rows[] = {
        { 0, -1, 10100 },
        { 3000, -1, 3100 },
        { -1, -1, -1 },
        { 0, -2, -1 },
        { 3000, -2, -1 },
        { 3000, 500, 600 },
        { -1, 500, 600 },
        { 3000, 0, 100 },
        { INT64_MAX, -1, INT64_MAX },
        { 0, INT64_MAX, INT64_MAX },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        const struct cv_spec_supervision own  = { .stop_timeout_ms = rows[i].own };
        struct plan_stop                 plan = begin(0, 0);
        plan_stop_ask(&plan, &own, rows[i].asked, 100);
        assert_true(plan.asked);
        assert_true(plan_stop_deadline_ms(&plan) >= 0 && plan_stop_deadline_ms(&plan) <= 100);
        assert_int_equal(plan_stop_due(&plan, &own, 100), PLAN_STOP_SIGNAL);
        assert_int_equal(plan_stop_deadline_ms(&plan), rows[i].kill);
        assert_int_equal(
            plan_stop_due(&plan, &own, rows[i].kill >= 0 ? rows[i].kill - 1 : INT64_MAX), PLAN_STOP_NOTHING);
        if (rows[i].kill >= 0)
            assert_int_equal(plan_stop_due(&plan, &own, rows[i].kill), PLAN_STOP_KILL);
        assert_int_equal(plan_stop_due(&plan, &own, INT64_MAX), PLAN_STOP_NOTHING);
        assert_int_equal(plan_stop_deadline_ms(&plan), -1);
        assert_false(plan.timed_out);
    }
}

static void of_several_that_ask_the_shortest_time_counts(void** state)
{
    const struct cv_spec_supervision own  = { .stop_timeout_ms = 5000 };
    struct plan_stop                 plan = begin(0, 0);
    (void)state;
    plan_stop_ask(&plan, &own, -2, 0);
    assert_int_equal(plan_stop_due(&plan, &own, 0), PLAN_STOP_SIGNAL);
    plan_stop_ask(&plan, &own, -1, 1000);
    assert_int_equal(plan_stop_deadline_ms(&plan), 6000);
    plan_stop_ask(&plan, &own, 9000, 1000);
    plan_stop_ask(&plan, &own, -2, 1000);
    assert_int_equal(plan_stop_deadline_ms(&plan), 6000);
    plan_stop_ask(&plan, &own, 1, 1000);
    assert_int_equal(plan_stop_deadline_ms(&plan), 1001);
    assert_int_equal(plan_stop_due(&plan, &own, 1001), PLAN_STOP_KILL);
    plan_stop_ask(&plan, &own, 0, 2000);
    assert_int_equal(plan_stop_due(&plan, &own, 3000), PLAN_STOP_NOTHING);
}

static void the_time_that_is_over_stops_too(void** state)
{
    const struct cv_spec_supervision own  = { .stop_timeout_ms = 200 };
    struct plan_stop                 plan = begin(1000, 50);
    (void)state;
    assert_int_equal(plan_stop_deadline_ms(&plan), 1050);
    assert_int_equal(plan_stop_due(&plan, &own, 1049), PLAN_STOP_NOTHING);
    assert_false(plan.timed_out);
    assert_int_equal(plan_stop_due(&plan, &own, 1060), PLAN_STOP_SIGNAL);
    assert_true(plan.timed_out);
    assert_false(plan.asked);
    assert_int_equal(plan_stop_deadline_ms(&plan), 1260);
    assert_int_equal(plan_stop_due(&plan, &own, 1260), PLAN_STOP_KILL);
}

static void who_asks_after_the_time_was_over_is_heard(void** state)
{
    const struct cv_spec_supervision own  = { .stop_timeout_ms = -1 };
    struct plan_stop                 plan = begin(1000, 0);
    (void)state;
    assert_int_equal(plan_stop_due(&plan, &own, 1000), PLAN_STOP_SIGNAL);
    assert_int_equal(plan_stop_deadline_ms(&plan), -1);
    plan_stop_ask(&plan, &own, 5, 2000);
    assert_true(plan.asked && plan.timed_out);
    assert_int_equal(plan_stop_due(&plan, &own, 2005), PLAN_STOP_KILL);
}

static void who_was_asked_first_did_not_time_out(void** state)
{
    const struct cv_spec_supervision own  = { .stop_timeout_ms = 5000 };
    struct plan_stop                 plan = begin(1000, 0);
    (void)state;
    plan_stop_ask(&plan, &own, -1, 900);
    assert_int_equal(plan_stop_due(&plan, &own, 1100), PLAN_STOP_SIGNAL);
    assert_int_equal(plan_stop_due(&plan, &own, 1200), PLAN_STOP_NOTHING);
    assert_false(plan.timed_out);
    assert_int_equal(plan_stop_due(&plan, &own, 5900), PLAN_STOP_KILL);
    assert_false(plan.timed_out);
}

static void a_time_beyond_the_clock_is_never_over(void** state)
{
    struct plan_stop plan = begin(INT64_MAX, 5);
    (void)state;
    assert_int_equal(plan_stop_deadline_ms(&plan), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_and_exit_decide_about_a_restart),
        cmocka_unit_test(delays_double_to_a_minute),
        cmocka_unit_test(a_run_of_ten_seconds_begins_the_delays_anew),
        cmocka_unit_test(a_clock_that_was_set_back_is_no_good_run),
        cmocka_unit_test(without_a_command_there_is_no_health),
        cmocka_unit_test(health_has_defaults),
        cmocka_unit_test(failures_of_the_start_period_do_not_count),
        cmocka_unit_test(who_was_healthy_once_is_not_starting),
        cmocka_unit_test(only_failures_in_a_row_make_unhealthy),
        cmocka_unit_test(times_of_health_do_not_overflow),
        cmocka_unit_test(nothing_is_due_before_somebody_asks),
        cmocka_unit_test(a_stop_is_a_signal_then_a_kill),
        cmocka_unit_test(of_several_that_ask_the_shortest_time_counts),
        cmocka_unit_test(the_time_that_is_over_stops_too),
        cmocka_unit_test(who_asks_after_the_time_was_over_is_heard),
        cmocka_unit_test(who_was_asked_first_did_not_time_out),
        cmocka_unit_test(a_time_beyond_the_clock_is_never_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
