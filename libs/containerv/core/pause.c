/* Stopping all processes where they are, and letting them go on. */
#include "core.h"

#include <cv/banned.h>

typedef int (*pause_fn)(void* instance, struct cv_error* err);

static int change(
    struct containerv_container* container, pause_fn fn, unsigned allowed, const char* what, struct cv_error* err)
{
    if (fn == NULL || (container->backend->features & CV_FEATURE_PAUSE) == 0)
        return cv_error_unsupported(err, what, container->backend->name);
    CV_CLEANUP(cv_mutex_unlockp) CV_UNUSED struct cv_mutex* held = cv_hold(&container->lock);
    int                                                     rc   = cv_container_in_state(container, allowed, what, err);
    return rc == 0 ? fn(container->instance, err) : rc;
}

int containerv_pause(struct containerv_container* container)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = container != NULL ? change(
                              container, container->backend->pause, 1u << CV_STATE_CREATED | 1u << CV_STATE_RUNNING, "pause", &err)
                                            : cv_error_set(&err, CV_ERR_INVALID, "container is NULL");
    return cv_publish(&err, rc, "pause the container");
}

int containerv_resume(struct containerv_container* container)
{
    struct cv_error err = CV_ERROR_INIT;
    int rc = container != NULL ? change(container, container->backend->resume, 1u << CV_STATE_PAUSED, "resume", &err)
                               : cv_error_set(&err, CV_ERR_INVALID, "container is NULL");
    return cv_publish(&err, rc, "resume the container");
}
