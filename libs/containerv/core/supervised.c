/* Supervised containers: what is known of them, their starts and stops, their input. */
#include "core.h"

#include <cv/banned.h>

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

int cv_backend_supervises(const struct cv_backend* backend, bool has_row, const char* what, struct cv_error* err)
{
    return has_row && (backend->features & CV_FEATURE_SUPERVISED) != 0 ? 0
                                                                       : cv_error_unsupported(err, what, backend->name);
}

int cv_container_supervised(struct containerv_container* container, const char* what, struct cv_error* err)
{
    if (container == NULL)
        return refuse(err, "container", "is NULL");
    int rc = cv_backend_supervises(container->backend, true, what, err);
    if (rc < 0 || container->spec->ext.supervision.set)
        return rc;
    cv_error_set(err, CV_ERR_STATE, "%s: container '%s' is not supervised", what, container->spec->ext.id);
    cv_error_object(err, "%s", container->spec->ext.id);
    return cv_error_hint(err, "make it with containerv_options_set_supervised()");
}

/* --- what is known ------------------------------------------------------------------------------------------------------------- */

/* Of one that its caller holds. */
static int plain_info(struct containerv_container* container, struct containerv_info* info, struct cv_error* err)
{
    enum containerv_state state = CV_STATE_STOPPED;
    int rc      = container->backend->state != NULL ? container->backend->state(container->instance, &state, err)
                                                    : cv_error_unsupported(err, "state", container->backend->name);
    info->state = (uint32_t)state;
    return rc;
}

static int look(struct containerv_container* container, struct containerv_info* info, struct cv_error* err)
{
    if (!container->spec->ext.supervision.set)
        return plain_info(container, info, err);
    int rc = cv_backend_supervises(container->backend, container->backend->info != NULL, "info", err);
    return rc == 0 ? container->backend->info(container->instance, info, err) : rc;
}

int containerv_info(struct containerv_container* container, struct containerv_info* info_out)
{
    struct cv_error        err  = CV_ERROR_INIT;
    struct containerv_info info = { .size = sizeof(info), .exit.size = sizeof(info.exit) };
    int rc = container != NULL && info_out != NULL ? cv_sized_check(info_out, "containerv_info", &err)
                                                   : refuse(&err, "container", "or info_out is NULL");
    if (rc == 0)
        rc = look(container, &info, &err);
    if (rc == 0)
        cv_sized_out(info_out, &info, sizeof(info));
    return cv_publish(&err, rc, "ask what is known of the container");
}

/* --- start and stop ------------------------------------------------------------------------------------------------------------ */

int containerv_start(struct containerv_container* container)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = cv_container_supervised(container, "start", &err);
    if (rc == 0)
        rc = cv_backend_supervises(container->backend, container->backend->start != NULL, "start", &err);
    if (rc == 0)
        rc = cv_container_in_state(container, 1u << CV_STATE_CREATED | 1u << CV_STATE_STOPPED, "start", &err);
    if (rc == 0)
        rc = container->backend->start(container->instance, &err);
    return cv_publish(&err, rc, "start the container");
}

int containerv_stop(struct containerv_container* container, int64_t timeout_ms)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = cv_container_supervised(container, "stop", &err);
    if (rc == 0 && timeout_ms < -2)
        rc = refuse(&err, "timeout_ms", "is below -2");
    if (rc == 0)
        rc = cv_backend_supervises(container->backend, container->backend->stop != NULL, "stop", &err);
    if (rc == 0)
        rc = container->backend->stop(container->instance, timeout_ms, &err);
    return cv_publish(&err, rc, "stop the container");
}

/* --- input --------------------------------------------------------------------------------------------------------------------- */

int containerv_attach_input(struct containerv_container* container, containerv_handle_t* handle_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = cv_container_supervised(container, "attach input", &err);
    if (rc == 0 && handle_out == NULL)
        rc = refuse(&err, "handle_out", "is NULL");
    if (rc == 0)
        rc = cv_backend_supervises(container->backend, container->backend->attach_input != NULL, "attach input", &err);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "attach input", &err);
    if (rc == 0)
        rc = container->backend->attach_input(container->instance, handle_out, &err);
    return cv_publish(&err, rc, "attach to the input");
}

int containerv_close_input(struct containerv_container* container)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = cv_container_supervised(container, "close input", &err);
    if (rc == 0)
        rc = cv_backend_supervises(container->backend, container->backend->close_input != NULL, "close input", &err);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "close input", &err);
    if (rc == 0)
        rc = container->backend->close_input(container->instance, &err);
    return cv_publish(&err, rc, "close the input");
}
