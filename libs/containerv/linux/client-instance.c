#include "linux/client-instance.h"

#include <stdlib.h>

#include <cv/handle.h>
#include <cv/str.h>

#include <cv/banned.h>

struct linux_instance* linux_instance_free(struct linux_instance* instance)
{
    if (instance == NULL)
        return NULL;
    journal_reader_close(instance->journal);
    cv_handle_closep(&instance->journal_fd);
    cv_handle_closep(&instance->unread_fd);
    cv_handle_closep(&instance->home_fd);
    cv_handle_closep(&instance->event_fd);
    linux_route_close(&instance->route);
    free(instance->id);
    free(instance);
    return NULL;
}

struct linux_instance* linux_instance_new(const char* id, struct cv_error* err)
{
    CV_CLEANUP(linux_instance_freep) struct linux_instance* instance = calloc(1, sizeof(*instance));

    if (instance == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    instance->event_fd = instance->home_fd = instance->journal_fd = instance->unread_fd = -1;
    instance->journal_lock = (struct cv_mutex)CV_MUTEX_INIT;
    instance->route        = (struct linux_route)LINUX_ROUTE_INIT;
    instance->id           = cv_strdup(id, err);
    return instance->id != NULL ? CV_STEAL(instance) : NULL;
}

/* The supervisor ended over the request. */
static int broke_off(const struct linux_instance* self, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_LOST, "the supervisor of container '%s' ended before it answered", self->id);
    cv_error_step(err, "call the container's supervisor");
    cv_error_object(err, "%s", self->id);
    return cv_error_hint(err, "ask for the container's state: it may have stopped");
}

int linux_instance_call(struct linux_instance* self, const Containerv__Guardian__Request* request,
    const struct message_fds* fds, struct linux_client_answer* answer_out, struct cv_error* err)
{
    struct linux_route route = LINUX_ROUTE_INIT;
    int                result;

    if (!self->supervised)
        return linux_client_call(&self->route, request, fds, answer_out, err);
    result = linux_supervised_route(self, &route, err);
    if (result < 0)
        return result;
    result = linux_client_call(&route, request, fds, answer_out, err);
    linux_route_close(&route);
    return result == CV_ERR_LOST ? broke_off(self, err) : result;
}

int linux_instance_plain(struct linux_instance* self, Containerv__Guardian__Request__OperationCase operation,
    struct linux_client_answer* answer_out, struct cv_error* err)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Plain   plain   = CONTAINERV__GUARDIAN__PLAIN__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    int                           result;

    plain.id               = self->id;
    request.operation_case = operation;
    request.kill           = &plain;
    result                 = linux_instance_call(self, &request, NULL, &answer, err);
    if (result == 0 && answer_out != NULL)
        *answer_out = answer;
    else if (result == 0)
        linux_client_answer_release(&answer);
    return result;
}
