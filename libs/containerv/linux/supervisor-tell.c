/* What the supervisor writes down: state.json and the journal. */
#include <string.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "linux/journal.h"
#include "linux/record.h"
#include "linux/supervisor.h"

#include <cv/banned.h>

int supervisor_record(struct supervisor* supervisor, struct cv_error* err)
{
    int result = linux_record_write(supervisor->home.home_fd, &supervisor->info, err);

    supervisor->unwritten = result < 0;
    return result;
}

void supervisor_trouble(struct supervisor* supervisor, const char* what, const struct cv_error* failure)
{
    (void)cv_snprintf(supervisor->info.error, sizeof(supervisor->info.error), "%s: %s", what, failure->text);
}

void supervisor_journal(struct supervisor* supervisor, enum containerv_event_kind kind,
    const struct guardian_process* process, const char* detail)
{
    struct containerv_journal_entry entry = {
        .size = sizeof(entry), .kind = kind, .time_ns = cv_clock_realtime_ns(), .exit.size = sizeof(entry.exit)
    };
    struct cv_error err = CV_ERROR_INIT;

    cv_snprintf(entry.id, sizeof(entry.id), "%s", supervisor->home.id);
    cv_snprintf(entry.detail, sizeof(entry.detail), "%s", detail != NULL ? detail : "");
    if (process != NULL) {
        entry.process  = process->pid;
        entry.is_main  = process->is_main;
        entry.has_exit = kind == CV_EVENT_EXITED;
        if (entry.has_exit)
            entry.exit = process->exit;
    }
    if (journal_append(supervisor->home.state_dir, &entry, &err) == 0 || !supervisor->live || kind == CV_EVENT_DESTROYED
        || supervisor->info.error[0] != '\0')
        return;
    supervisor_trouble(supervisor, "an event is not in the journal", &err); /* the container goes on without it */
    (void)supervisor_record(supervisor, NULL);
}

static void stopped(struct supervisor* supervisor)
{
    if (supervisor->restart_ms >= 0) {
        supervisor_journal(supervisor, CV_EVENT_RESTARTING, NULL, NULL);
        return;
    }
    if (supervisor->info.state != CV_STATE_STOPPED) { /* it had no main process, whose end would have said so */
        supervisor->info.state       = CV_STATE_STOPPED;
        supervisor->info.finished_ns = cv_clock_realtime_ns();
        supervisor->info.supervisor  = 0;
        (void)supervisor_record(supervisor, NULL);
    }
    supervisor_journal(supervisor, CV_EVENT_STOPPED, NULL, NULL);
}

static void changed(struct supervisor* supervisor, enum containerv_event_kind kind)
{
    supervisor->info.state = supervisor->container->state;
    (void)supervisor_record(supervisor, NULL);
    supervisor_journal(supervisor, kind, NULL, NULL);
}

/* The start of the main process is told by whoever starts it, once the record says so. */
void supervisor_event(
    struct guardian_container* container, enum containerv_event_kind kind, const struct guardian_process* process)
{
    struct supervisor* supervisor = container->guardian->supervisor;

    if (!supervisor->live || (process != NULL && process == supervisor->check)
        || (kind == CV_EVENT_STARTED && (process->is_main || supervisor->is_checking)))
        return;
    if (kind == CV_EVENT_STOPPED)
        stopped(supervisor);
    else if (kind == CV_EVENT_PAUSED || kind == CV_EVENT_RESUMED)
        changed(supervisor, kind);
    else
        supervisor_journal(supervisor, kind, process, NULL);
}
