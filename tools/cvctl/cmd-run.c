#include <inttypes.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

/* The limit that it ran into, as it was given. */
static void limit_of(const struct cvctl_run_options* options, uint32_t reason, char* text, size_t size)
{
    text[0] = '\0';
    if (reason == CV_EXIT_OOM && options->limits.memory_bytes != 0)
        cv_snprintf(text, size, " (killed at the memory limit of %" PRIu64 " bytes)", options->limits.memory_bytes);
    if (reason == CV_EXIT_UPPER_FULL)
        cv_snprintf(text, size, " (the limit is %" PRIu64 " bytes)", options->limits.upper_bytes);
    if (reason == CV_EXIT_PIDS_LIMIT && options->limits.pids != 0)
        cv_snprintf(text, size, " (the limit is %" PRIu64 ")", options->limits.pids);
}

static int end_code(const char* id, const struct cvctl_run_options* options, const struct cvctl_session_end* end)
{
    char limit[80];

    if (end->stopped != 0)
        return CVCTL_EXIT_SIGNAL + end->stopped;
    limit_of(options, end->exit.reason, limit, sizeof(limit));
    return cvctl_end_code(id, options->command[0], &end->exit, limit);
}

static int run_in(
    struct containerv_container* container, const struct cvctl_run_options* options, containerv_handle_t terminal)
{
    struct cvctl_session     session = cvctl_session_of(container, options->interactive);
    struct cvctl_session_end end;
    struct cv_error          err = CV_ERROR_INIT;

    session.terminal  = terminal;
    session.kills_all = true;
    if (cvctl_session_run(&session, &end, &err) == 0)
        return end_code(containerv_id(container), options, &end);
    return cvctl_print_error(&err);
}

static int run_attached(struct cvctl_run_options* options)
{
    struct containerv_container* container = NULL;
    containerv_handle_t          terminal  = CV_HANDLE_NONE;
    int                          code      = cvctl_run_create(options, &container, &terminal);

    if (code != 0)
        return code;
    code = run_in(container, options, terminal);
    if (containerv_destroy(container) != 0)
        return cvctl_print_last_error();
    return code;
}

static int check_terminal(const struct cvctl_run_options* options, struct cv_error* err)
{
    return options->terminal && !options->detach ? cvctl_check_terminal(err) : 0;
}

static int run(int argc, char** argv)
{
    struct cvctl_run_options options;
    struct cv_error          err   = CV_ERROR_INIT;
    int                      first = 0, code = 0;

    cvctl_run_options_init(&options);
    if (!cvctl_parse(&cvctl_run_command, argc, argv, &options, &first, &code))
        goto done;
    if (cvctl_run_options_check(&options, argc, argv, first, &err) < 0 || check_terminal(&options, &err) < 0)
        code = cvctl_print_error(&err);
    else
        code = options.detach ? cvctl_run_detached(&options) : run_attached(&options);
done:
    cvctl_run_options_release(&options);
    return code;
}

const struct cvctl_command cvctl_run_command = {
    .name     = "run",
    .options  = cvctl_run_table,
    .synopsis = "[OPTION...] (--rootfs DIR[:O] | --debian SUITE) -- CMD [ARG...]",
    .summary  = "run a program in a new container",
    .details =
        "The container has its own processes, users, mounts, host name, IPC and network (none), few "
        "capabilities and a\n"
        "system call filter. Without -d it ends with cvctl, however cvctl ends, and with it all that is not in a "
        "bind\n"
        "mount or in a root folder that is used in place. With -d it goes on until its program ends, and stays "
        "with its\n"
        "root and its log until it is removed.\n"
        "The environment is PATH and what -e and --env-file give, and TERM with -t. Standard input is empty "
        "without -i.\n"
        "Ctrl-C and other ending signals go to the program; the second one kills the container.\n",
    .run = run,
};
