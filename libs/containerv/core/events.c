/* What happens to a container, for event loops. */
#include "core.h"

#include <cv/banned.h>

static int next(struct containerv_container* container, struct containerv_event* event_out, struct cv_error* err)
{
    struct containerv_event event = { .size = sizeof(event), .exit.size = sizeof(event.exit) };
    int                     rc    = cv_sized_check(event_out, "containerv_event", err);
    if (rc == 0 && (container->backend->next_event == NULL || (container->backend->features & CV_FEATURE_EVENTS) == 0))
        rc = cv_error_unsupported(err, "events", container->backend->name);
    if (rc == 0)
        rc = container->backend->next_event(container->instance, &event, err);
    if (rc == 0)
        cv_sized_out(event_out, &event, sizeof(event));
    return rc;
}

int containerv_events(struct containerv_container* container, struct containerv_event* event_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = container != NULL && event_out != NULL ? next(container, event_out, &err)
                                                                 : cv_error_set(&err, CV_ERR_INVALID, "container is NULL");
    return cv_publish(&err, rc, "take an event");
}

int containerv_event_fd(struct containerv_container* container, containerv_handle_t* handle_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = 0;
    if (container == NULL || handle_out == NULL)
        rc = cv_error_set(&err, CV_ERR_INVALID, "container or handle_out is NULL");
    else if (container->backend->event_handle == NULL || (container->backend->features & CV_FEATURE_EVENTS) == 0)
        rc = cv_error_unsupported(&err, "event_fd", container->backend->name);
    else
        rc = container->backend->event_handle(container->instance, handle_out, &err);
    return cv_publish(&err, rc, "ask for the event handle");
}
