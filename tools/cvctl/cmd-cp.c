#include <inttypes.h>
#include <string.h>

#include <chef/containerv.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <cv/terminal.h>

#include "cp-path.h"
#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

struct cp_options {
    bool archive, follow, quiet, json;
};

static const struct cvctl_option options[] = {
    { "archive", 'a', NULL, cvctl_option_bool, offsetof(struct cp_options, archive),
        "keep owners (needs root); else everything belongs to you, or to the container's root" },
    { "follow-link", 'L', NULL, cvctl_option_bool, offsetof(struct cp_options, follow),
        "when SRC itself is a symbolic link, copy what it leads to" },
    { "quiet", 'q', NULL, cvctl_option_bool, offsetof(struct cp_options, quiet),
        "show no progress, also on a terminal" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct cp_options, json), "of errors: text or json" },
    { NULL },
};

/* What the callbacks of a copy know. */
struct watch {
    bool                            progress;
    uint64_t                        failures;
    char                            first[CV_ERROR_TEXT_MAX]; /* what the library said of the first of them */
    struct containerv_copy_progress last;
};

static void show(const struct watch* watch)
{
    fprintf(stderr, "\r\033[Kcvctl: %" PRIu64 " files, %.1f MiB", watch->last.entries,
        (double)watch->last.bytes / (1024.0 * 1024.0));
    fflush(stderr);
}

static void clear(const struct watch* watch)
{
    if (watch->progress && watch->last.entries > 0)
        fprintf(stderr, "\r\033[K");
}

static int on_progress(const struct containerv_copy_progress* progress, void* context)
{
    struct watch* watch = context;

    watch->last = *progress;
    if (watch->progress)
        show(watch);
    return cvctl_signals_stop() != 0;
}

static void take_error(const struct containerv_error* from, struct cv_error* err)
{
    cv_error_set(err, from->code, "%s", from->text);
    cv_error_step(err, "%s", from->step);
    cv_error_object(err, "%s", from->object);
    cv_error_hint(err, "%s", from->hint);
    err->domain = from->domain;
    err->number = from->number;
}

static int on_error(const char* path, const struct containerv_error* error, void* context)
{
    struct watch*   watch = context;
    struct cv_error err   = CV_ERROR_INIT;

    take_error(error, &err);
    if (watch->failures == 0)
        (void)cv_snprintf(watch->first, sizeof(watch->first), "%s", err.text);
    if (strstr(err.text, path) == NULL)
        cv_error_wrap(&err, "'%s'", path);
    watch->failures++;
    clear(watch);
    cvctl_print_error(&err);
    return cvctl_signals_stop() != 0;
}

/* All errors of paths were printed when they came. What is told at the end is how many, or why it went no further. */
static int conclude(const struct watch* watch, int rc)
{
    struct cv_error err = CV_ERROR_INIT;

    clear(watch);
    if (rc == 0)
        return 0;
    if (rc == CV_ERR_CANCELLED && cvctl_signals_stop() != 0)
        return CVCTL_EXIT_SIGNAL + cvctl_signals_stop();
    if (watch->failures == 0 || strstr(containerv_error_last()->text, watch->first) == NULL)
        return cvctl_print_last_error();
    cv_error_set(&err, rc, "%" PRIu64 " of the paths could not be copied; all others were", watch->failures);
    cv_error_step(&err, "copy");
    return cvctl_print_error(&err);
}

static int copy(struct containerv_container* container, const struct cp_options* chosen,
    const struct cvctl_cp_path* source, const struct cvctl_cp_path* destination)
{
    struct watch watch = { .progress = !chosen->quiet && !chosen->json && cv_terminal_is(cv_handle_standard(2)) };
    struct containerv_copy_options how = {
        .size        = sizeof(how),
        .flags       = (chosen->archive ? CV_COPY_OWNERS : CV_COPY_NO_OWNERS) | (chosen->follow ? CV_COPY_FOLLOW : 0u),
        .on_progress = on_progress,
        .on_error    = on_error,
        .context     = &watch,
    };
    enum containerv_copy_direction direction = source->container != NULL ? CV_COPY_TO_HOST : CV_COPY_TO_CONTAINER;

    return conclude(&watch, containerv_copy(container, direction, source->path, destination->path, &how));
}

static int open_and_copy(
    const struct cp_options* chosen, const struct cvctl_cp_path* source, const struct cvctl_cp_path* destination)
{
    struct containerv_container* container;
    struct cv_error              err = CV_ERROR_INIT;
    int                          code;

    if (cvctl_signals_catch(&err) < 0)
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
    .synopsis = "[OPTION...] CONTAINER:SRC DST | SRC CONTAINER:DST",
    .summary  = "copy files or folders between a running container and the host",
    .options  = options,
    .details =
        "CONTAINER is the id or name of a container of yours that runs. Paths in it count from its root.\n"
        "As with docker cp: into DST when that is a folder, only what is in SRC when it ends with '/.', else DST "
        "is the\n"
        "copy's name, and its parent must exist. A path of the host with a colon is written with '/' or './' in "
        "front.\n"
        "Modes, times, links, holes and user.* attributes are kept. Set-user-id bits don't come to the host. What "
        "can't be\n"
        "copied is told path by path, the rest is copied, and the exit code is 125.\n",
    .run = run,
};
