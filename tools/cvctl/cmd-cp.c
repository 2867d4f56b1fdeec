#include <string.h>

#include <chef/containerv.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <cv/terminal.h>

#include "cp-path.h"
#include "cp-watch.h"
#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

struct cp_options {
    bool archive, follow, quiet, json;
};

static const struct cv_option options[] = {
    { "archive", 'a', NULL, cv_option_bool, offsetof(struct cp_options, archive),
        "keep owners (needs root); else everything belongs to you, or to the container's root" },
    { "follow-link", 'L', NULL, cv_option_bool, offsetof(struct cp_options, follow),
        "when SRC itself is a symbolic link, copy what it leads to" },
    { "quiet", 'q', NULL, cv_option_bool, offsetof(struct cp_options, quiet), "show no progress, also on a terminal" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct cp_options, json), "of errors: text or json" },
    { NULL },
};

static int copy(struct containerv_container* container, const struct cp_options* chosen,
    const struct cvctl_cp_path* source, const struct cvctl_cp_path* destination)
{
    struct cvctl_cp_watch          watch;
    struct containerv_copy_options how = {
        .size  = sizeof(how),
        .flags = (chosen->archive ? CV_COPY_OWNERS : CV_COPY_NO_OWNERS) | (chosen->follow ? CV_COPY_FOLLOW : 0u),
    };
    enum containerv_copy_direction direction = source->container != NULL ? CV_COPY_TO_HOST : CV_COPY_TO_CONTAINER;

    cvctl_cp_watch_init(&watch, &how, chosen->quiet);
    if (source->archive || destination->archive)
        return cvctl_cp_conclude(
            &watch, containerv_archive(container, direction, source->archive ? destination->path : source->path,
                        cv_handle_standard(source->archive ? 0 : 1), &how));
    return cvctl_cp_conclude(&watch, containerv_copy(container, direction, source->path, destination->path, &how));
}

static int open_and_copy(
    const struct cp_options* chosen, const struct cvctl_cp_path* source, const struct cvctl_cp_path* destination)
{
    struct containerv_container* container;
    struct cv_error              err = CV_ERROR_INIT;
    int                          code;

    if (cvctl_signals_catch(&err) < 0)
        return cvctl_print_error(&err);
    if (destination->archive && cvctl_cp_check_output(&err) < 0)
        return cvctl_print_error(&err);
    if (containerv_open(source->container != NULL ? source->container : destination->container, &container) != 0)
        return cvctl_print_last_error();
    code = copy(container, chosen, source, destination);
    containerv_close(container);
    return code;
}

static int run(int argc, char** argv)
{
    struct cp_options    chosen = { 0 };
    struct cvctl_cp_path source = { NULL }, destination = { NULL };
    struct cv_error      err   = CV_ERROR_INIT;
    int                  first = 0, code = 0;

    if (!cvctl_parse(&cvctl_cp_command, argc, argv, &chosen, &first, &code))
        return code;
    if (argc - first != 2)
        code = cv_error_set(&err, CV_ERR_INVALID, "'cp' takes two paths, and has %d", argc - first);
    else if (cvctl_cp_path_parse(argv[first], &source, &err) < 0
             || cvctl_cp_path_parse(argv[first + 1], &destination, &err) < 0
             || cvctl_cp_paths_check(&source, &destination, &err) < 0)
        code = err.code;
    code = code == 0 ? open_and_copy(&chosen, &source, &destination) : cvctl_print_error(&err);
    cvctl_cp_path_release(&source);
    cvctl_cp_path_release(&destination);
    return code;
}

const struct cvctl_command cvctl_cp_command = {
    .name     = "cp",
    .synopsis = "[OPTION...] CONTAINER:SRC DST|- | SRC|- CONTAINER:DST",
    .summary  = "copy files or folders between a running container and the host",
    .options  = options,
    .details =
        "CONTAINER is the id or name of a container of yours that runs. Paths in it count from its root.\n"
        "As with docker cp: into DST when that is a folder, only what is in SRC when it ends with '/.', else DST "
        "is the\n"
        "copy's name, and its parent must exist. A path of the host with a colon is written with '/' or './' in "
        "front.\n"
        "'-' is a tar archive on standard output, or on standard input; then DST must be a folder. Not unpacked are "
        "absolute\n"
        "names, '..', what would go through a symbolic link, devices and FIFOs.\n"
        "Modes, times, links, holes and user.* attributes are kept. Set-user-id bits don't come to the host. What "
        "can't be\n"
        "copied is told path by path, the rest is copied, and the exit code is 125.\n",
    .run = run,
};
