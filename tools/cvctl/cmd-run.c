#include <inttypes.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>
#include <cv/terminal.h>

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

/* The program's end, told when it was not its own doing. */
static int end_code(
    const char* id, const struct cvctl_run_options* options, const struct containerv_exit* end, int stopped)
{
    static const char* const reasons[] = {
        [CV_EXIT_OOM]        = "was killed: out of memory",
        [CV_EXIT_PIDS_LIMIT] = "ended: it reached its limit of processes",
        [CV_EXIT_TIMEOUT]    = "was killed: its time was over",
        [CV_EXIT_SECCOMP]    = "was killed: it made a forbidden system call",
        [CV_EXIT_UPPER_FULL] = "ended: no room was left in its root",
        [CV_EXIT_LOST]       = "was lost: how it ended is not known",
    };
    struct cv_error err = CV_ERROR_INIT;
    char            limit[80];

    if (stopped != 0)
        return CVCTL_EXIT_SIGNAL + stopped;
    if (end->reason < CV_ARRAY_LEN(reasons) && reasons[end->reason] != NULL) {
        limit_of(options, end->reason, limit, sizeof(limit));
        cv_error_set(&err, end->reason == CV_EXIT_TIMEOUT ? CV_ERR_TIMEOUT : CV_ERR_LOST, "container '%s': '%s' %s%s",
            id, options->command[0], reasons[end->reason], limit);
        cv_error_step(&err, "wait for the program");
        cv_error_object(&err, "%s", options->command[0]);
        cvctl_print_error(&err);
    }
    return end->reason == CV_EXIT_LOST ? CVCTL_EXIT_OURS : end->code;
}

static int run_in(
    struct containerv_container* container, const struct cvctl_run_options* options, containerv_handle_t terminal)
{
    struct containerv_exit end     = { .size = sizeof(end) };
    struct cv_error        err     = CV_ERROR_INIT;
    int                    stopped = 0;

    if (cvctl_session_run(container, options, terminal, &end, &stopped, &err) == 0)
        return end_code(containerv_id(container), options, &end, stopped);
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
    if (!options->terminal || options->detach || cv_terminal_is(cv_handle_standard(0)))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "the input device is not a TTY");
    cv_error_step(err, "connect the terminal");
    cv_error_object(err, "standard input");
    return cv_error_hint(err, "leave out -t, or run cvctl on a terminal");
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
