/* What is asked of a supervised container, running or not. */
#include "linux/client-instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/record.h"

#include <cv/banned.h>

enum {
    DESTROY_TRIES = 5,
    HOLD_TRIES    = 5,   /* others that copy get in between */
    SEE_MS        = 2000 /* what is asked only is answered from the record then */
};

static int does_not_run(const struct linux_instance* self, const struct containerv_info* info, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_STATE, "container '%s' %s", self->id,
        info->state == CV_STATE_CREATED ? "has not been started" : "has stopped");
    cv_error_object(err, "%s", self->id);
    return cv_error_hint(err, "start it first");
}

/* Nobody answers for it, and it is not at rest. */
static int is_held(const struct linux_instance* self, enum linux_held held, struct cv_error* err)
{
    if (held == LINUX_HELD_ELSEWHERE) {
        cv_error_set(
            err, CV_ERR_STATE, "container '%s' is held by a process whose run folder is another one", self->id);
        cv_error_object(err, "%s", self->id);
        return cv_error_hint(err, "use the CONTAINERV_RUN_DIR, or XDG_RUNTIME_DIR, with which it was started");
    }
    cv_error_set(err, CV_ERR_STATE, "container '%s' is just being started or stopped", self->id);
    cv_error_object(err, "%s", self->id);
    return cv_error_hint(err, "try again; its supervisor was killed perhaps, and does not end");
}

static int route_within(const struct linux_instance* self, int64_t timeout_ms, struct linux_route* route_out,
    enum linux_held* held_out, struct cv_error* err)
{
    struct containerv_info info = { .size = sizeof(info) };
    int                    rc   = linux_client_record_settled(self, timeout_ms, &info, route_out, held_out, err);

    if (rc < 0 || route_out->folder_fd >= 0)
        return rc;
    return linux_client_rests(&info) ? does_not_run(self, &info, err) : is_held(self, *held_out, err);
}

int linux_supervised_route(const struct linux_instance* self, struct linux_route* route_out, struct cv_error* err)
{
    enum linux_held held;

    return route_within(self, LINUX_SUPERVISOR_END_MS, route_out, &held, err);
}

/* --- made and opened ----------------------------------------------------------------------------------------------------------- */

static struct linux_instance* new_instance(const char* id, struct cv_error* err)
{
    struct linux_instance* instance = linux_instance_new(id, err);

    if (instance != NULL) {
        instance->supervised = true;
        instance->since_ns   = cv_clock_realtime_ns();
    }
    return instance;
}

/* One that goes away by itself may be gone by now. */
static int open_home(struct linux_instance* instance, const struct cv_spec* spec, struct cv_error* err)
{
    int rc = linux_client_open_home(instance->id, &instance->home_fd, err);

    return rc == CV_ERR_NOT_FOUND && spec->ext.supervision.remove ? 0 : rc;
}

int linux_supervised_create(const struct cv_spec* spec, void** instance_out, struct cv_error* err)
{
    CV_CLEANUP(linux_instance_freep) struct linux_instance* instance = new_instance(spec->ext.id, err);
    CV_CLEANUP(cv_freep) char*                              json     = NULL;
    Containerv__Guardian__Create                            create   = CONTAINERV__GUARDIAN__CREATE__INIT;
    int                                                     rc;

    if (instance == NULL)
        return err != NULL ? err->code : CV_ERR_NO_MEMORY;
    rc = cv_spec_print(spec, &json, &create.config_json.len, err);
    if (rc < 0)
        return rc;
    create.config_json.data = (uint8_t*)json;
    create.action =
        spec->ext.supervision.defer ? CONTAINERV__GUARDIAN__ACTION__DEFER : CONTAINERV__GUARDIAN__ACTION__RUN;
    rc = linux_supervisor_run(instance->id, &create, err);
    if (rc == 0)
        rc = open_home(instance, spec, err);
    if (rc == 0)
        *instance_out = CV_STEAL(instance);
    return rc;
}

static int read_spec(int home_fd, struct cv_spec** spec_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = linux_client_home_text(home_fd, &text, &length, err);

    return rc == 0 ? cv_spec_parse(text, length, spec_out, err) : rc;
}

int linux_supervised_open(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err)
{
    CV_CLEANUP(linux_instance_freep) struct linux_instance* instance = new_instance(id, err);
    int                                                     rc;

    if (instance == NULL)
        return err != NULL ? err->code : CV_ERR_NO_MEMORY;
    rc = linux_client_open_home(id, &instance->home_fd, err);
    if (rc < 0)
        return rc;
    rc = read_spec(instance->home_fd, spec_out, err);
    if (rc < 0)
        return cv_error_wrap(err, "read the specification of container '%s'", id);
    *instance_out = CV_STEAL(instance);
    return 0;
}

int linux_supervised_inspect(struct linux_instance* self, char** text_out, struct cv_error* err)
{
    size_t length = 0;

    return self->home_fd >= 0 ? linux_client_home_text(self->home_fd, text_out, &length, err)
                              : cv_error_set(err, CV_ERR_LOST, "container '%s' is gone", self->id);
}

/* --- state --------------------------------------------------------------------------------------------------------------------- */

/* The supervisor's own, which is ahead of the file. */
static int ask_info(const struct linux_instance* self, struct linux_route* route, struct containerv_info* info_out,
    struct cv_error* err)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Plain   plain   = CONTAINERV__GUARDIAN__PLAIN__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    int                           rc;

    plain.id               = self->id;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_INFO;
    request.info           = &plain;
    rc                     = linux_client_call(route, &request, NULL, &answer, err);
    if (rc < 0)
        return rc;
    rc = linux_record_parse((const char*)answer.reply->info_json.data, answer.reply->info_json.len, info_out, err);
    linux_client_answer_release(&answer);
    return rc;
}

static int info_of(struct linux_instance* self, struct containerv_info* info_out, struct cv_error* err)
{
    struct linux_route route = LINUX_ROUTE_INIT;
    enum linux_held    held  = LINUX_HELD_NOT;
    int                rc    = linux_client_record_settled(self, SEE_MS, info_out, &route, &held, err);

    if (rc == 0 && route.folder_fd >= 0)
        rc = ask_info(self, &route, info_out, err);
    linux_route_close(&route);
    if (rc != CV_ERR_LOST)
        return rc;
    rc = linux_client_record_settled(
        self, SEE_MS, info_out, &route, &held, err); /* it ended meanwhile, in whatever way */
    linux_route_close(&route);
    return rc;
}

int linux_client_info(void* instance, struct containerv_info* info_out, struct cv_error* err)
{
    return info_of(instance, info_out, err);
}

int linux_supervised_state(struct linux_instance* self, enum containerv_state* state_out, struct cv_error* err)
{
    struct containerv_info info = { .size = sizeof(info) };
    int                    rc   = info_of(self, &info, err);

    if (rc == 0)
        *state_out = (enum containerv_state)info.state;
    return rc;
}

/* --- start and stop ------------------------------------------------------------------------------------------------------------ */

/* Who ran it before may be about to end. */
int linux_client_start_again(void* instance, struct cv_error* err)
{
    struct linux_instance*       self   = instance;
    Containerv__Guardian__Create create = CONTAINERV__GUARDIAN__CREATE__INIT;
    int                          rc     = linux_supervisor_wait_gone(self->id, err);

    create.action = CONTAINERV__GUARDIAN__ACTION__START;
    return rc == 0 ? linux_supervisor_run(self->id, &create, err) : rc;
}

/* Its supervisor broke off, or there was none: it has stopped, is about to, or was started again. */
static bool has_stopped(struct linux_instance* self)
{
    struct linux_route     route = LINUX_ROUTE_INIT;
    struct containerv_info info  = { .size = sizeof(info) };
    enum linux_held        held  = LINUX_HELD_NOT;
    int                    rc = linux_client_record_settled(self, LINUX_SUPERVISOR_END_MS, &info, &route, &held, NULL);

    linux_route_close(&route);
    return rc == 0 && linux_client_rests(&info);
}

int linux_client_stop(void* instance, int64_t timeout_ms, struct cv_error* err)
{
    struct linux_instance*        self    = instance;
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Stop    stop    = CONTAINERV__GUARDIAN__STOP__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    int                           rc;

    stop.id                = self->id;
    stop.timeout_ms        = timeout_ms;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_STOP;
    request.stop           = &stop;
    rc                     = linux_instance_call(self, &request, NULL, &answer, err);
    if (rc == 0)
        linux_client_answer_release(&answer);
    return (rc == CV_ERR_LOST || rc == CV_ERR_STATE) && has_stopped(self) ? 0 : rc;
}

/* --- wait ---------------------------------------------------------------------------------------------------------------------- */

/* How the main process ended, from what is written down. 1: it may still run. */
static int past_exit(struct linux_instance* self, struct containerv_exit* exit_out, struct cv_error* err)
{
    struct linux_route     route = LINUX_ROUTE_INIT;
    struct containerv_info info  = { .size = sizeof(info) };
    int                    rc    = linux_client_record(self, &info, &route, err);

    linux_route_close(&route);
    if (rc == CV_ERR_NOT_FOUND) /* destroyed */
        return linux_supervised_past_exit(self, 0, exit_out, err);
    if (rc < 0)
        return rc;
    if (!linux_client_rests(&info))
        return 1;
    if (!info.has_exit)
        return does_not_run(self, &info, err);
    *exit_out = info.exit;
    return 0;
}

/* *final_out: there was a supervisor to be asked, and what it says counts; or there is one that this process can't ask. */
static int wait_once(struct linux_instance* self, Containerv__Guardian__Wait* wait, struct containerv_exit* exit_out,
    bool* final_out, struct cv_error* err)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    struct linux_route            route   = LINUX_ROUTE_INIT;
    enum linux_held               held    = LINUX_HELD_NOT;
    int                           rc      = route_within(self, 0, &route, &held, err);

    *final_out             = rc == 0 || held == LINUX_HELD_ELSEWHERE;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_WAIT;
    request.wait           = wait;
    if (rc == 0)
        rc = linux_client_call(&route, &request, NULL, &answer, err);
    linux_route_close(&route);
    if (rc < 0)
        return rc;
    if (answer.reply->exit != NULL)
        message_to_exit(answer.reply->exit, exit_out);
    else
        rc = cv_error_set(err, CV_ERR_PROTOCOL, "the supervisor's answer has no exit");
    linux_client_answer_release(&answer);
    return rc;
}

int linux_supervised_wait(struct linux_instance* self, Containerv__Guardian__Wait* wait,
    struct containerv_exit* exit_out, struct cv_error* err)
{
    int64_t                          deadline_ms = cv_clock_deadline_ms(wait->timeout_ms);
    CV_CLEANUP(cv_handle_closep) int watch       = -1;

    while (true) {
        struct cv_error unused =
            CV_ERROR_INIT; /* that its end is not written down says less than why nobody could be asked */
        bool final = false;
        int  rc    = wait_once(self, wait, exit_out, &final, err);
        if (final && rc != CV_ERR_LOST)
            return rc;
        if (wait->process != 0)
            return linux_supervised_past_exit(self, wait->process, exit_out, &unused) == 0 ? 0 : rc;
        rc = past_exit(self, exit_out, err);
        if (rc <= 0)
            return rc;
        wait->timeout_ms = cv_clock_left_ms(deadline_ms);
        if (wait->timeout_ms == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "the container has not stopped yet");
        /* it is just being started, or about to end, perhaps since before it was watched */
        if (watch >= 0 || (watch = linux_supervisor_watch(self->id)) < 0)
            linux_supervisor_await(watch, wait->timeout_ms);
    }
}

/* --- input --------------------------------------------------------------------------------------------------------------------- */

int linux_client_attach_input(void* instance, containerv_handle_t* handle_out, struct cv_error* err)
{
    struct linux_client_answer answer = { .reply = NULL };
    int rc = linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_INPUT, &answer, err);

    if (rc < 0)
        return rc;
    if (answer.wire.fd_count == 1) {
        *handle_out        = answer.wire.fds[0];
        answer.wire.fds[0] = -1;
    } else {
        rc = cv_error_set(err, CV_ERR_PROTOCOL, "the supervisor's answer has no input");
    }
    linux_client_answer_release(&answer);
    return rc;
}

int linux_client_close_input(void* instance, struct cv_error* err)
{
    return linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_CLOSE_INPUT, NULL, err);
}

/* --- files of one that rests --------------------------------------------------------------------------------------------------- */

/* CV_ERR_STATE: another was quicker. */
static int hold_once(struct linux_instance* self, struct linux_route* route_out, struct cv_error* err)
{
    Containerv__Guardian__Create create = CONTAINERV__GUARDIAN__CREATE__INIT;
    struct linux_route           route  = LINUX_ROUTE_INIT;
    struct containerv_info       info   = { .size = sizeof(info) };
    enum linux_held              held   = LINUX_HELD_NOT;
    int rc = linux_client_record_settled(self, LINUX_SUPERVISOR_END_MS, &info, &route, &held, err);

    linux_route_close(&route);
    if (rc < 0 || !linux_client_rests(&info))
        return rc;
    rc            = linux_supervisor_wait_gone(self->id, err);
    create.action = CONTAINERV__GUARDIAN__ACTION__HOLD;
    return rc == 0 ? linux_supervisor_start(self->id, &create, route_out, err) : rc;
}

int linux_supervised_hold(struct linux_instance* self, struct linux_route* route_out, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(LINUX_SUPERVISOR_END_MS);
    int     rc          = hold_once(self, route_out, err);

    for (int i = 1; i < HOLD_TRIES && rc == CV_ERR_STATE && cv_clock_left_ms(deadline_ms) > 0; i++)
        rc = hold_once(self, route_out, err);
    return rc;
}

void linux_supervised_release(struct linux_instance* self, struct linux_route* route)
{
    if (route->main_fd < 0)
        return;
    cv_handle_closep(&route->main_fd);
    linux_supervisor_wait_gone(self->id, NULL); /* so that who starts it next finds nobody there */
}

/* --- the end ------------------------------------------------------------------------------------------------------------------- */

static int remove_resting(struct linux_instance* self, struct cv_error* err)
{
    Containerv__Guardian__Create create = CONTAINERV__GUARDIAN__CREATE__INIT;
    int                          rc     = linux_supervisor_wait_gone(self->id, err);

    create.action = CONTAINERV__GUARDIAN__ACTION__REMOVE;
    return rc == 0 ? linux_supervisor_run(self->id, &create, err) : rc;
}

/* CV_ERR_LOST, CV_ERR_STATE: it has just stopped, or was started again, and is to be looked at again. */
static int destroy_once(struct linux_instance* self, struct cv_error* err)
{
    struct linux_route     route = LINUX_ROUTE_INIT;
    struct containerv_info info  = { .size = sizeof(info) };
    enum linux_held        held  = LINUX_HELD_NOT;
    int                    rc = linux_client_record_settled(self, LINUX_SUPERVISOR_END_MS, &info, &route, &held, err);

    linux_route_close(&route);
    if (rc < 0)
        return rc;
    if (linux_client_rests(&info)) {
        rc = remove_resting(self, err);
    } else {
        rc = linux_instance_plain(self, CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, NULL, err);
        if (rc == 0)
            rc = linux_supervisor_wait_gone(self->id, err);
    }
    return rc;
}

int linux_supervised_destroy(struct linux_instance* self, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(LINUX_SUPERVISOR_END_MS);
    int     rc          = destroy_once(self, err);

    for (int i = 1; i < DESTROY_TRIES && (rc == CV_ERR_STATE || rc == CV_ERR_LOST) && cv_clock_left_ms(deadline_ms) > 0;
         i++)
        rc = destroy_once(self, err);
    return rc;
}
