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

static bool has(const struct cv_strv* env, const char* name_and_equals)
{
    for (size_t i = 0; i < env->count; i++)
        if (cv_str_starts_with(env->items[i], name_and_equals))
            return true;
    return false;
}

/* The library takes the environment exactly as given: PATH is ours to add, and TERM for a terminal. */
static int complete_environment(struct cvctl_run_options* options, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* term  = NULL;
    char*                      entry = NULL;

    if (!has(&options->env, "PATH=") && cv_strv_append(&options->env, DEFAULT_PATH) < 0)
        return cv_error_no_memory(err);
    if (!options->terminal || has(&options->env, "TERM="))
        return 0;
    if (cv_env_get("TERM", &term, err) < 0)
        return err->code;
    entry = cv_asprintf(err, "TERM=%s", term != NULL && term[0] != '\0' ? term : "xterm");
    if (entry == NULL)
        return err->code;
    return cv_strv_append_steal(&options->env, entry) < 0 ? cv_error_no_memory(err) : 0;
}

static const char* const* list_of(const struct cv_strv* v)
{
    return (const char* const*)v->items;
}

/* One call of a setter that the options gave a value for. Stops at the first failure. */
#define SET(condition, call)                                                                                           \
    do {                                                                                                               \
        if ((condition) && (call) != 0)                                                                                \
            return -1;                                                                                                 \
    } while (0)

static int set_lists(struct containerv_options* made, const struct cvctl_run_options* options)
{
    for (size_t i = 0; i < options->cap_drop.count; i++)
        SET(true, containerv_options_drop_capability(made, options->cap_drop.items[i]));
    for (size_t i = 0; i < options->cap_add.count; i++)
        SET(true, containerv_options_add_capability(made, options->cap_add.items[i]));
    for (size_t i = 0; i < options->ulimit_count; i++)
        SET(true, containerv_options_set_rlimit(
                      made, options->ulimits[i].name, options->ulimits[i].soft, options->ulimits[i].hard));
    for (size_t i = 0; i < options->device_count; i++)
        SET(true, containerv_options_add_device(made, options->devices[i].host, options->devices[i].inside));
    SET(options->mount_count != 0, containerv_options_set_mounts(made, options->mounts, options->mount_count));
    SET(options->groups.count != 0, containerv_options_set_groups(made, list_of(&options->groups)));
    return 0;
}

static int set_scalars(struct containerv_options* made, const struct cvctl_run_options* options)
{
    SET(options->name != NULL, containerv_options_set_id(made, options->name));
    SET(options->backend != NULL, containerv_options_set_backend(made, options->backend));
    SET(options->shared != 0, containerv_options_set_shared(made, options->shared));
    SET(options->network.mode != CV_NETWORK_NONE, containerv_options_set_network(made, &options->network));
    SET(options->hostname != NULL, containerv_options_set_hostname(made, options->hostname));
    SET(options->read_only, containerv_options_set_readonly(made, 1));
    SET(options->user != NULL, containerv_options_set_user(made, options->user));
    SET(options->workdir != NULL, containerv_options_set_working_directory(made, options->workdir));
    SET(options->umask_set, containerv_options_set_umask(made, options->umask));
    SET(!options->no_new_privileges, containerv_options_set_no_new_privileges(made, 0));
    SET(options->seccomp != NULL, containerv_options_set_seccomp(made, options->seccomp));
    SET(!options->init, containerv_options_set_init(made, 0));
    SET(true, containerv_options_set_environment(made, list_of(&options->env)));
    return 0;
}

/* Where the root comes from. In place: the folder itself. Else read-only layers, lowest first. */
static int set_root(struct containerv_options* made, const struct cvctl_run_options* options, const char* root)
{
    struct cv_strv layers = { 0 };
    int            rc;

    if (options->rootfs != NULL && !options->overlay)
        return 0;
    rc = cv_strv_append(&layers, root);
    for (size_t i = 0; rc == 0 && i < options->layers.count; i++) {
        char* path = cv_path_absolute(options->layers.items[i], NULL);

        rc = path == NULL ? CV_ERR_NO_MEMORY : cv_strv_append_steal(&layers, path);
    }
    rc = rc == 0 ? containerv_options_set_layers(made, list_of(&layers), layers.count) : rc;
    cv_strv_release(&layers);
    return rc;
}

int cvctl_run_build(struct cvctl_run_options* options, const char* root, struct containerv_options** made_out,
    const char** rootfs_out, struct cv_error* err)
{
    struct containerv_options* made;

    if (complete_environment(options, err) < 0)
        return err->code;
    made = containerv_options_new();
    if (made == NULL)
        return cv_error_no_memory(err);
    if (set_root(made, options, root) != 0 || set_scalars(made, options) != 0 || set_lists(made, options) != 0) {
        cvctl_last_error(err);
        containerv_options_delete(made);
        return err->code;
    }
    *made_out   = made;
    *rootfs_out = options->rootfs != NULL && !options->overlay ? root : NULL;
    return 0;
}
