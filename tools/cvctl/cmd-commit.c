#include <inttypes.h>
#include <string.h>

#include <chef/containerv.h>
#include <cv/handle.h>
#include <cv/terminal.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

struct commit_options {
    bool no_pause, quiet, json;
};

static const struct cv_option options[] = {
    { "no-pause", 0, NULL, cv_option_bool, offsetof(struct commit_options, no_pause),
        "let the container run meanwhile: what it writes then may be in the layer in part" },
    { "quiet", 'q', NULL, cv_option_bool, offsetof(struct commit_options, quiet),
        "show no progress, also on a terminal" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct commit_options, json), "of errors: text or json" },
    { NULL },
};

static int on_progress(const struct containerv_copy_progress* progress, void* context)
{
    const bool* show = context;

    if (*show)
        fprintf(stderr, "\r\033[Kcvctl: %" PRIu64 " files, %.1f MiB", progress->entries,
            (double)progress->bytes / (1024.0 * 1024.0));
    return cvctl_signals_stop() != 0;
}

static int commit(const struct commit_options* chosen, const char* id, const char* folder)
{
    bool                             show = !chosen->quiet && !chosen->json && cv_terminal_is(cv_handle_standard(2));
    struct containerv_commit_options how  = { .size = sizeof(how),
         .flags                                     = chosen->no_pause ? CV_COMMIT_NO_PAUSE : 0,
         .on_progress                               = on_progress,
         .context                                   = &show };
    struct cv_error                  err  = CV_ERROR_INIT;
    struct containerv_container*     container = NULL;
    int                              rc;

    if (cvctl_signals_catch(&err) < 0)
        return cvctl_print_error(&err);
    if (containerv_open(id, &container) != 0)
        return cvctl_print_last_error();
    rc = containerv_commit(container, folder, &how);
    if (show)
        fprintf(stderr, "\r\033[K");
    if (rc == CV_ERR_CANCELLED && cvctl_signals_stop() != 0)
        rc = CVCTL_EXIT_SIGNAL + cvctl_signals_stop();
    else if (rc < 0)
        rc = cvctl_print_last_error();
    containerv_close(container);
    return rc;
}

static int run(int argc, char** argv)
{
    struct commit_options chosen = { 0 };
    struct cv_error       err    = CV_ERROR_INIT;
    int                   first = 0, code = 0;

    if (!cvctl_parse(&cvctl_commit_command, argc, argv, &chosen, &first, &code))
        return code;
    if (argc - first == 2)
        return commit(&chosen, argv[first], argv[first + 1]);
    cv_error_set(
        &err, CV_ERR_INVALID, "'commit' takes a container and a new folder, and has %d arguments", argc - first);
    return cvctl_print_error(&err);
}

const struct cvctl_command cvctl_commit_command = {
    .name     = "commit",
    .synopsis = "[OPTION...] CONTAINER FOLDER",
    .summary  = "make a layer of what a container has changed",
    .options  = options,
    .details  = "FOLDER is made, with mode 0700. 'cvctl run --layer FOLDER' with the same root and layers before it "
                "starts with the\n"
                "same tree: owners, modes, times, links, holes, attributes, and what was deleted. The container is "
                "paused meanwhile.\n"
                "A container whose root folder is used in place (--rootfs without ':O') has nothing to commit.\n",
    .run      = run,
};
