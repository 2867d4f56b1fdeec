/* What a supervisor decides. Pure: times come in, decisions come out. Times are those of cv_clock_monotonic_ms(), at least 0. */
#ifndef CV_LINUX_SUPERVISOR_PLAN_H
#define CV_LINUX_SUPERVISOR_PLAN_H

#include <stdbool.h>

#include <chef/containerv/supervised.h>

#include "spec/spec.h"

/* --- restart: back-off doubles from 100 ms to 60 s, and begins anew after a run of 10 s --- */
struct plan_restart {
    uint32_t restarts; /* so far */
    int64_t  delay_ms; /* of the next one */
};
/* Whether the container is started again after this end, and when. */
bool plan_restart_after(struct plan_restart* plan, const struct cv_spec_supervision* supervision,
    const struct containerv_exit* exit, bool stop_was_asked, int64_t* delay_ms_out);

/* --- health --- */
struct plan_health {
    uint32_t health; /* enum containerv_health */
    uint32_t failures;
    int64_t  started_ms, next_ms; /* next_ms: when the next check is due, -1: never; not while one runs */
};
void    plan_health_start(struct plan_health* plan, const struct cv_spec_supervision* supervision, int64_t now_ms);
int64_t plan_health_timeout_ms(const struct cv_spec_supervision* supervision);
/* A check has ended. True: the health has changed. */
bool plan_health_result(
    struct plan_health* plan, const struct cv_spec_supervision* supervision, bool good, int64_t now_ms);

/* --- stop: by request, or because the time is over --- */
enum plan_stop_step { PLAN_STOP_NOTHING, PLAN_STOP_SIGNAL, PLAN_STOP_KILL };
struct plan_stop {
    bool    asked;      /* by somebody: no restart */
    bool    timed_out;  /* the main process's own time was over */
    int     step;       /* the last one that was taken */
    int64_t kill_ms;    /* when to kill; -1: never */
    int64_t timeout_ms; /* when the main process's time is over; -1: never */
};
void plan_stop_start(struct plan_stop* plan, const struct cv_spec* spec, int64_t now_ms);
/* timeout_ms: -1 the container's own, -2 never. Of several that ask, the shortest time counts. */
void plan_stop_ask(
    struct plan_stop* plan, const struct cv_spec_supervision* supervision, int64_t timeout_ms, int64_t now_ms);
/* What is to be done now, each step once. The signal comes first, even when the time for it is 0: ask again until there is nothing. */
enum plan_stop_step plan_stop_due(
    struct plan_stop* plan, const struct cv_spec_supervision* supervision, int64_t now_ms);
int64_t plan_stop_deadline_ms(const struct plan_stop* plan); /* of the next step; -1: none */

#endif
