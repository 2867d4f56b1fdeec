/* Choosing a back end, and what one can do. */
#include <stdlib.h>
#include <string.h>

#include <cv/env.h>

#include "core.h"

#include <cv/banned.h>

int cv_backend_find(const char* name, const struct cv_backend** backend_out, struct cv_error* err)
{
    for (size_t i = 0; cv_backends[i] != NULL; i++)
        if (strcmp(cv_backends[i]->name, name) == 0) {
            *backend_out = cv_backends[i];
            return 0;
        }
    cv_error_set(err, CV_ERR_NOT_FOUND, "this build has no back end '%.80s'", name);
    cv_error_step(err, "find the back end");
    cv_error_object(err, "%.80s", name);
    return cv_error_hint(err, "containerv_backends() names those that it has");
}

/* The first that works here. When none does, why the first one doesn't. */
static int first_that_works(const struct cv_backend** backend_out, struct cv_error* err)
{
    struct cv_error later;
    for (size_t i = 0; cv_backends[i] != NULL; i++)
        if (cv_backends[i]->probe == NULL || cv_backends[i]->probe(i == 0 ? err : &later) == 0) {
            *backend_out = cv_backends[i];
            return 0;
        }
    if (cv_backends[0] != NULL)
        return cv_error_wrap(err, "the %s back end can't run here", cv_backends[0]->name);
    cv_error_set(err, CV_ERR_NOT_FOUND, "this build has no back end");
    return cv_error_step(err, "choose a back end");
}

int cv_backend_choose(const char* name, const struct cv_backend** backend_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* variable = NULL;
    if (name != NULL)
        return cv_backend_find(name, backend_out, err);
    int rc = cv_env_get_secure("CONTAINERV_BACKEND", &variable, err);
    if (rc < 0)
        return rc;
    if (variable == NULL || variable[0] == '\0')
        return first_that_works(backend_out, err);
    rc = cv_backend_find(variable, backend_out, err);
    return rc < 0 ? cv_error_wrap(err, "CONTAINERV_BACKEND") : 0;
}

static bool wants_mounts(const struct containerv_options* options)
{
    return options->draft->mounts.count > 0;
}
static bool wants_layers(const struct containerv_options* options)
{
    return options->draft->ext.layers.count > 0;
}
static bool wants_veth(const struct containerv_options* options)
{
    return options->draft->ext.network.mode == CV_SPEC_NETWORK_VETH;
}
static bool wants_users(const struct containerv_options* options)
{
    return options->draft->ext.user != NULL || options->draft->ext.groups.count > 0 || options->command.user != NULL;
}
static bool wants_handles(const struct containerv_options* options)
{
    return options->command.handle_count > 0;
}
static bool wants_terminal(const struct containerv_options* options)
{
    return (options->command.flags & CV_SPAWN_TERMINAL) != 0;
}
static bool wants_limits(const struct containerv_options* options)
{
    const struct cv_spec_limits none = { .pids = options->draft->ext.limits.pids == UINT64_MAX ? UINT64_MAX : 0 };
    return memcmp(&options->draft->ext.limits, &none, sizeof(none)) != 0;
}
static bool wants_supervised(const struct containerv_options* options)
{
    return options->draft->ext.supervision.set;
}
static bool wants_devices(const struct containerv_options* options)
{
    return options->draft->ext.devices.count > 0;
}
static bool wants_policy(const struct containerv_options* options)
{
    return options->policy != NULL;
}
static bool wants_pid1(const struct containerv_options* options)
{
    return options->draft->ext.no_init;
}
static bool wants_time(const struct containerv_options* options)
{
    return options->draft->linux_.time_offsets.set;
}

static bool wants_cgroup(const struct containerv_options* options)
{
    return options->draft->ext.cgroup_parent != NULL;
}

static const struct {
    uint64_t    feature;
    const char* what;
    bool (*wanted)(const struct containerv_options* options);
} needs[] = {
    { CV_FEATURE_MOUNTS, "mounts", wants_mounts },
    { CV_FEATURE_LAYERS, "layers", wants_layers },
    { CV_FEATURE_VETH, "veth", wants_veth },
    { CV_FEATURE_USERS, "user", wants_users },
    { CV_FEATURE_HANDLES, "handles", wants_handles },
    { CV_FEATURE_TERMINAL, "terminal", wants_terminal },
    { CV_FEATURE_LIMITS, "limits", wants_limits },
    { CV_FEATURE_SUPERVISED, "supervised", wants_supervised },
    { CV_FEATURE_DEVICES, "devices", wants_devices },
    { CV_FEATURE_POLICY, "policy", wants_policy },
    { CV_FEATURE_PID1, "init=0", wants_pid1 },
    { CV_FEATURE_TIME, "time offset", wants_time },
    { CV_FEATURE_CGROUPS, "cgroup parent", wants_cgroup },
};

static const struct {
    uint32_t    cap;
    const char* what;
} caps[] = {
    { CV_CAP_FILESYSTEM, "isolation of the filesystem" },
    { CV_CAP_PROCESS_CONTROL, "isolation of processes" },
    { CV_CAP_NETWORK, "isolation of the network" },
    { CV_CAP_IPC, "isolation of inter-process communication" },
    { CV_CAP_USERS, "isolation of users" },
    { CV_CAP_LIMITS, "limits" },
};

int cv_backend_can(const struct cv_backend* backend, const struct containerv_options* options, struct cv_error* err)
{
    if (options == NULL)
        return 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(needs); i++)
        if ((backend->features & needs[i].feature) == 0 && needs[i].wanted(options))
            return cv_error_unsupported(err, needs[i].what, backend->name);
    for (size_t i = 0; i < CV_ARRAY_LEN(caps); i++)
        if ((options->draft->ext.caps & caps[i].cap & ~backend->caps) != 0)
            return cv_error_unsupported(err, caps[i].what, backend->name);
    const char* isolation = options->draft->ext.isolation;
    if (isolation != NULL && strcmp(isolation, "default") != 0 && strcmp(isolation, "process") != 0)
        return cv_error_unsupported(err, isolation, backend->name);
    return 0;
}
