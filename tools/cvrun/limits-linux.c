/* Commands about what a container may use, and uses: update, events. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chef/containerv/container.h>
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "bundle.h"
#include "cvrun.h"
#include "document.h"
#include "linux/bare.h"

#include <cv/banned.h>

enum { INTERVAL_MS = 5000, CHUNK = 4096 };

/* --- update ----------------------------------------------------------------------------------------------------------------------- */

static int read_input(char** text_out, size_t* length_out, struct cv_error* err)
{
    struct cv_str text = { 0 };
    char          chunk[CHUNK];
    size_t        length = 1;

    while (length > 0) {
        if (cv_handle_read(STDIN_FILENO, chunk, sizeof(chunk), &length, err) == 0
            && text.length + length > CV_SPEC_MAX_BYTES)
            cv_error_set(err, CV_ERR_LIMIT, "standard input is longer than %u bytes", CV_SPEC_MAX_BYTES);
        if (err->code < 0) {
            cv_str_release(&text);
            return err->code;
        }
        cv_str_append_bytes(&text, chunk, length);
    }
    *length_out = text.length;
    *text_out   = cv_str_steal(&text, err);
    return *text_out == NULL ? err->code : 0;
}

static int read_resources(const char* path, struct cv_spec_resources* resources_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    bool                       input  = strcmp(path, "-") == 0;
    size_t                     length = 0;
    int rc = input ? read_input(&text, &length, err) : cv_file_read(path, CV_SPEC_MAX_BYTES, &text, &length, err);

    return rc < 0 ? rc : cvrun_resources_parse(input ? "standard input" : path, text, length, resources_out, err);
}

int cvrun_update(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare    = NULL;
    struct cvrun_options*                            options = call->options;

    (void)code_out;
    if (options->resources_file == NULL && !options->resources_given)
        return cv_error_set(err, CV_ERR_INVALID, "there is nothing to change");
    if (options->resources_file != NULL && options->resources_given)
        return cv_error_set(err, CV_ERR_INVALID, "--resources has all limits in it: leave out those by options");
    if (options->resources_file != NULL && read_resources(options->resources_file, &options->resources, err) < 0)
        return err->code;
    options->resources.set = true;
    return cvrun_open(call, call->arguments[0], &bare, err) < 0 ? err->code
                                                                : linux_bare_update(bare, &options->resources, err);
}

/* --- events ----------------------------------------------------------------------------------------------------------------------- */

static int print_stats(struct linux_bare* bare, const char* id, uint64_t* oom_kills, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text  = NULL;
    struct containerv_stats    stats = { .size = sizeof(stats) };

    if (linux_bare_stats(bare, &stats, err) < 0)
        return err->code;
    if ((stats.known & CV_STATS_OOM) && stats.oom_kills > *oom_kills) {
        CV_CLEANUP(cv_freep) char* oom = cvrun_oom_json(id, err);

        if (oom == NULL || cvrun_print(oom, err) < 0)
            return err->code;
    }
    *oom_kills = stats.oom_kills;
    text       = cvrun_stats_json(id, &stats, err);
    return text == NULL ? err->code : cvrun_print(text, err);
}

/* 1: the process has ended within that time. */
static int wait_for_end(int process, int64_t ms, struct cv_error* err)
{
    struct pollfd end   = { .fd = process, .events = POLLIN };
    int           ready = poll(&end, 1, ms > INT32_MAX ? INT32_MAX : (int)ms);

    return ready < 0 && errno != EINTR ? cv_error_errno(err, errno, "wait for the container", NULL) : ready > 0;
}

static int watch_stats(
    struct linux_bare* bare, const struct linux_bare_info* info, int64_t interval_ms, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int process   = (int)syscall(SYS_pidfd_open, info->pid, 0);
    CV_CLEANUP(cv_freep) char*       id        = cv_strdup(info->id, err);
    uint64_t                         oom_kills = UINT64_MAX; /* those before us are not news */
    int                              ended     = 0;

    if (id == NULL)
        return err->code;
    if (process < 0)
        return cv_error_errno(err, errno, "watch the container", id);
    while (ended == 0) {
        if (print_stats(bare, id, &oom_kills, err) < 0)
            return err->code == CV_ERR_STATE ? 0 : err->code; /* it has just ended */
        ended = wait_for_end(process, interval_ms, err);
    }
    return ended < 0 ? ended : 0;
}

int cvrun_events(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare      = NULL;
    const struct linux_bare_info*                    info      = NULL;
    uint64_t                                         oom_kills = UINT64_MAX;
    int64_t                                          interval  = call->options->interval_ms;

    (void)code_out;
    if (cvrun_open(call, call->arguments[0], &bare, err) < 0 || linux_bare_look(bare, &info, err) < 0)
        return err->code;
    if (info->status == LINUX_BARE_STOPPED)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is not running", info->id);
    if (call->options->stats)
        return print_stats(bare, call->arguments[0], &oom_kills, err);
    return watch_stats(bare, info, interval > 0 ? interval : INTERVAL_MS, err);
}
