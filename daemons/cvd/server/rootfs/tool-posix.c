#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/env.h>
#include <cv/macros.h>
#include <cv/process.h>
#include <cv/str.h>

#include "host.h"

#include <cv/banned.h>

enum {
    LINE_MAX_BYTES = 512,  /* longer lines reach `progress` in pieces */
    STOP_WAIT_MS   = 10000 /* for the tool to clean up after itself before it is killed */
};

int cvd_tool_exists(const char* name)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    char                       file[4096];

    if (cv_env_get("PATH", &path, NULL) < 0 || path == NULL)
        return 0;
    for (const char* at = path;; at++) {
        size_t length = strcspn(at, ":");

        if (length != 0 && cv_snprintf(file, sizeof(file), "%.*s/%s", (int)length, at, name) == 0
            && access(file, X_OK) == 0)
            return 1;
        at += length;
        if (*at == '\0')
            return 0;
    }
}

static int read_all(containerv_handle_t from, struct cv_str* to, struct cv_error* err)
{
    char   buffer[4096];
    size_t length;

    do {
        if (cv_handle_read(from, buffer, sizeof(buffer), &length, err) < 0)
            return err->code;
        if (to->length + length > CVD_TOOL_OUTPUT_MAX)
            return cv_error_set(err, CV_ERR_LIMIT, "it writes more than %d bytes", CVD_TOOL_OUTPUT_MAX);
        cv_str_append_bytes(to, buffer, length);
    } while (length != 0);
    return 0;
}

static int ended_badly(const char* name, int code, struct cv_error* err)
{
    if (code > 128)
        cv_error_set(err, CV_ERR_SYSTEM, "'%s' was killed by signal %d", name, code - 128);
    else
        cv_error_set(err, CV_ERR_SYSTEM, "'%s' failed with exit code %d", name, code);
    cv_error_step(err, "run %s", name);
    cv_error_object(err, "%s", name);
    return err->code;
}

int cvd_tool_output(const char* const* argv, char** output_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) containerv_handle_t read_end = CV_HANDLE_NONE, write_end = CV_HANDLE_NONE;
    CV_CLEANUP(cv_process_freep) struct cv_process*  process = NULL;
    CV_CLEANUP(cv_str_release) struct cv_str         text;
    struct cv_process_spec                           spec = CV_PROCESS_SPEC_INIT;
    int                                              code = 0;

    cv_str_init(&text);
    if (cv_handle_pipe(&read_end, &write_end, err) < 0)
        return err->code;
    spec.argv     = argv;
    spec.stdio[1] = write_end;
    if (cv_process_start(&spec, &process, err) < 0)
        return cv_error_wrap(err, "run '%s'", argv[0]);
    cv_handle_closep(&write_end);
    if (read_all(read_end, &text, err) < 0) {
        (void)cv_process_kill(process, NULL);
        (void)cv_process_wait(process, -1, &code, NULL);
        return cv_error_wrap(err, "run '%s'", argv[0]);
    }
    if (cv_process_wait(process, -1, &code, err) < 0)
        return err->code;
    if (code != 0)
        return ended_badly(argv[0], code, err);
    *output_out = cv_str_steal(&text, err);
    return *output_out == NULL ? err->code : 0;
}

int cvd_tool_cancelled(containerv_handle_t cancel, int timeout_ms)
{
    struct pollfd fd = { .fd = cancel, .events = POLLIN };

    return poll(&fd, 1, timeout_ms) > 0;
}

/* Cuts what comes into lines. */
struct lines {
    const struct cvd_tool* tool;
    containerv_handle_t    log;
    char                   line[LINE_MAX_BYTES];
    size_t                 length;
};

static void end_line(struct lines* lines)
{
    lines->line[lines->length] = '\0';
    if (lines->length != 0 && lines->tool->progress != NULL)
        lines->tool->progress(lines->tool->context, lines->line);
    lines->length = 0;
}

static int take_output(struct lines* lines, const char* text, size_t length, struct cv_error* err)
{
    if (cv_handle_write(lines->log, text, length, err) < 0)
        return cv_error_wrap(err, "write the log '%s'", lines->tool->log);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || text[i] == '\r' || lines->length == sizeof(lines->line) - 1)
            end_line(lines);
        if (text[i] != '\n' && text[i] != '\r')
            lines->line[lines->length++] = (unsigned char)text[i] < 0x20 ? '?' : text[i];
    }
    return 0;
}

/* Its whole process group: the tool's children (apt, dpkg) must not go on writing. */
static void stop(struct cv_process* process)
{
    pid_t group = (pid_t)cv_process_id(process);
    int   code;

    kill(-group, SIGTERM);
    (void)cv_process_wait(process, STOP_WAIT_MS, &code, NULL);
    kill(-group, SIGKILL);
    (void)cv_process_wait(process, -1, &code, NULL);
}

/* Copy until the tool and its children have closed their end, or somebody cancels. */
static int copy_output(struct lines* lines, containerv_handle_t from, struct cv_error* err)
{
    char buffer[4096];

    for (;;) {
        struct pollfd fds[2] = { { .fd = from, .events = POLLIN }, { .fd = lines->tool->cancel, .events = POLLIN } };
        size_t        length;

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "wait for the tool's output", lines->tool->name);
        if (fds[1].revents != 0)
            return cv_error_set(err, CV_ERR_STATE, "'%s' was cancelled", lines->tool->name);
        if (fds[0].revents == 0)
            continue;
        if (cv_handle_read(from, buffer, sizeof(buffer), &length, err) < 0)
            return err->code;
        if (length == 0) {
            end_line(lines);
            return 0;
        }
        if (take_output(lines, buffer, length, err) < 0)
            return err->code;
    }
}

static int start(
    const struct cvd_tool* tool, containerv_handle_t output, struct cv_process** process_out, struct cv_error* err)
{
    struct cv_process_spec spec = CV_PROCESS_SPEC_INIT;

    spec.argv     = tool->argv;
    spec.stdio[1] = output;
    spec.stdio[2] = output;
    spec.pass     = &tool->held;
    spec.n_pass   = tool->held != CV_HANDLE_NONE;
    spec.flags    = CV_PROCESS_DETACHED; /* Ctrl-C comes from us, once the order is right */
    return cv_process_start(&spec, process_out, err);
}

int cvd_tool_run(const struct cvd_tool* tool, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) containerv_handle_t read_end = CV_HANDLE_NONE, write_end = CV_HANDLE_NONE;
    CV_CLEANUP(cv_process_freep) struct cv_process*  process = NULL;
    struct lines                                     lines   = { .tool = tool };
    CV_CLEANUP(cv_handle_closep)
    containerv_handle_t log =
        open(tool->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    int code = 0;

    if (log < 0)
        return cv_error_errno(err, errno, "open the log", tool->log);
    lines.log = log;
    if (cv_handle_pipe(&read_end, &write_end, err) < 0 || start(tool, write_end, &process, err) < 0)
        return cv_error_wrap(err, "run '%s'", tool->name);
    cv_handle_closep(&write_end);
    if (copy_output(&lines, read_end, err) < 0) {
        stop(process);
        return err->code;
    }
    if (cv_process_wait(process, -1, &code, err) < 0)
        return err->code;
    return code == 0 ? 0 : ended_badly(tool->name, code, err);
}
