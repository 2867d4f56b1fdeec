/* What is due while a container runs, and between its runs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/supervisor.h"

#include <cv/banned.h>

static bool has_stopped(const struct supervisor* supervisor)
{
    return supervisor->container->state == CV_STATE_STOPPED;
}

/* --- when ---------------------------------------------------------------------------------------------------------------------- */

static void collect_times(struct supervisor* supervisor, int64_t* deadline_ms)
{
    guardian_sooner(deadline_ms, supervisor->destroy_by_ms);
    if (has_stopped(supervisor)) {
        guardian_sooner(deadline_ms, supervisor->restart_ms >= 0 ? supervisor->restart_ms : 0);
        return;
    }
    guardian_sooner(deadline_ms, plan_stop_deadline_ms(&supervisor->stop));
    if (supervisor->check == NULL && supervisor->container->state == CV_STATE_RUNNING)
        guardian_sooner(deadline_ms, supervisor->health.next_ms);
}

int supervisor_collect(
    struct guardian* guardian, struct guardian_poll* poll, int64_t* deadline_ms, struct cv_error* err)
{
    struct supervisor* supervisor = guardian->supervisor;
    int                result;

    if (supervisor->done)
        guardian_sooner(deadline_ms, 0);
    else if (supervisor->live)
        collect_times(supervisor, deadline_ms);
    result = guardian_poll_add(poll, supervisor->oom.fd, supervisor->oom.events, &supervisor->oom_ready, err);
    if (result == 0 && supervisor->streams != NULL)
        result = supervisor_streams_collect(supervisor->streams, poll, deadline_ms, err);
    return result;
}

/* Until it can be written again the process waits. */
static void relay(struct supervisor* supervisor)
{
    struct cv_error err = CV_ERROR_INIT;

    if (supervisor->streams == NULL || supervisor_streams_handle(supervisor->streams, &err) >= 0)
        return;
    supervisor_trouble(supervisor, "its output can't be logged", &err);
    (void)supervisor_record(supervisor, NULL);
}

/* --- stop ---------------------------------------------------------------------------------------------------------------------- */

/* One that stands still would not hear of it. */
static void wake(struct guardian_container* container)
{
    if (container->state != CV_STATE_PAUSED || linux_container_resume(container->linux_, NULL) < 0)
        return;
    container->state = CV_STATE_RUNNING;
    guardian_event(container, CV_EVENT_RESUMED, NULL);
}

static void send_stop_signal(struct supervisor* supervisor)
{
    uint32_t number = supervisor->spec->ext.supervision.stop_signal;

    if (guardian_process_find(supervisor->container, 0, NULL) == NULL) { /* nobody would hear it */
        supervisor_kill(supervisor);
        return;
    }
    wake(supervisor->container);
    linux_container_signal_main(supervisor->container->linux_, number != 0 ? (int)number : SIGTERM, NULL);
}

static void stop_step(struct supervisor* supervisor)
{
    const struct cv_spec_supervision* supervision = &supervisor->spec->ext.supervision;
    enum plan_stop_step               step;

    while ((step = plan_stop_due(&supervisor->stop, supervision, cv_clock_monotonic_ms())) != PLAN_STOP_NOTHING) {
        if (step == PLAN_STOP_SIGNAL)
            send_stop_signal(supervisor);
        else
            supervisor_kill(supervisor);
    }
}

/* --- health -------------------------------------------------------------------------------------------------------------------- */

static void tell_health(struct supervisor* supervisor, bool good)
{
    bool changed =
        plan_health_result(&supervisor->health, &supervisor->spec->ext.supervision, good, cv_clock_monotonic_ms());

    supervisor->info.health          = supervisor->health.health;
    supervisor->info.health_failures = supervisor->health.failures;
    if (!changed)
        return;
    (void)supervisor_record(supervisor, NULL);
    supervisor_journal(
        supervisor, CV_EVENT_HEALTH, NULL, supervisor->health.health == CV_HEALTH_HEALTHY ? "healthy" : "unhealthy");
}

/* As the main process, but for what it runs and its streams. */
static int start_check(struct supervisor* supervisor, struct cv_error* err)
{
    const struct cv_spec*  spec    = supervisor->spec;
    struct cv_spec_process process = spec->process;
    struct linux_start     start   = {
              .process = &process, .user = spec->ext.user, .groups = &spec->ext.groups, .stdio = { -1, -1, -1 }
    };
    struct linux_child child   = { .pid = 0, .pidfd = -1, .terminal_fd = -1 };
    bool               is_main = false;
    int                result;

    process.args     = spec->ext.supervision.health.command;
    process.terminal = false;
    result           = linux_container_spawn(supervisor->container->linux_, &start, &child, &is_main, err);
    if (result < 0)
        return result;
    supervisor->is_checking = true;
    supervisor->check =
        guardian_process_add(supervisor->container, &child, false, plan_health_timeout_ms(&spec->ext.supervision), err);
    supervisor->is_checking = false;
    return supervisor->check != NULL ? 0 : err->code;
}

static void check_health(struct supervisor* supervisor)
{
    struct guardian_process* check = supervisor->check;
    struct cv_error          err   = CV_ERROR_INIT;

    if (check != NULL && check->ended) {
        tell_health(supervisor, check->exit.code == 0);
        supervisor->check = NULL;
        guardian_process_remove(supervisor->container, check);
    }
    if (supervisor->check == NULL && supervisor->container->state == CV_STATE_RUNNING && supervisor->health.next_ms >= 0
        && cv_clock_left_ms(supervisor->health.next_ms) == 0 && start_check(supervisor, &err) < 0)
        tell_health(supervisor, false);
}

/* --- restart ------------------------------------------------------------------------------------------------------------------- */

static void forget(struct guardian_container* container, struct guardian_process* process)
{
    if (process != NULL)
        guardian_process_remove(container, process);
}

/* The last run is what is known of the container until there is another. */
static void begin_anew(struct supervisor* supervisor, struct guardian_process* last)
{
    forget(supervisor->container, last);
    forget(supervisor->container, supervisor->check);
    supervisor->check = NULL;
    (void)supervisor_record(supervisor, NULL);
    supervisor_journal(supervisor, CV_EVENT_STARTED, guardian_process_find(supervisor->container, 0, NULL), NULL);
}

/* It stays as it stopped. */
static void give_up(struct supervisor* supervisor, const struct cv_error* failure)
{
    supervisor->container->state = CV_STATE_STOPPED;
    supervisor->restart_ms       = -1;
    supervisor->info.state       = CV_STATE_STOPPED;
    supervisor->info.supervisor  = 0;
    supervisor_trouble(supervisor, "it could not be started again", failure);
    (void)supervisor_record(supervisor, NULL);
    supervisor_journal(supervisor, CV_EVENT_STOPPED, NULL, NULL);
}

/* As after a run that failed at once: what was in the way may go. */
static bool try_later(struct supervisor* supervisor, const struct cv_error* failure)
{
    const struct containerv_exit failed   = { .size = sizeof(failed), .code = 1 };
    int64_t                      delay_ms = 0;

    if (!plan_restart_after(
            &supervisor->restart, &supervisor->spec->ext.supervision, &failed, supervisor->stop.asked, &delay_ms))
        return false;
    supervisor->container->state = CV_STATE_STOPPED;
    supervisor->restart_ms       = cv_clock_deadline_ms(delay_ms);
    supervisor_trouble(supervisor, "it could not be started again, which will be tried once more", failure);
    (void)supervisor_record(supervisor, NULL);
    supervisor_journal(supervisor, CV_EVENT_RESTARTING, NULL, NULL);
    return true;
}

/* What can't be taken away of the last run is for a sweep, which waits for our end. */
static void restart(struct supervisor* supervisor)
{
    struct guardian_process* last = guardian_process_find(supervisor->container, 0, NULL);
    struct cv_error          err  = CV_ERROR_INIT;

    supervisor->info.restarts = supervisor->restart.restarts;
    if (supervisor_clear_run(supervisor, &err) < 0)
        give_up(supervisor, &err);
    else if (supervisor_run(supervisor, &err) == 0)
        begin_anew(supervisor, last);
    else if (!try_later(supervisor, &err))
        give_up(supervisor, &err);
}

/* Somebody has asked for its end while it waited to be started. */
static void cancel_restart(struct supervisor* supervisor)
{
    supervisor->restart_ms      = -1;
    supervisor->info.state      = CV_STATE_STOPPED;
    supervisor->info.supervisor = 0;
    (void)supervisor_record(supervisor, NULL);
    supervisor_journal(supervisor, CV_EVENT_STOPPED, NULL, NULL);
}

/* --- each turn ----------------------------------------------------------------------------------------------------------------- */

/* Ended processes that nobody asks for. The oldest is the last. */
static void bound_records(struct supervisor* supervisor)
{
    struct guardian_process* oldest = NULL;
    size_t                   count  = 0;

    do {
        if (oldest != NULL)
            guardian_process_remove(supervisor->container, oldest);
        count = 0;
        for (struct guardian_process* at = supervisor->container->processes; at != NULL; at = at->next) {
            if (at->ended && !at->is_main && at != supervisor->check) {
                count++;
                oldest = at;
            }
        }
    } while (count > SUPERVISOR_MAX_ENDED);
}

static void between_runs(struct supervisor* supervisor)
{
    if (supervisor->restart_ms >= 0 && (supervisor->stop.asked || supervisor->destroy_by_ms >= 0))
        cancel_restart(supervisor);
    if (supervisor->restart_ms >= 0 && cv_clock_left_ms(supervisor->restart_ms) == 0)
        restart(supervisor);
    if (has_stopped(supervisor) && supervisor->restart_ms < 0)
        supervisor_finish(supervisor);
}

static bool is_overdue(const struct supervisor* supervisor)
{
    return supervisor->destroy_by_ms >= 0 && cv_clock_left_ms(supervisor->destroy_by_ms) == 0;
}

int supervisor_handle(struct guardian* guardian, struct cv_error* err)
{
    struct supervisor* supervisor = guardian->supervisor;

    if (supervisor->live && !supervisor->done) {
        bound_records(supervisor);
        relay(supervisor);
        if (supervisor->oom_ready != 0 && supervisor->oom.fd >= 0)
            supervisor_tell_oom(supervisor, linux_oom_watch_read(&supervisor->oom));
        if (has_stopped(supervisor)) {
            between_runs(supervisor);
        } else if (is_overdue(supervisor)) { /* the kernel keeps what was killed */
            supervisor_finish(supervisor);
        } else {
            stop_step(supervisor);
            check_health(supervisor);
        }
    }
    return supervisor->done ? cv_error_set(err, CV_ERR_LOST, "the container has stopped") : 0;
}
