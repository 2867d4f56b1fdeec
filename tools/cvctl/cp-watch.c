#include "cp-watch.h"

#include <inttypes.h>
#include <string.h>

#include <cv/handle.h>
#include <cv/str.h>
#include <cv/terminal.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

static void show(const struct cvctl_cp_watch* watch)
{
    fprintf(stderr, "\r\033[Kcvctl: %" PRIu64 " files, %.1f MiB", watch->last.entries,
        (double)watch->last.bytes / (1024.0 * 1024.0));
    fflush(stderr);
}

static void clear(const struct cvctl_cp_watch* watch)
{
    if (watch->progress && watch->last.entries > 0)
        fprintf(stderr, "\r\033[K");
}

static int on_progress(const struct containerv_copy_progress* progress, void* context)
{
    struct cvctl_cp_watch* watch = context;

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
    struct cvctl_cp_watch* watch = context;
    struct cv_error        err   = CV_ERROR_INIT;

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
int cvctl_cp_conclude(const struct cvctl_cp_watch* watch, int rc)
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

void cvctl_cp_watch_init(struct cvctl_cp_watch* watch, struct containerv_copy_options* how, bool quiet)
{
    *watch = (struct cvctl_cp_watch){ .progress = !quiet && !cvctl_json() && cv_terminal_is(cv_handle_standard(2)) };
    how->on_progress = on_progress;
    how->on_error    = on_error;
    how->context     = watch;
}

int cvctl_cp_check_output(struct cv_error* err)
{
    if (!cv_terminal_is(cv_handle_standard(1)))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "standard output is a terminal: an archive is not written there");
    return cv_error_hint(err, "send it to a file or another program");
}
