#include "linux/supervisor-plan.h"

#include <string.h>

#include <cv/banned.h>

enum {
    FIRST_DELAY_MS   = 100,
    LONGEST_DELAY_MS = 60000,
    GOOD_RUN_MS      = 10000,
    HEALTH_MS        = 30000,
    HEALTH_RETRIES   = 3,
    NS_PER_MS        = 1000000,
};

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

/* A time that is further away than the clock goes is as good as never, and must not become one that is over. */
static int64_t later(int64_t now_ms, int64_t by_ms)
{
    return by_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + by_ms;
}

/* --- restart --------------------------------------------------------------------------------------------------------------------- */

static bool wanted(
    const struct plan_restart* plan, const struct cv_spec_supervision* supervision, const struct containerv_exit* exit)
{
    switch (supervision->restart) {
    case CV_RESTART_ALWAYS:
        return true;
    case CV_RESTART_ON_FAILURE:
        return exit->code != 0 && (supervision->restart_max == 0 || plan->restarts < supervision->restart_max);
    default:
        return false;
    }
}

bool plan_restart_after(struct plan_restart* plan, const struct cv_spec_supervision* supervision,
    const struct containerv_exit* exit, bool stop_was_asked, int64_t* delay_ms_out)
{
    bool anew = plan->delay_ms <= 0 || (exit->end_ns - exit->start_ns) / NS_PER_MS >= GOOD_RUN_MS;
    if (stop_was_asked || !wanted(plan, supervision, exit))
        return false;
    *delay_ms_out  = anew ? FIRST_DELAY_MS : at_most(plan->delay_ms, LONGEST_DELAY_MS);
    plan->delay_ms = at_most(2 * *delay_ms_out, LONGEST_DELAY_MS);
    plan->restarts += plan->restarts < UINT32_MAX;
    return true;
}

/* --- health ---------------------------------------------------------------------------------------------------------------------- */

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static int64_t next_check(const struct cv_spec_supervision* supervision, int64_t now_ms)
{
    return later(now_ms, or_default(supervision->health.interval_ms, HEALTH_MS));
}

void plan_health_start(struct plan_health* plan, const struct cv_spec_supervision* supervision, int64_t now_ms)
{
    bool checked = supervision->health.command.count > 0;
    *plan        = (struct plan_health){
               .health     = checked ? CV_HEALTH_STARTING : CV_HEALTH_NONE,
               .started_ms = now_ms,
               .next_ms    = checked ? next_check(supervision, now_ms) : -1,
    };
}

int64_t plan_health_timeout_ms(const struct cv_spec_supervision* supervision)
{
    return or_default(supervision->health.timeout_ms, HEALTH_MS);
}

/* Whoever was healthy once has started: from there on failures count, even within the start period. */
static bool is_excused(const struct plan_health* plan, const struct cv_spec_supervision* supervision, int64_t now_ms)
{
    return plan->health == CV_HEALTH_STARTING && now_ms - plan->started_ms < supervision->health.start_period_ms;
}

bool plan_health_result(
    struct plan_health* plan, const struct cv_spec_supervision* supervision, bool good, int64_t now_ms)
{
    uint32_t before  = plan->health;
    uint32_t retries = supervision->health.retries != 0 ? supervision->health.retries : HEALTH_RETRIES;
    if (before == CV_HEALTH_NONE)
        return false;
    plan->next_ms = next_check(supervision, now_ms);
    if (good) {
        plan->failures = 0;
        plan->health   = CV_HEALTH_HEALTHY;
    } else if (!is_excused(plan, supervision, now_ms)) {
        plan->failures += plan->failures < UINT32_MAX;
        plan->health = plan->failures >= retries ? CV_HEALTH_UNHEALTHY : before;
    }
    return plan->health != before;
}

/* --- stop ------------------------------------------------------------------------------------------------------------------------ */

static int64_t own_kill_ms(const struct cv_spec_supervision* supervision, int64_t now_ms)
{
    if (supervision->stop_timeout_ms < 0)
        return -1;
    return later(now_ms, or_default(supervision->stop_timeout_ms, CV_STOP_TIMEOUT_MS));
}

/* Whoever asks later may shorten the time of who asked first, not prolong it. */
static void kill_at(struct plan_stop* plan, int64_t kill_ms)
{
    if (kill_ms >= 0)
        plan->kill_ms = plan->kill_ms < 0 ? kill_ms : at_most(plan->kill_ms, kill_ms);
}

void plan_stop_start(struct plan_stop* plan, const struct cv_spec* spec, int64_t now_ms)
{
    *plan = (struct plan_stop){
        .kill_ms    = -1,
        .timeout_ms = spec->ext.timeout_ms > 0 ? later(now_ms, spec->ext.timeout_ms) : -1,
    };
}

void plan_stop_ask(
    struct plan_stop* plan, const struct cv_spec_supervision* supervision, int64_t timeout_ms, int64_t now_ms)
{
    plan->asked = true;
    if (timeout_ms >= 0)
        kill_at(plan, later(now_ms, timeout_ms));
    else if (timeout_ms == -1)
        kill_at(plan, own_kill_ms(supervision, now_ms));
}

enum plan_stop_step plan_stop_due(struct plan_stop* plan, const struct cv_spec_supervision* supervision, int64_t now_ms)
{
    enum plan_stop_step due = PLAN_STOP_NOTHING;
    if (plan->step == PLAN_STOP_NOTHING && !plan->asked && plan->timeout_ms >= 0 && now_ms >= plan->timeout_ms) {
        plan->timed_out = true;
        kill_at(plan, own_kill_ms(supervision, now_ms));
    }
    if (plan->step == PLAN_STOP_NOTHING && (plan->asked || plan->timed_out))
        due = PLAN_STOP_SIGNAL;
    else if (plan->step == PLAN_STOP_SIGNAL && plan->kill_ms >= 0 && now_ms >= plan->kill_ms)
        due = PLAN_STOP_KILL;
    if (due != PLAN_STOP_NOTHING)
        plan->step = (int)due;
    return due;
}

int64_t plan_stop_deadline_ms(const struct plan_stop* plan)
{
    if (plan->step == PLAN_STOP_SIGNAL)
        return plan->kill_ms;
    if (plan->step == PLAN_STOP_KILL)
        return -1;
    return plan->asked ? 0 : plan->timeout_ms; /* 0 is long ago: the signal is due */
}
