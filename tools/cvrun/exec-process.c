#include "exec-process.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "spec/capnames.h"

#include <cv/banned.h>

int cvrun_env_set(struct cv_strv* env, const char* entry, struct cv_error* err)
{
    size_t name = strcspn(entry, "=");

    if (name == 0 || entry[name] != '=') {
        cv_error_set(err, CV_ERR_INVALID, "'%s' is not a variable of the environment", entry);
        return cv_error_hint(err, "NAME=VALUE");
    }
    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->items[i], entry, name + 1) == 0)
            return cv_spec_set_string(&env->items[i], entry, err);
    return cv_strv_append(env, entry) < 0 ? cv_error_no_memory(err) : 0;
}

static int add_capability(struct cv_spec_capabilities* capabilities, const char* word, struct cv_error* err)
{
    struct cv_strv* sets[] = { &capabilities->bounding, &capabilities->effective, &capabilities->permitted };
    int             number = cv_capability_number_loose(word);
    const char*     name   = number >= 0 ? cv_capability_name((unsigned)number) : NULL;

    if (name == NULL) {
        cv_error_set(err, CV_ERR_INVALID, "'%s' is not a capability", word);
        return cv_error_hint(err, "such as CAP_NET_ADMIN");
    }
    capabilities->set = true;
    for (size_t i = 0; i < CV_ARRAY_LEN(sets); i++)
        if (!cv_strv_contains(sets[i], name) && cv_strv_append(sets[i], name) < 0)
            return cv_error_no_memory(err);
    return 0;
}

void cvrun_process_fit(struct cv_spec_process* process)
{
    struct cv_spec_capabilities* capabilities = &process->capabilities;
    struct cv_strv*              ambient      = &capabilities->ambient;
    size_t                       at           = 0;

    while (at < ambient->count) {
        char* name = ambient->items[at];

        if (cv_capability_number(name) < 0 /* kept, to be refused */
            || (cv_strv_contains(&capabilities->inheritable, name)
                && cv_strv_contains(&capabilities->permitted, name))) {
            at++;
            continue;
        }
        free(name);
        memmove(&ambient->items[at], &ambient->items[at + 1], (ambient->count - at) * sizeof(*ambient->items));
        ambient->count--; /* the NULL at the end moved, too */
    }
}

static int add_gids(struct cv_spec_user* user, const struct cv_strv* words, struct cv_error* err)
{
    size_t    count = user->additional_gid_count + words->count;
    uint32_t* gids;

    if (words->count == 0)
        return 0;
    if (count > CVRUN_GIDS_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "%zu groups are more than %d", count, CVRUN_GIDS_MAX);
    gids = realloc(user->additional_gids, count * sizeof(*gids));
    if (gids == NULL)
        return cv_error_no_memory(err);
    user->additional_gids = gids;
    for (size_t i = 0; i < words->count; i++) {
        uint64_t gid;

        if (cv_parse_u64(words->items[i], 0, UINT32_MAX - 1, &gid, err) < 0)
            return cv_error_wrap(err, "group '%s'", words->items[i]);
        gids[user->additional_gid_count++] = (uint32_t)gid;
    }
    return 0;
}

/* A string of the options, when there is one. */
static int replace(char** field, const char* value, struct cv_error* err)
{
    return value != NULL ? cv_spec_set_string(field, value, err) : 0;
}

static void set_user(struct cv_spec_user* user, const struct cvrun_user* given)
{
    if (!given->set)
        return;
    user->uid = given->uid;
    if (given->gid_set)
        user->gid = given->gid;
}

static int change(
    struct cv_spec_process* process, const struct cvrun_options* options, const char* const* argv, struct cv_error* err)
{
    process->set      = true;
    process->terminal = options->tty;
    cv_strv_release(&process->args);
    if (cv_strv_append_all(&process->args, argv) < 0)
        return cv_error_no_memory(err);
    if (replace(&process->cwd, options->cwd, err) < 0 || replace(&process->apparmor_profile, options->apparmor, err) < 0
        || replace(&process->selinux_label, options->process_label, err) < 0)
        return err->code;
    if (options->no_new_privs.set)
        process->no_new_privileges = options->no_new_privs.value;
    set_user(&process->user, &options->user);
    for (size_t i = 0; i < options->env.count; i++)
        if (cvrun_env_set(&process->env, options->env.items[i], err) < 0)
            return err->code;
    for (size_t i = 0; i < options->caps.count; i++)
        if (add_capability(&process->capabilities, options->caps.items[i], err) < 0)
            return err->code;
    return add_gids(&process->user, &options->additional_gids, err);
}

int cvrun_process_make(const struct cv_spec_process* base, const struct cvrun_options* options, const char* const* argv,
    struct cv_spec_process* process_out, struct cv_error* err)
{
    struct cv_spec_process process;

    if (cv_spec_process_copy(base, &process, err) < 0)
        return err->code;
    if (change(&process, options, argv, err) < 0 || cv_spec_process_validate(&process, err) < 0) {
        cv_spec_process_release(&process);
        return err->code;
    }
    *process_out = process;
    return 0;
}
