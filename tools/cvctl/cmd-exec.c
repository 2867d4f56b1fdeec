#include <string.h>

#include <chef/containerv.h>
#include <cv/macros.h>

#include "containers.h"
#include "run.h"

#include <cv/banned.h>

struct exec_options {
    struct cvctl_run_options run; /* the first member: setters of run's options are used */
    bool                     detach;
    struct cvctl_detach_keys keys;
};

#define AT(member) offsetof(struct exec_options, member)

static const struct cv_option options[] = {
    { "interactive", 'i', NULL, cv_option_bool, AT(run.interactive),
        "connect standard input; without it the program reads nothing" },
    { "tty", 't', NULL, cv_option_bool, AT(run.terminal), "give the program a terminal" },
    { "detach", 'd', NULL, cv_option_bool, AT(detach), "don't wait for it; what it writes goes nowhere" },
    { "env", 'e', "NAME[=VALUE]", cvctl_run_set_env, 0,
        "set a variable beside the container's; NAME alone takes yours" },
    { "env-file", 0, "FILE", cvctl_run_set_env_file, 0, "the same, one a line" },
    { "workdir", 'w', "PATH", cvctl_run_set_absolute, AT(run.workdir),
        "working folder inside, default the container's" },
    { "user", 'u', "USER[:GROUP]", cv_option_string, AT(run.user), "default the container's" },
    { "timeout", 0, "DURATION", cvctl_run_set_timeout, 0, "kill the program after 90, 90s, 1m30s, 500ms" },
    { "detach-keys", 0, "KEYS", cvctl_option_detach_keys, AT(keys),
        "leave the terminal by them, default " CVCTL_DETACH_KEYS "; \"\" is none" },
    { "format", 0, "FORMAT", cvctl_option_format, AT(run.json), "how errors are printed: text or json" },
    { NULL },
};

/* The container's own environment, and what was given. The library wants all of it. */
static int make_environment(
    struct containerv_container* container, struct exec_options* chosen, struct cv_strv* env, struct cv_error* err)
{
    json_t* config = cvctl_container_config(container, err);
    json_t* entry;
    size_t  i;
    int     rc = config != NULL ? 0 : err->code;

    json_array_foreach(json_object_get(json_object_get(config, "process"), "env"), i, entry)
    {
        if (rc == 0 && json_string_value(entry) != NULL && cv_strv_append(env, json_string_value(entry)) < 0)
            rc = cv_error_no_memory(err);
    }
    json_decref(config);
    for (i = 0; rc == 0 && i < chosen->run.env.count; i++)
        rc = cvctl_run_put_env(env, chosen->run.env.items[i], err);
    return rc == 0 && chosen->run.terminal ? cvctl_run_put_term(env, err) : rc;
}

static int start(struct containerv_container* container, struct exec_options* chosen, process_handle_t* process,
    containerv_handle_t* terminal, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv env   = { 0 };
    struct containerv_spawn_options            spawn = { .size = sizeof(spawn) };

    spawn.argv              = (const char* const*)chosen->run.command;
    spawn.working_directory = chosen->run.workdir;
    spawn.user              = chosen->run.user;
    spawn.timeout_ms        = chosen->run.timeout_ms;
    if (!chosen->detach)
        cvctl_session_streams(chosen->run.interactive, chosen->run.terminal ? terminal : NULL, &spawn);
    if (chosen->run.env.count != 0 || chosen->run.terminal) {
        if (make_environment(container, chosen, &env, err) < 0)
            return err->code;
        spawn.environment = (const char* const*)env.items;
    }
    if (containerv_spawn(container, chosen->run.command[0], &spawn, process) == 0)
        return 0;
    cvctl_last_error(err);
    return err->code;
}

static int end_code(const char* id, const struct exec_options* chosen, const struct cvctl_session_end* end)
{
    if (end->detached)
        return 0;
    if (end->stopped != 0)
        return CVCTL_EXIT_SIGNAL + end->stopped;
    return cvctl_end_code(id, chosen->run.command[0], &end->exit, "");
}

/* *free_out: nothing waits any more, so that the handle can be closed. */
static int exec_in(struct containerv_container* container, struct exec_options* chosen, bool* free_out)
{
    struct cvctl_session     session = cvctl_session_of(container, chosen->run.interactive);
    struct cvctl_session_end end;
    struct cv_error          err = CV_ERROR_INIT;

    *free_out = true;
    if (start(container, chosen, &session.process, &session.terminal, &err) < 0)
        return cvctl_start_failed(&err);
    if (chosen->detach)
        return 0;
    session.keys = chosen->run.terminal && chosen->run.interactive ? &chosen->keys : NULL;
    if (cvctl_session_run(&session, &end, &err) < 0) {
        *free_out = false;
        return cvctl_print_error(&err);
    }
    *free_out = !end.detached;
    return end_code(containerv_id(container), chosen, &end);
}

static int open_and_exec(const char* name, struct exec_options* chosen)
{
    struct containerv_container* container;
    struct cv_error              err = CV_ERROR_INIT;
    bool                         free;
    int                          code;

    if (cvctl_signals_catch(&err) < 0 || cvctl_container_open(name, &container, &err) < 0)
        return cvctl_print_error(&err);
    code = exec_in(container, chosen, &free);
    if (free)
        (void)containerv_close(container);
    return code;
}

static int check(const struct exec_options* chosen, int argc, char** argv, int first, struct cv_error* err)
{
    if (argc - first >= 2 && argv[first + 1][0] != '\0')
        return !chosen->run.terminal || chosen->detach ? 0 : cvctl_check_terminal(err);
    cv_error_set(
        err, CV_ERR_INVALID, "%s", first == argc ? "'exec' needs a container and a command" : "no command was given");
    cv_error_step(err, "check the options");
    return cv_error_hint(err, "cvctl exec ID CMD [ARG...]");
}

static int run(int argc, char** argv)
{
    struct exec_options chosen = { .detach = false };
    struct cv_error     err    = CV_ERROR_INIT;
    int                 first = 0, code = 0;

    cvctl_run_options_init(&chosen.run);
    (void)cvctl_detach_keys_parse(CVCTL_DETACH_KEYS, &chosen.keys, NULL);
    if (!cvctl_parse(&cvctl_exec_command, argc, argv, &chosen, &first, &code))
        goto done;
    if (check(&chosen, argc, argv, first, &err) < 0) {
        code = cvctl_print_error(&err);
        goto done;
    }
    chosen.run.command = argv + first + 1;
    code               = open_and_exec(argv[first], &chosen);
done:
    cvctl_run_options_release(&chosen.run);
    return code;
}

const struct cvctl_command cvctl_exec_command = {
    .name     = "exec",
    .synopsis = "[OPTION...] ID CMD [ARG...]",
    .summary  = "run a program in a container that runs",
    .options  = options,
    .details =
        "With the container's isolation, limits and rules, and its environment, folder and user unless others are "
        "given.\n"
        "Ctrl-C and other ending signals go to the program; the second one kills it. The exit code is the program's.\n",
    .run = run,
};
