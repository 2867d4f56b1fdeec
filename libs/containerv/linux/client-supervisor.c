/*
 * Supervisors as this process starts them. Each gets one create request by its main socket. One that runs a container goes on without us;
 * one that was to write something down, or to hold a container's files for us, ends, and gives the container's lock back before it has.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/folders.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/client-instance.h"

#include <cv/banned.h>

enum {
    LOOK_AGAIN_MS = 250, /* a folder that is watched may be another one by now */
    LOOK_OFTEN_MS = 20   /* without a watch */
};

static int start_program(struct linux_route* route_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    int                        ends[2];
    pid_t                      pid    = 0;
    int                        result = linux_client_supervisor(&path, err);

    if (result < 0)
        return result;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return cv_error_errno(err, errno, "make the supervisor's main socket", NULL);
    result = linux_client_start(path, ends[1], &pid, err);
    close(ends[1]);
    if (result < 0)
        close(ends[0]);
    else
        route_out->main_fd = ends[0];
    return result;
}

static int ask(struct linux_route* route, Containerv__Guardian__Create* create, struct cv_error* err)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    int                           result;

    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE;
    request.create         = create;
    result                 = linux_client_call(route, &request, NULL, &answer, err);
    if (result == 0)
        linux_client_answer_release(&answer);
    if (result != CV_ERR_LOST)
        return result;
    cv_error_set(err, CV_ERR_LOST, "the container's supervisor ended before it answered");
    return cv_error_step(err, "start the container's supervisor");
}

int linux_supervisor_start(
    const char* id, Containerv__Guardian__Create* create, struct linux_route* route_out, struct cv_error* err)
{
    struct linux_route route  = LINUX_ROUTE_INIT;
    int                result = start_program(&route, err);

    if (result < 0)
        return result;
    create->id = (char*)id;
    result     = ask(&route, create, err);
    if (result < 0)
        cv_handle_closep(&route.main_fd);
    else
        *route_out = route;
    return result;
}

int linux_supervisor_run(const char* id, Containerv__Guardian__Create* create, struct cv_error* err)
{
    struct linux_route route  = LINUX_ROUTE_INIT;
    int                result = linux_supervisor_start(id, create, &route, err);

    if (result < 0)
        return result;
    cv_handle_closep(&route.main_fd);
    return create->action == CONTAINERV__GUARDIAN__ACTION__DEFER
                   || create->action == CONTAINERV__GUARDIAN__ACTION__REMOVE
               ? linux_supervisor_wait_gone(id, err)
               : 0;
}

static void watch_path(int watch_fd, uint32_t events, const char* run, const char* id, const char* name)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(NULL, "%s/c-%s%s", run, id, name);

    if (path != NULL)
        (void)inotify_add_watch(watch_fd, path, events); /* none of them has to be there */
}

/* The run folder is the last that a supervisor takes away. One that is killed leaves it there; the lock is free when the last process that
 * has it open for writing closes it. */
int linux_supervisor_watch(const char* id)
{
    CV_CLEANUP(cv_freep) char*       run = NULL;
    CV_CLEANUP(cv_handle_closep) int fd  = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd < 0 || cv_folders_run(&run, NULL) < 0
        || inotify_add_watch(fd, run, IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) < 0)
        return -1;
    watch_path(fd, IN_CREATE | IN_ONLYDIR, run, id, "");
    watch_path(fd, IN_CLOSE_WRITE, run, id, "/lock");
    return CV_STEAL_HANDLE(fd);
}

void linux_supervisor_await(int watch_fd, int64_t left_ms)
{
    struct pollfd entry = { .fd = watch_fd, .events = POLLIN };
    int64_t       most  = watch_fd >= 0 ? LOOK_AGAIN_MS : LOOK_OFTEN_MS;
    char          events[4096];

    if (poll(&entry, 1, (int)(left_ms < 0 || left_ms > most ? most : left_ms)) > 0)
        (void)!read(watch_fd, events, sizeof(events));
}

int linux_supervisor_wait_gone(const char* id, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int watch       = -1;
    int64_t                          deadline_ms = cv_clock_deadline_ms(LINUX_SUPERVISOR_END_MS);
    bool                             held        = true;
    int                              rc          = linux_client_is_held(id, &held, err);

    if (rc == 0 && held)
        watch = linux_supervisor_watch(id);
    while (rc == 0 && held) {
        rc = linux_client_is_held(id, &held, err);
        if (rc < 0 || !held)
            break;
        if (cv_clock_left_ms(deadline_ms) == 0) {
            cv_error_set(err, CV_ERR_STATE, "container '%s' is held by another process", id);
            cv_error_object(err, "%s", id);
            return cv_error_hint(err, "it is being started, copied from or destroyed; try again later");
        }
        linux_supervisor_await(watch, cv_clock_left_ms(deadline_ms));
    }
    return rc;
}
