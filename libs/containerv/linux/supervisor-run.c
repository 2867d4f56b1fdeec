/* One run of the container: its namespaces, its command, its streams. There may be many, one after the other. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/supervisor.h"

#include <cv/banned.h>

static void describe_start(const struct cv_spec* spec, struct linux_start* start)
{
    *start = (struct linux_start){
        .process  = &spec->process,
        .user     = spec->ext.user,
        .groups   = &spec->ext.groups,
        .stdio    = { -1, -1, -1 },
        .terminal = spec->process.terminal,
        .columns  = (uint16_t)spec->process.console_width,
        .rows     = (uint16_t)spec->process.console_height,
    };
}

static int open_streams(struct supervisor* supervisor, struct linux_start* start, struct cv_error* err)
{
    const struct cv_spec_supervision* supervision = &supervisor->spec->ext.supervision;
    int                               result      = 0;

    if (supervisor->log == NULL)
        result = linux_log_writer_open(
            supervisor->home.home_fd, supervision->log.file_bytes, supervision->log.total_bytes, &supervisor->log, err);
    if (result < 0)
        return result;
    return supervisor_streams_open(
        start->terminal, supervision->open_stdin, supervisor->log, &supervisor->streams, start->stdio, err);
}

/* Its namespaces, and the child that is its command. */
static int make_with_main(struct supervisor* supervisor, struct linux_child* child, struct cv_error* err)
{
    struct linux_start start;
    int                result;

    describe_start(supervisor->spec, &start);
    result = open_streams(supervisor, &start, err);
    if (result == 0)
        result = linux_container_create_in(
            &supervisor->home, supervisor->spec, &start, &supervisor->container->linux_, child, err);
    for (int i = 0; i < 3; i++)
        cv_handle_closep(&start.stdio[i]);
    return result;
}

static int make(struct supervisor* supervisor, struct linux_child* child, struct cv_error* err)
{
    if (!supervisor->spec->ext.hold)
        return make_with_main(supervisor, child, err);
    return linux_container_create_in(
        &supervisor->home, supervisor->spec, NULL, &supervisor->container->linux_, NULL, err);
}

/* Takes its descriptors. */
static int add_main(struct supervisor* supervisor, struct linux_child* child, struct cv_error* err)
{
    struct guardian_process* main = guardian_process_add(supervisor->container, child, true, 0, err);

    if (main == NULL) {
        cv_handle_closep(&child->terminal_fd);
        return err->code;
    }
    supervisor->info.started_ns   = main->exit.start_ns;
    supervisor->info.main_process = main->pid;
    if (child->terminal_fd >= 0)
        supervisor_streams_terminal(supervisor->streams, child->terminal_fd);
    return 0;
}

static void begin(struct supervisor* supervisor)
{
    int64_t now_ms = cv_clock_monotonic_ms();

    supervisor->info.state      = supervisor->container->state;
    supervisor->info.supervisor = getpid();
    supervisor->info.error[0]   = '\0';
    supervisor->asked           = (struct supervisor_asked){ .set = false };
    supervisor->restart_ms      = -1;
    supervisor->oom_kills       = 0;
    if (linux_container_watch_oom(supervisor->container->linux_, &supervisor->oom, NULL) < 0)
        supervisor->oom.fd = -1; /* then the ends of processes tell */
    plan_stop_start(&supervisor->stop, supervisor->spec, now_ms);
    plan_health_start(&supervisor->health, &supervisor->spec->ext.supervision, now_ms);
    supervisor->info.health          = supervisor->health.health;
    supervisor->info.health_failures = 0;
}

int supervisor_run(struct supervisor* supervisor, struct cv_error* err)
{
    struct guardian_container* container = supervisor->container;
    struct linux_child         child     = { .pid = 0, .pidfd = -1, .terminal_fd = -1 };
    int                        result;

    container->state  = CV_STATE_CREATED;
    container->killed = container->ending = false;
    result                                = make(supervisor, &child, err);
    if (result == 0 && child.pid > 0)
        result = add_main(supervisor, &child, err);
    if (result < 0) {
        supervisor_streams_close(supervisor->streams);
        supervisor->streams = NULL;
    }
    if (result == 0)
        begin(supervisor);
    return result;
}

int supervisor_clear_run(struct supervisor* supervisor, struct cv_error* err)
{
    struct guardian*           guardian    = &supervisor->guardian;
    struct guardian_container* container   = supervisor->container;
    int64_t                    deadline_ms = cv_clock_deadline_ms(GUARDIAN_END_MS);
    int                        result;

    if (container->linux_ == NULL)
        return 0;
    guardian_container_ends(container);
    guardian_copies_kill(container);
    if (container->state != CV_STATE_STOPPED)
        supervisor_kill(supervisor);
    guardian_container_drain(guardian, container, NULL); /* the ends of further processes are told */
    guardian_copies_end(container, deadline_ms);
    cv_handle_closep(&supervisor->oom.fd); /* the end of the group is an event, too */
    supervisor->oom.fd = -1;
    result             = linux_container_destroy(container->linux_, err);
    container->linux_  = NULL;
    return result;
}

/* Seen by the loop when it is done. */
void supervisor_kill(struct supervisor* supervisor)
{
    struct guardian_container* container = supervisor->container;

    guardian_container_ends(container);
    guardian_copies_kill(container);
    container->killed = true;
    linux_container_kill(container->linux_, NULL);
}
