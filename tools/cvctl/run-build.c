/* struct cvctl_run_options as the library's options, setter by setter. */
#include <stdlib.h>
#include <string.h>

#include <chef/containerv.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The library takes the environment exactly as given: PATH is ours to add, and TERM for a terminal. */
static int complete_environment(struct cvctl_run_options* options, struct cv_error* err)
{
    if (!cvctl_run_has_env(&options->env, "PATH") && cv_strv_append(&options->env, DEFAULT_PATH) < 0)
        return cv_error_no_memory(err);
    return options->terminal ? cvctl_run_put_term(&options->env, err) : 0;
}

static const char* const* list_of(const struct cv_strv* v)
{
    return (const char* const*)v->items;
}

/* One call of a setter for an option that was given. Stops at the first failure and tells which option it was. */
#define SET(option, condition, call)                                                                                   \
    do {                                                                                                               \
        if ((condition) && (call) != 0)                                                                                \
            return option;                                                                                             \
    } while (0)

static const char* set_lists(struct containerv_options* made, const struct cvctl_run_options* given)
{
    for (size_t i = 0; i < given->cap_drop.count; i++)
        SET("cap-drop", true, containerv_options_drop_capability(made, given->cap_drop.items[i]));
    for (size_t i = 0; i < given->cap_add.count; i++)
        SET("cap-add", true, containerv_options_add_capability(made, given->cap_add.items[i]));
    for (size_t i = 0; i < given->ulimit_count; i++)
        SET("ulimit", true,
            containerv_options_set_rlimit(
                made, given->ulimits[i].name, given->ulimits[i].soft, given->ulimits[i].hard));
    for (size_t i = 0; i < given->device_count; i++)
        SET("device", true,
            containerv_options_add_device_access(
                made, given->devices[i].host, given->devices[i].inside, given->devices[i].access));
    for (size_t i = 0; i < given->secret_count; i++)
        SET("secret", true, containerv_options_add_secret(made, &given->secrets[i]));
    SET("volume, --mount or --tmpfs", given->mount_count != 0,
        containerv_options_set_mounts(made, given->mounts, given->mount_count));
    SET("group-add", given->groups.count != 0, containerv_options_set_groups(made, list_of(&given->groups)));
    return NULL;
}

/* "default" and "unconfined" are names; everything else is a file, of Docker's form or OCI's, which that has in it. */
static int set_seccomp(struct containerv_policy* policy, const char* profile)
{
    if (strcmp(profile, "default") == 0)
        return containerv_policy_set_seccomp(policy, CV_SECCOMP_DEFAULT, NULL, 0);
    if (strcmp(profile, "unconfined") == 0)
        return containerv_policy_set_seccomp(policy, CV_SECCOMP_NONE, NULL, 0);
    return containerv_policy_set_seccomp_file(policy, CV_SECCOMP_DOCKER, profile);
}

static const char* fill_policy(struct containerv_policy* policy, const struct cvctl_run_options* given)
{
    SET("security-opt seccomp", given->seccomp != NULL, set_seccomp(policy, given->seccomp));
    SET("security-opt unmask", given->unmask_all, containerv_policy_unmask(policy, NULL));
    for (size_t i = 0; i < given->unmask.count; i++)
        SET("security-opt unmask", true, containerv_policy_unmask(policy, given->unmask.items[i]));
    for (size_t i = 0; i < given->mask.count; i++)
        SET("security-opt mask", true, containerv_policy_add_masked_path(policy, given->mask.items[i]));
    for (size_t i = 0; i < given->rule_count; i++) {
        const struct cvctl_rule* rule = &given->rules[i];
        SET("landlock-path", rule->path != NULL, containerv_policy_add_path(policy, rule->path, rule->access));
        SET("landlock-tcp", rule->path == NULL, containerv_policy_add_tcp(policy, rule->port, rule->access));
    }
    return NULL;
}

/* No policy unless one was asked for: not every back end has them. */
static const char* set_policy(struct containerv_options* made, const struct cvctl_run_options* given)
{
    struct containerv_policy* policy;
    const char*               refused;

    if (given->seccomp == NULL && !given->strict && !given->unmask_all && given->unmask.count == 0
        && given->mask.count == 0 && given->rule_count == 0)
        return NULL;
    policy = containerv_policy_new(given->strict ? CV_SECURITY_STRICT : CV_SECURITY_DEFAULT);
    if (policy == NULL)
        return "security-opt";
    refused = fill_policy(policy, given);
    if (refused == NULL && containerv_options_set_policy(made, policy) != 0)
        refused = "security-opt";
    containerv_policy_delete(policy);
    return refused;
}

static const char* set_scalars(struct containerv_options* made, const struct cvctl_run_options* given)
{
    SET("name", given->name != NULL, containerv_options_set_id(made, given->name));
    SET("backend", given->backend != NULL, containerv_options_set_backend(made, given->backend));
    SET("share", given->shared != 0, containerv_options_set_shared(made, given->shared));
    SET("network", given->network.mode != CV_NETWORK_NONE, containerv_options_set_network(made, &given->network));
    SET("memory, --cpus or another limit", cvctl_run_limits_given(given),
        containerv_options_set_limits(made, &given->limits));
    SET("cgroup-parent", given->cgroup_parent != NULL,
        containerv_options_set_cgroup_parent(made, given->cgroup_parent));
    SET("hostname", given->hostname != NULL, containerv_options_set_hostname(made, given->hostname));
    SET("read-only", given->read_only, containerv_options_set_readonly(made, 1));
    SET("user", given->user != NULL, containerv_options_set_user(made, given->user));
    SET("workdir", given->workdir != NULL, containerv_options_set_working_directory(made, given->workdir));
    SET("umask", given->umask_set, containerv_options_set_umask(made, given->umask));
    for (unsigned clock = 0; clock < CV_ARRAY_LEN(given->time_set); clock++)
        SET("time-offset", given->time_set[clock],
            containerv_options_set_time_offset(made, clock, given->time_offset_ns[clock]));
    SET("security-opt", !given->no_new_privileges, containerv_options_set_no_new_privileges(made, 0));
    SET("no-init", !given->init, containerv_options_set_init(made, 0));
    SET("detach", given->detach, containerv_options_set_supervision(made, &given->supervision));
    SET("env", true, containerv_options_set_environment(made, list_of(&given->env)));
    return NULL;
}

/* Read-only layers, lowest first: the root, then those of --layer. None when the root folder is used in place. */
static int list_layers(
    const struct cvctl_run_options* options, const char* root, struct cv_strv* layers, struct cv_error* err)
{
    if (options->rootfs != NULL && !options->overlay)
        return 0;
    if (cv_strv_append(layers, root) < 0)
        return cv_error_no_memory(err);
    for (size_t i = 0; i < options->layers.count; i++) {
        char* path = cv_path_absolute(options->layers.items[i], err);

        if (path == NULL)
            return err->code;
        if (cv_strv_append_steal(layers, path) < 0)
            return cv_error_no_memory(err);
    }
    return 0;
}

static const char* set_layers(struct containerv_options* made, const struct cv_strv* layers)
{
    SET("layer", layers->count > 1, containerv_options_set_layers(made, list_of(layers), layers->count));
    SET("rootfs", layers->count == 1, containerv_options_set_layers(made, list_of(layers), 1));
    return NULL;
}

static int fill(struct containerv_options* made, const struct cvctl_run_options* options, const struct cv_strv* layers,
    struct cv_error* err)
{
    const char* refused = set_layers(made, layers);

    if (refused == NULL)
        refused = set_scalars(made, options);
    if (refused == NULL)
        refused = set_policy(made, options);
    if (refused == NULL)
        refused = set_lists(made, options);
    if (refused == NULL)
        return 0;
    cvctl_last_error(err);
    return cv_error_wrap(err, "option --%s", refused);
}

int cvctl_run_build(struct cvctl_run_options* options, const char* root, struct containerv_options** made_out,
    const char** rootfs_out, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv layers = { 0 };
    struct containerv_options*                 made;

    if (complete_environment(options, err) < 0 || list_layers(options, root, &layers, err) < 0)
        return err->code;
    made = containerv_options_new();
    if (made == NULL)
        return cv_error_no_memory(err);
    if (fill(made, options, &layers, err) < 0) {
        containerv_options_delete(made);
        return err->code;
    }
    *made_out   = made;
    *rootfs_out = layers.count == 0 ? root : NULL;
    return 0;
}
