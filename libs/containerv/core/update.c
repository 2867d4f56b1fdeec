/* What no back end can do yet, or only some can: each call says so with the back end's name. */
#include "core.h"

#include <cv/banned.h>

static int unsupported(struct containerv_container* container, const char* what)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = container != NULL ? cv_error_unsupported(&err, what, container->backend->name)
                                            : cv_error_set(&err, CV_ERR_INVALID, "container is NULL");
    return cv_publish(&err, rc, what);
}

int containerv_update(struct containerv_container* container, const struct containerv_limits* limits)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    if (container == NULL || container->backend->update == NULL
        || (container->backend->features & CV_FEATURE_UPDATE) == 0)
        return unsupported(container, "update");
    int rc = cv_trial_new(container, limits, &trial, &err);
    if (rc == 0)
        rc = cv_limits_apply(trial, limits, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "update", &err);
    if (rc == 0)
        rc = container->backend->update(container->instance, trial, &err);
    return cv_publish(&err, rc, "update the limits");
}

int containerv_stats(struct containerv_container* container, struct containerv_stats* stats_out)
{
    struct cv_error         err   = CV_ERROR_INIT;
    struct containerv_stats stats = { .size = sizeof(stats) };
    if (container == NULL || container->backend->stats == NULL
        || (container->backend->features & CV_FEATURE_STATS) == 0)
        return unsupported(container, "stats");
    int rc = stats_out != NULL ? cv_sized_check(stats_out, "containerv_stats", &err)
                               : cv_error_set(&err, CV_ERR_INVALID, "stats_out is NULL");
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "stats", &err);
    if (rc == 0)
        rc = container->backend->stats(container->instance, &stats, &err);
    if (rc == 0)
        cv_sized_out(stats_out, &stats, sizeof(stats));
    return cv_publish(&err, rc, "look at what the container uses");
}
