#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/random.h>
#include <cv/str.h>
#include <cv/terminal.h>

#include "cvctl.h"
#include "rootfs/debootstrap.h"
#include "run.h"

#include <cv/banned.h>

enum { ID_DIGITS = 16 };

static void print_progress(void* context, const char* line)
{
    (void)context;
    fprintf(stderr, "cvctl: %s\n", line);
}

/* Without root's rights a distribution's files belong to sub-ids. */
static int check_ids(struct cvd_rootfs_request* request, struct cv_error* err)
{
    uint64_t features = 0;

    if (containerv_features(NULL, &features) < 0) {
        cvctl_last_error(err);
        return err->code;
    }
    request->user_namespace = (features & CV_FEATURE_OWN_IDS) == 0;
    if (!request->user_namespace || (features & CV_FEATURE_USERS) != 0)
        return 0;
    cv_error_set(
        err, CV_ERR_PERMISSION, "a distribution's root has files of several users, and this user has one id only");
    cv_error_step(err, "choose the tool that makes roots");
    return cv_error_hint(err, "see 'sub-ids' of 'cvctl doctor', or take --rootfs");
}

/* The absolute root folder: the one that was named, or the cached one of a distribution. */
static int find_root(const struct cvctl_run_options* options, char** root_out, struct cv_error* err)
{
    struct cvd_rootfs_request request = {
        .distribution = "debian",
        .suite        = options->debian,
        .architecture = options->arch,
        .include      = (const char* const*)options->include.items,
        .cancel       = cvctl_signals_handle(),
        .progress     = options->json ? NULL : print_progress,
    };

    if (options->debian != NULL)
        return check_ids(&request, err) < 0 ? err->code : cvd_rootfs_make(&request, root_out, err);
    *root_out = cv_path_absolute(options->rootfs, err);
    return *root_out == NULL ? err->code : 0;
}

/* The id is in the file before the program runs, so with a file it is chosen here, as the library would. */
static int choose_id(struct cvctl_run_options* options, struct cv_error* err)
{
    char id[ID_DIGITS + 1];

    if (options->cidfile == NULL || options->name != NULL)
        return 0;
    if (cv_random_hex(id, ID_DIGITS, err) < 0)
        return err->code;
    options->name = cvctl_run_keep(options, id, ID_DIGITS, err);
    return options->name == NULL ? err->code : 0;
}

/* docker's rule: the file must be new, and it is gone again when there was no container. */
static int write_id(const struct cvctl_run_options* options, struct cv_error* err)
{
    if (options->cidfile == NULL
        || cv_file_write(options->cidfile, options->name, strlen(options->name), 0644, CV_FILE_EXCLUSIVE, err) == 0)
        return 0;
    return cv_error_wrap(err, "write the container's id");
}

/* The container could not be made or could not start the program: docker has codes for two of the reasons. */
static int start_failed(const struct cv_error* err)
{
    bool program = strcmp(err->step, "run the program") == 0; /* else something else was not found */

    cvctl_print_error(err);
    if (program && err->code == CV_ERR_NOT_FOUND)
        return CVCTL_EXIT_NOT_FOUND;
    return program && err->code == CV_ERR_NOT_EXECUTABLE ? CVCTL_EXIT_NOT_EXECUTABLE : CVCTL_EXIT_OURS;
}

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

/* Stopped before the program ran: nothing is left of it, and the code says by which signal. */
static int stopped_early(void)
{
    return CVCTL_EXIT_SIGNAL + cvctl_signals_stop();
}

/* All that can be refused before there is a container. */
static int prepare(struct cvctl_run_options* options, const char* root, struct containerv_options** made_out,
    const char** rootfs_out, containerv_handle_t* terminal, struct cv_error* err)
{
    if (choose_id(options, err) < 0 || cvctl_run_build(options, root, made_out, rootfs_out, err) < 0)
        return err->code;
    if (cvctl_session_command(options, *made_out, terminal, err) == 0 && write_id(options, err) == 0)
        return 0;
    containerv_options_delete(*made_out);
    return err->code;
}

static int create_and_run(struct cvctl_run_options* options, const char* root)
{
    struct containerv_options*   made = NULL;
    struct containerv_container* container;
    struct cv_error              err      = CV_ERROR_INIT;
    const char*                  rootfs   = NULL;
    containerv_handle_t          terminal = CV_HANDLE_NONE;
    int                          code, rc;

    if (prepare(options, root, &made, &rootfs, &terminal, &err) < 0)
        return cvctl_print_error(&err);
    rc = containerv_create(rootfs, made, &container);
    if (rc != 0)
        cvctl_last_error(&err);
    containerv_options_delete(made);
    if (rc != 0) {
        if (options->cidfile != NULL)
            (void)cv_file_remove(options->cidfile, NULL);
        return cvctl_signals_stop() != 0 ? stopped_early() : start_failed(&err);
    }
    code = run_in(container, options, terminal);
    if (containerv_destroy(container) != 0)
        return cvctl_print_last_error();
    return code;
}

static int prepare_and_run(struct cvctl_run_options* options)
{
    CV_CLEANUP(cv_freep) char* root = NULL;
    struct cv_error            err  = CV_ERROR_INIT;

    if (cvctl_signals_catch(&err) < 0)
        return cvctl_print_error(&err);
    if (find_root(options, &root, &err) < 0)
        return cvctl_signals_stop() != 0 ? stopped_early() : cvctl_print_error(&err);
    return create_and_run(options, root);
}

static int check_terminal(const struct cvctl_run_options* options, struct cv_error* err)
{
    if (!options->terminal || cv_terminal_is(cv_handle_standard(0)))
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
        code = prepare_and_run(&options);
done:
    cvctl_run_options_release(&options);
    return code;
}

const struct cvctl_command cvctl_run_command = {
    .name     = "run",
    .options  = cvctl_run_table,
    .synopsis = "[OPTION...] (--rootfs DIR[:O] | --debian SUITE) -- CMD [ARG...]",
    .summary  = "run a program in a new container",
    .details  = "The container has its own processes, users, mounts, host name, IPC and network (none), few "
                "capabilities and a\n"
                "system call filter. It ends with cvctl, however cvctl ends, and with it all that is not in a bind "
                "mount or in\n"
                "a root folder that is used in place.\n"
                "The environment is PATH and what -e and --env-file give, and TERM with -t. Standard input is empty "
                "without -i.\n"
                "Ctrl-C and other ending signals go to the program; the second one kills the container.\n",
    .run      = run,
};
