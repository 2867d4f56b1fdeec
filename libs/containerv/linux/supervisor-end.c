/* How a run ends, and the container. */
#include <string.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/supervisor.h"

#include <cv/banned.h>

void supervisor_tell_oom(struct supervisor* supervisor, uint64_t more)
{
    struct linux_counts counts;
    uint64_t            kills;

    linux_container_counts(supervisor->container->linux_, &counts);
    kills = counts.oom_kills > supervisor->oom_kills + more ? counts.oom_kills : supervisor->oom_kills + more;
    if (kills > supervisor->oom_kills)
        supervisor_journal(supervisor, CV_EVENT_OOM, NULL, NULL);
    supervisor->oom_kills = kills;
}

static bool was_asked_for(const struct supervisor_asked* asked, const struct containerv_exit* exit)
{
    return asked->set && (asked->signal == 0 || exit->signal == asked->signal || exit->code == 128 + asked->signal);
}

static void complete(const struct supervisor* supervisor, struct containerv_exit* exit)
{
    if (supervisor->stop.timed_out)
        exit->reason = CV_EXIT_TIMEOUT;
    if (was_asked_for(&supervisor->asked, exit)) {
        exit->on_request  = 1;
        exit->request_uid = supervisor->asked.uid;
        exit->request_pid = supervisor->asked.pid;
    }
}

static void decide(struct supervisor* supervisor, const struct containerv_exit* exit)
{
    int64_t delay_ms = 0;

    supervisor->restart_ms = -1;
    if (supervisor->destroy_by_ms < 0
        && plan_restart_after(
            &supervisor->restart, &supervisor->spec->ext.supervision, exit, supervisor->stop.asked, &delay_ms))
        supervisor->restart_ms = cv_clock_deadline_ms(delay_ms);
}

/* Nobody hears of the end before all output is in the log; of output that can't be, the record tells. */
static void end_streams(struct supervisor* supervisor)
{
    struct cv_error err = CV_ERROR_INIT;

    if (supervisor->streams != NULL && supervisor_streams_finish(supervisor->streams, &err) < 0)
        supervisor_trouble(supervisor, "some of its output is not in the log", &err);
    supervisor_streams_close(supervisor->streams);
    supervisor->streams = NULL;
}

static void main_ended(struct supervisor* supervisor, struct containerv_exit* exit)
{
    struct containerv_info* info = &supervisor->info;

    end_streams(supervisor);
    complete(supervisor, exit);
    decide(supervisor, exit);
    info->state        = supervisor->restart_ms >= 0 ? CV_STATE_RESTARTING : CV_STATE_STOPPED;
    info->exit         = *exit;
    info->has_exit     = 1;
    info->finished_ns  = exit->end_ns;
    info->main_process = 0;
    info->health       = CV_HEALTH_NONE;
    if (supervisor->restart_ms < 0)
        info->supervisor = 0;
    (void)supervisor_record(supervisor, NULL);
}

bool supervisor_ended(struct guardian_container* container, struct guardian_process* process)
{
    struct supervisor* supervisor = container->guardian->supervisor;

    if (!supervisor->live)
        return true;
    supervisor_tell_oom(supervisor, 0);
    if (!process->is_main)
        return true;
    main_ended(supervisor, &process->exit);
    return supervisor->restart_ms >= 0;
}

/* Those that asked for its end. */
static void answer_askers(struct supervisor* supervisor, const struct cv_error* failure)
{
    Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;
    Containerv__Guardian__Exit  exit;
    struct guardian_peer*       next;

    if (supervisor->info.has_exit) {
        message_from_exit(&supervisor->info.exit, &exit);
        reply.exit = &exit;
    }
    for (struct guardian_peer* peer = supervisor->guardian.peers; peer != NULL; peer = next) {
        next = peer->next;
        if (peer->state == GUARDIAN_PEER_WAITS && peer->process == NULL
            && guardian_reply(peer, &reply, failure, -1) != 0)
            guardian_peer_remove(&supervisor->guardian, peer);
    }
}

/* What could not be taken away is left, with the run folder, to a sweep. */
static int give_back(struct supervisor* supervisor, struct cv_error* err)
{
    bool removes = supervisor->destroy_by_ms >= 0 || supervisor->spec->ext.supervision.remove;
    int  result;

    if (supervisor->unwritten && !removes)
        (void)supervisor_record(supervisor, NULL);
    result = supervisor_clear_run(supervisor, err);
    if (result == 0)
        result = removes ? linux_home_remove(&supervisor->home, err) : linux_home_leave(&supervisor->home, err);
    if (result == 0 && removes)
        supervisor_journal(supervisor, CV_EVENT_DESTROYED, NULL, NULL);
    return result;
}

void supervisor_finish(struct supervisor* supervisor)
{
    struct guardian*           guardian  = &supervisor->guardian;
    struct guardian_container* container = supervisor->container;
    struct guardian_process*   main;
    struct cv_error            err = CV_ERROR_INIT;
    int                        result;

    cv_handle_closep(&container->listen_fd); /* from here on the record tells */
    result = give_back(supervisor, &err);
    main   = guardian_process_find(container, 0, NULL);
    if (main != NULL)
        guardian_peers_ended(guardian, container, main);
    answer_askers(supervisor, result < 0 ? &err : NULL);
    guardian_container_forget(guardian, container);
    supervisor->container = NULL;
    supervisor->claimed   = false;
    supervisor->done      = true;
}
