/* One process as its options describe it: checked and copied. */
#include <stdlib.h>
#include <string.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

/* The program sees `path` as its argv[0]: a specification has one word for both. So argv[0] may not be something else. */
static int check_first_argument(const char* path, const char* first, struct cv_error* err)
{
    const char* slash = strrchr(path, '/');
    if (strcmp(first, path) == 0 || (slash != NULL && strcmp(first, slash + 1) == 0))
        return 0;
    cv_error_set(err, CV_ERR_UNSUPPORTED, "argv[0] '%.80s' is not the path '%.200s' nor its last part", first, path);
    cv_error_object(err, "%.200s", first);
    return cv_error_hint(err, "make argv[0] the same as the path");
}

static int make_args(struct cv_command* command, const char* path, const char* const* argv, struct cv_error* err)
{
    if (path == NULL || path[0] == '\0' || strlen(path) > CV_SPEC_MAX_PATH)
        return refuse(err, "path", "is missing, empty or too long");
    if (argv != NULL && argv[0] == NULL)
        return refuse(err, "argv", "is empty (expected argv[0], or NULL for the path alone)");
    if (argv != NULL && check_first_argument(path, argv[0], err) < 0)
        return err->code;
    if (cv_strv_append(&command->args, path) < 0)
        return cv_error_no_memory(err);
    for (size_t i = 1; argv != NULL && argv[i] != NULL; i++) {
        if (i >= CV_ARGUMENTS_MAX)
            return refuse(err, "argv", "has more than 65536 entries");
        if (cv_strv_append(&command->args, argv[i]) < 0)
            return cv_error_no_memory(err);
    }
    return 0;
}

static int make_text(char** to, const char* from, struct cv_error* err)
{
    if (from != NULL && (*to = cv_strdup(from, err)) == NULL)
        return CV_ERR_NO_MEMORY;
    return 0;
}

static int check_flags(const struct containerv_spawn_options* options, struct cv_error* err)
{
    bool wait = (options->flags & CV_SPAWN_WAIT) != 0, terminal = (options->flags & CV_SPAWN_TERMINAL) != 0;
    if ((options->flags & ~(uint32_t)(CV_SPAWN_WAIT | CV_SPAWN_TERMINAL)) != 0)
        return refuse(err, "flags", "has unknown bits");
    if (wait && terminal)
        return refuse(
            err, "flags", "CV_SPAWN_WAIT and CV_SPAWN_TERMINAL exclude each other: nobody would read the terminal");
    if (!terminal && options->terminal_out != NULL)
        return refuse(err, "terminal_out", "is for CV_SPAWN_TERMINAL");
    if (!wait && options->exit_out != NULL)
        return refuse(err, "exit_out", "is for CV_SPAWN_WAIT");
    if (!terminal && (options->columns != 0 || options->rows != 0))
        return refuse(err, "columns", "is for CV_SPAWN_TERMINAL");
    if (options->timeout_ms < 0)
        return refuse(err, "timeout_ms", "is negative");
    return 0;
}

static int check_stdio(const struct containerv_spawn_options* options, struct cv_error* err)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(options->stdio); i++) {
        const struct containerv_stdio* stream = &options->stdio[i];
        if (stream->kind > CV_STDIO_HANDLE)
            return refuse(err, "stdio", "has an unknown kind");
        if (stream->kind == CV_STDIO_HANDLE && stream->handle == CV_HANDLE_NONE)
            return refuse(err, "stdio", "has no handle");
    }
    if (options->handle_count > CV_HANDLES_MAX)
        return refuse(err, "handle_count", "is above 240");
    if (options->handle_count > 0 && options->handles == NULL)
        return refuse(err, "handles", "is missing");
    for (size_t i = 0; i < options->handle_count; i++)
        if (options->handles[i] == CV_HANDLE_NONE)
            return refuse(err, "handles", "has one that is none");
    return 0;
}

static int make_handles(
    struct cv_command* command, const struct containerv_spawn_options* options, struct cv_error* err)
{
    if (options->handle_count == 0)
        return 0;
    command->handles = calloc(options->handle_count, sizeof(*command->handles));
    if (command->handles == NULL)
        return cv_error_no_memory(err);
    memcpy(command->handles, options->handles, options->handle_count * sizeof(*command->handles));
    command->handle_count = options->handle_count;
    return 0;
}

static int make_rest(struct cv_command* command, const struct containerv_spawn_options* options, struct cv_error* err)
{
    int rc = check_flags(options, err);
    if (rc == 0)
        rc = check_stdio(options, err);
    if (rc == 0 && options->exit_out != NULL)
        rc = cv_sized_check(options->exit_out, "containerv_exit", err);
    if (rc == 0)
        rc = make_handles(command, options, err);
    if (rc == 0)
        rc = make_text(&command->cwd, options->working_directory, err);
    if (rc == 0)
        rc = make_text(&command->user, options->user, err);
    if (rc == 0 && cv_strv_append_all(&command->env, options->environment) < 0)
        rc = cv_error_no_memory(err);
    command->env_set      = options->environment != NULL;
    command->timeout_ms   = options->timeout_ms;
    command->flags        = options->flags;
    command->columns      = options->columns;
    command->rows         = options->rows;
    command->terminal_out = options->terminal_out;
    command->exit_out     = options->exit_out;
    memcpy(command->stdio, options->stdio, sizeof(command->stdio));
    return rc;
}

int cv_command_make(
    struct cv_command* command, const char* path, const struct containerv_spawn_options* options, struct cv_error* err)
{
    struct containerv_spawn_options known = { 0 };
    struct cv_command               made  = { .set = true };
    int rc = options != NULL ? cv_sized_in(&known, sizeof(known), options, "containerv_spawn_options", err) : 0;
    if (rc == 0)
        rc = make_args(&made, path, known.argv, err);
    if (rc == 0)
        rc = make_rest(&made, &known, err);
    if (rc < 0) {
        cv_command_release(&made);
        return rc;
    }
    *command = made;
    return 0;
}

int cv_user_check(const char* user, struct cv_error* err)
{
    size_t length = strcspn(user, ":");
    bool   colon  = user[length] == ':';
    if (length > 0 && (!colon || (user[length + 1] != '\0' && strchr(user + length + 1, ':') == NULL)))
        return 0;
    cv_error_set(
        err, CV_ERR_INVALID, "'%.80s' is no user (expected \"user\" or \"user:group\", names or numbers)", user);
    return cv_error_object(err, "%.80s", user);
}

int cv_command_check(const struct cv_command* command, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = command->user != NULL ? cv_user_check(command->user, err) : 0;
    if (rc == 0)
        rc = cv_trial_new(command, command, &trial, err);
    if (rc == 0)
        rc = cv_command_apply(command, &trial->process, err);
    if (rc == 0)
        rc = cv_trial_check(trial, err);
    return rc;
}

void cv_command_release(struct cv_command* command)
{
    cv_strv_release(&command->args);
    cv_strv_release(&command->env);
    free(command->cwd);
    free(command->user);
    free(command->handles);
    *command = (struct cv_command){ 0 };
}

void cv_command_io(const struct cv_command* command, struct cv_process_io* io_out)
{
    *io_out = (struct cv_process_io){
        .handles      = command->handles,
        .handle_count = command->handle_count,
        .terminal     = (command->flags & CV_SPAWN_TERMINAL) != 0,
        .columns      = command->columns != 0 ? command->columns : 80,
        .rows         = command->rows != 0 ? command->rows : 24,
        .terminal_out = command->terminal_out,
    };
    memcpy(io_out->stdio, command->stdio, sizeof(io_out->stdio));
}

static int replace(struct cv_strv* list, const struct cv_strv* with, struct cv_error* err)
{
    cv_strv_release(list);
    cv_strv_init(list);
    return cv_strv_copy(list, with) < 0 ? cv_error_no_memory(err) : 0;
}

int cv_command_apply(const struct cv_command* command, struct cv_spec_process* process, struct cv_error* err)
{
    struct cv_process_io io;
    int                  rc = replace(&process->args, &command->args, err);
    if (rc == 0 && command->env_set)
        rc = replace(&process->env, &command->env, err);
    if (rc == 0 && command->cwd != NULL)
        rc = cv_spec_set_string(&process->cwd, command->cwd, err);
    cv_command_io(command, &io);
    process->terminal = process->console_size_set = io.terminal;
    process->console_width                        = io.terminal ? io.columns : 0;
    process->console_height                       = io.terminal ? io.rows : 0;
    return rc;
}
