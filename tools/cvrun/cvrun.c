/* From the arguments to a command, and from its end to an exit code. */
#include "cvrun.h"

#include <stdio.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "feature-list.h"

#include <cv/banned.h>

static const struct {
    const char*   name;
    cvrun_command run;
    int           failed; /* the exit code of an error of ours */
} commands[] = {
    { "create", cvrun_create, CVRUN_EXIT_OURS },
    { "start", cvrun_start, CVRUN_EXIT_OURS },
    { "run", cvrun_run, CVRUN_EXIT_OURS },
    { "exec", cvrun_exec, CVRUN_EXIT_EXEC },
    { "state", cvrun_state, CVRUN_EXIT_OURS },
    { "kill", cvrun_kill, CVRUN_EXIT_OURS },
    { "delete", cvrun_delete, CVRUN_EXIT_OURS },
    { "list", cvrun_list, CVRUN_EXIT_OURS },
    { "ps", cvrun_ps, CVRUN_EXIT_OURS },
    { "pause", cvrun_pause, CVRUN_EXIT_OURS },
    { "resume", cvrun_resume, CVRUN_EXIT_OURS },
    { "update", cvrun_update, CVRUN_EXIT_OURS },
    { "events", cvrun_events, CVRUN_EXIT_OURS },
    { "spec", cvrun_spec, CVRUN_EXIT_OURS },
    { "features", cvrun_features, CVRUN_EXIT_OURS },
    { "checkpoint", cvrun_unsupported, CVRUN_EXIT_OURS },
    { "restore", cvrun_unsupported, CVRUN_EXIT_OURS },
};

int cvrun_unsupported(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    (void)code_out;
    return cv_error_unsupported(err, call->syntax->name, "linux");
}

int cvrun_features(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = cvrun_features_print(CVRUN_VERSION, err);

    (void)call;
    (void)code_out;
    return text == NULL ? err->code : cvrun_print(text, err);
}

static void print_version(void)
{
    printf("cvrun version " CVRUN_VERSION "\nspec: " CVRUN_OCI_VERSION_MAX "\n");
}

/* --- options in front of the command ---------------------------------------------------------------------------------------------- */

static int open_log(const struct cvrun_globals* globals, struct cv_error* err)
{
    enum cvrun_log_level least = CVRUN_LOG_WARNING;
    bool                 json  = false;

    if ((globals->log_format != NULL && cvrun_log_format_parse(globals->log_format, &json, err) < 0)
        || (globals->log_level != NULL && cvrun_log_level_parse(globals->log_level, &least, err) < 0))
        return err->code;
    return cvrun_log_open(globals->log, json, globals->debug ? CVRUN_LOG_DEBUG : least, err);
}

static int choose_cgroups(const struct cvrun_globals* globals, struct cvrun_call* call, struct cv_error* err)
{
    const char* manager = globals->cgroup_manager;

    if (manager == NULL)
        manager = globals->systemd_cgroup ? "systemd" : "cgroupfs";
    call->systemd_cgroup = strcmp(manager, "systemd") == 0;
    call->no_cgroup      = strcmp(manager, "disabled") == 0;
    if (globals->systemd_cgroup && !call->systemd_cgroup)
        return cv_error_set(err, CV_ERR_INVALID, "--systemd-cgroup contradicts --cgroup-manager '%s'", manager);
    if (call->systemd_cgroup || call->no_cgroup || strcmp(manager, "cgroupfs") == 0)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "cgroup manager '%s' is not known", manager);
    return cv_error_hint(err, "cgroupfs, systemd or disabled");
}

/* Which rights there are is seen, not said: what is said must be so. */
static int check_rootless(const char* word, struct cv_error* err)
{
    uint32_t uid;

    if (word == NULL || strcmp(word, "auto") == 0)
        return 0;
    if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0)
        return cv_error_set(err, CV_ERR_INVALID, "--rootless '%s': allowed are auto, true and false", word);
    if (cvrun_host_user(&uid, err) < 0)
        return err->code;
    if ((uid != 0) == (strcmp(word, "true") == 0))
        return 0;
    cv_error_set(err, CV_ERR_UNSUPPORTED, "--rootless %s, but the user is %s", word, uid == 0 ? "root" : "not root");
    return cv_error_hint(err, "leave it out: it is seen by the rights that there are");
}

/* --- commands --------------------------------------------------------------------------------------------------------------------- */

static int call_command(const struct cvrun_globals* globals, struct cvrun_call* call, cvrun_command run, int* code_out,
    struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* root = NULL;

    if (choose_cgroups(globals, call, err) < 0 || check_rootless(globals->rootless, err) < 0)
        return err->code;
    call->root = globals->root;
    if (call->root == NULL)
        call->root = root = cvrun_default_root(err);
    if (call->root == NULL)
        return err->code;
    cvrun_log(CVRUN_LOG_DEBUG, "%s %s", call->syntax->name, call->count > 0 ? call->arguments[0] : "");
    return run(call, code_out, err);
}

/* The exit code of a success, and of a failure. */
struct exit_codes {
    int done, failed;
};

/* argv[0] is the command's name. */
static int dispatch(
    const struct cvrun_globals* globals, int argc, char** argv, struct exit_codes* codes, struct cv_error* err)
{
    struct cvrun_options options = { 0 };
    struct cvrun_call    call    = { .options = &options };
    int                  first   = 0, rc;

    if (cvrun_syntax_find(argv[0], &call.syntax, err) < 0)
        return err->code;
    for (size_t i = 0; i < CV_ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, argv[0]) != 0)
            continue;
        codes->failed = commands[i].failed;
        if (cvrun_syntax_parse(call.syntax, argc, argv, &options, &first, err) < 0)
            return err->code;
        if (options.help) {
            cvrun_syntax_print(call.syntax, stdout);
            rc = 0;
        } else {
            call.count     = argc - first;
            call.arguments = argv + first;
            rc             = call_command(globals, &call, commands[i].run, &codes->done, err);
        }
        cvrun_options_release(&options);
        return rc;
    }
    return cv_error_set(err, CV_ERR_INTERNAL, "command '%s' has no function", argv[0]);
}

static int main_parts(int argc, char** argv, struct exit_codes* codes, struct cv_error* err)
{
    struct cvrun_globals globals = { 0 };
    bool                 help    = false;
    int                  first   = argc;

    if (cv_options_parse(cvrun_global_options, argc, argv, &globals, &help, &first, err) < 0
        || open_log(&globals, err) < 0)
        return err->code;
    if (globals.version) {
        print_version();
        return 0;
    }
    if (globals.help || (first < argc && strcmp(argv[first], "help") == 0)) {
        cvrun_help_print(stdout);
        return 0;
    }
    if (first < argc)
        return dispatch(&globals, argc - first, argv + first, codes, err);
    cv_error_set(err, CV_ERR_INVALID, "a command is missing");
    return cv_error_hint(err, "cvrun --help lists the commands");
}

int cvrun_main(int argc, char** argv)
{
    struct cv_error   err   = CV_ERROR_INIT;
    struct exit_codes codes = { 0, CVRUN_EXIT_OURS };

    if (main_parts(argc, argv, &codes, &err) < 0) {
        cvrun_log_failure(&err);
        return codes.failed;
    }
    return fflush(stdout) == 0 ? codes.done : CVRUN_EXIT_OURS;
}
