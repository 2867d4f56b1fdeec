/* -e and --env-file. The last value of a name counts. */
#include <stdlib.h>
#include <string.h>

#include <cv/env.h>
#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "run-options.h"

#include <cv/banned.h>

static void forget(struct cv_strv* env, const char* name, size_t length)
{
    size_t kept = 0;

    for (size_t i = 0; i < env->count; i++) {
        if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=')
            free(env->items[i]);
        else
            env->items[kept++] = env->items[i];
    }
    env->count = kept;
    if (env->items != NULL)
        env->items[kept] = NULL;
}

/* NAME alone: the caller's value; nothing when the caller has none, as in docker. */
static int take_callers(struct cv_strv* env, const char* name, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* value = NULL;
    char*                      entry;

    if (cv_env_get(name, &value, err) < 0)
        return err->code;
    if (value == NULL)
        return 0;
    entry = cv_asprintf(err, "%s=%s", name, value);
    if (entry == NULL)
        return err->code;
    return cv_strv_append_steal(env, entry) < 0 ? cv_error_no_memory(err) : 0;
}

int cvctl_run_put_env(struct cv_strv* env, const char* text, struct cv_error* err)
{
    size_t length = strcspn(text, "=");

    if (length == 0) {
        cv_error_set(err, CV_ERR_INVALID, "has no name");
        return cv_error_hint(err, "NAME=VALUE, or NAME for the value that you have");
    }
    if (strcspn(text, " \t\n") < length)
        return cv_error_set(err, CV_ERR_INVALID, "has white space in its name");
    forget(env, text, length);
    if (text[length] == '\0')
        return take_callers(env, text, err);
    return cv_strv_append(env, text) < 0 ? cv_error_no_memory(err) : 0;
}

bool cvctl_run_has_env(const struct cv_strv* env, const char* name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < env->count; i++)
        if (cv_str_starts_with(env->items[i], name) && env->items[i][length] == '=')
            return true;
    return false;
}

int cvctl_run_put_term(struct cv_strv* env, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* term = NULL;
    char*                      entry;

    if (cvctl_run_has_env(env, "TERM"))
        return 0;
    if (cv_env_get("TERM", &term, err) < 0)
        return err->code;
    entry = cv_asprintf(err, "TERM=%s", term != NULL && term[0] != '\0' ? term : "xterm");
    if (entry == NULL)
        return err->code;
    return cv_strv_append_steal(env, entry) < 0 ? cv_error_no_memory(err) : 0;
}

CVCTL_SETTER(cvctl_run_set_env)
{
    struct cvctl_run_options* options = target;

    (void)option;
    return cvctl_run_put_env(&options->env, value, err);
}

CVCTL_SETTER(cvctl_run_set_env_file)
{
    struct cvctl_run_options*  options = target;
    CV_CLEANUP(cv_freep) char* text    = NULL;
    unsigned                   number  = 0;

    (void)option;
    if (cv_file_read(value, CVCTL_ENV_FILE_MAX, &text, NULL, err) < 0)
        return err->code;
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        number++;
        line += strspn(line, " \t");
        line[strcspn(line, "\r")] = '\0';
        if (line[0] != '\0' && line[0] != '#' && cvctl_run_put_env(&options->env, line, err) < 0)
            return cv_error_wrap(err, "line %u", number);
    }
    return 0;
}
