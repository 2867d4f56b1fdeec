#include "status.h"

#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "when.h"

#include <cv/banned.h>

static const char* const states[] = { [CV_STATE_CREATED] = "created",
    [CV_STATE_RUNNING]                                   = "running",
    [CV_STATE_PAUSED]                                    = "paused",
    [CV_STATE_STOPPED]                                   = "stopped",
    [CV_STATE_RESTARTING]                                = "restarting" };

static const char* const reasons[] = { [CV_EXIT_EXITED] = "exited",
    [CV_EXIT_KILLED]                                    = "killed",
    [CV_EXIT_OOM]                                       = "out-of-memory",
    [CV_EXIT_PIDS_LIMIT]                                = "pids-limit",
    [CV_EXIT_TIMEOUT]                                   = "timeout",
    [CV_EXIT_SECCOMP]                                   = "seccomp",
    [CV_EXIT_LOST]                                      = "lost",
    [CV_EXIT_UPPER_FULL]                                = "root-full" };

static const char* const healths[] = { [CV_HEALTH_NONE] = "none",
    [CV_HEALTH_STARTING]                                = "starting",
    [CV_HEALTH_HEALTHY]                                 = "healthy",
    [CV_HEALTH_UNHEALTHY]                               = "unhealthy" };

static const char* const events[] = { [CV_EVENT_STARTED] = "started",
    [CV_EVENT_EXITED]                                    = "exited",
    [CV_EVENT_PAUSED]                                    = "paused",
    [CV_EVENT_RESUMED]                                   = "resumed",
    [CV_EVENT_STOPPED]                                   = "stopped",
    [CV_EVENT_CREATED]                                   = "created",
    [CV_EVENT_OOM]                                       = "oom",
    [CV_EVENT_HEALTH]                                    = "health",
    [CV_EVENT_RESTARTING]                                = "restarting",
    [CV_EVENT_DESTROYED]                                 = "destroyed" };

static const char* const streams[] = { [CV_STREAM_OUTPUT] = "stdout", [CV_STREAM_ERROR] = "stderr" };

#define NAME_OF(list, value) ((value) < CV_ARRAY_LEN(list) && (list)[value] != NULL ? (list)[value] : "unknown")

static uint32_t find(const char* const* list, size_t count, const char* name)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] != NULL && strcmp(list[i], name) == 0)
            return (uint32_t)i;
    return 0;
}

const char* cvctl_state_name(uint32_t state)
{
    return NAME_OF(states, state);
}

const char* cvctl_reason_name(uint32_t reason)
{
    return NAME_OF(reasons, reason);
}

const char* cvctl_health_name(uint32_t health)
{
    return NAME_OF(healths, health);
}

const char* cvctl_event_name(uint32_t kind)
{
    return NAME_OF(events, kind);
}

const char* cvctl_stream_name(uint32_t stream)
{
    return NAME_OF(streams, stream);
}

uint32_t cvctl_event_kind(const char* name)
{
    return find(events, CV_ARRAY_LEN(events), name);
}

uint32_t cvctl_state_of(const char* name)
{
    return find(states, CV_ARRAY_LEN(states), name);
}

/* What ended it, where the code alone does not say so. */
static const char* why(const struct containerv_exit* end)
{
    static const char* const words[] = { [CV_EXIT_OOM] = ", out of memory",
        [CV_EXIT_PIDS_LIMIT]                           = ", limit of processes",
        [CV_EXIT_TIMEOUT]                              = ", timeout",
        [CV_EXIT_SECCOMP]                              = ", forbidden system call",
        [CV_EXIT_UPPER_FULL]                           = ", root full" };

    return end->reason < CV_ARRAY_LEN(words) && words[end->reason] != NULL ? words[end->reason] : "";
}

static void ago(int64_t now_ns, int64_t then_ns, char text[CV_AGO_SIZE])
{
    cv_when_long(now_ns - then_ns, text);
}

static void print_ended(const struct containerv_info* info, int64_t now_ns, char text[CVCTL_STATUS_SIZE])
{
    const struct containerv_exit* end = &info->exit;
    char                          since[CV_AGO_SIZE];

    ago(now_ns, info->finished_ns, since);
    if (info->has_exit == 0)
        (void)cv_snprintf(text, CVCTL_STATUS_SIZE, "%s",
            info->state == CV_STATE_RESTARTING ? "Restarting"
            : info->error[0] != '\0'           ? "Failed"
                                               : "Stopped");
    else if (end->reason == CV_EXIT_LOST)
        (void)cv_snprintf(text, CVCTL_STATUS_SIZE, "Lost %s ago", since);
    else
        (void)cv_snprintf(text, CVCTL_STATUS_SIZE, "%s (%d%s) %s ago",
            info->state == CV_STATE_RESTARTING ? "Restarting" : "Exited", end->code, why(end), since);
}

static void print_up(const struct containerv_info* info, int64_t now_ns, char text[CVCTL_STATUS_SIZE])
{
    static const char* const notes[] = { [CV_HEALTH_STARTING] = " (health: starting)",
        [CV_HEALTH_HEALTHY]                                   = " (healthy)",
        [CV_HEALTH_UNHEALTHY]                                 = " (unhealthy)" };
    const char* note = info->health < CV_ARRAY_LEN(notes) && notes[info->health] != NULL ? notes[info->health] : "";
    char        since[CV_AGO_SIZE];

    if (info->state == CV_STATE_PAUSED)
        note = " (paused)";
    ago(now_ns, info->started_ns, since);
    (void)cv_snprintf(text, CVCTL_STATUS_SIZE, "Up%s%s%s", info->started_ns != 0 ? " " : "",
        info->started_ns != 0 ? since : "", note);
}

void cvctl_status_print(const struct containerv_info* info, int64_t now_ns, char text[CVCTL_STATUS_SIZE])
{
    if (info->state == CV_STATE_CREATED)
        (void)cv_snprintf(text, CVCTL_STATUS_SIZE, "Created");
    else if (info->state == CV_STATE_RUNNING || info->state == CV_STATE_PAUSED)
        print_up(info, now_ns, text);
    else
        print_ended(info, now_ns, text);
}
