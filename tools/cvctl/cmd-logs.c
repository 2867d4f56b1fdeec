#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/clock.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "containers.h"
#include "log-text.h"
#include "run.h"
#include "status.h"
#include "when.h"

#include <cv/banned.h>

enum { NS_PER_MS = 1000000 };

#define NO_TAIL UINT64_MAX

struct logs_options {
    bool     follow, timestamps, only_output, only_error, json;
    uint64_t tail, offset;
    int64_t  since_ns, until_ns; /* 0: not given */
};

static int set_tail(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct logs_options* chosen = target;
    (void)option;
    chosen->tail = NO_TAIL;
    if (strcmp(value, "all") == 0 || cv_parse_u64(value, 0, NO_TAIL - 1, &chosen->tail, err) == 0)
        return 0;
    return cv_error_hint(err, "a number of lines, or all");
}

static int set_offset(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct logs_options* chosen = target;
    (void)option;
    if (cv_parse_u64(value, 0, UINT64_MAX, &chosen->offset, err) == 0)
        return 0;
    return cv_error_hint(err, "the 'offset' of a record that --format json has printed");
}

#define AT(member) offsetof(struct logs_options, member)

static const struct cv_option options[] = {
    { "follow", 'f', NULL, cv_option_bool, AT(follow), "go on with what is written, until the container stops" },
    { "tail", 'n', "LINES", set_tail, 0, "only the last of them, of both streams together; default all" },
    { "since", 0, "TIME", cvctl_option_when, AT(since_ns), "only what was written from then on" },
    { "until", 0, "TIME", cvctl_option_when, AT(until_ns), "only what was written before" },
    { "timestamps", 't', NULL, cv_option_bool, AT(timestamps), "the time in front of each line" },
    { "stdout", 0, NULL, cv_option_bool, AT(only_output), "only standard output" },
    { "stderr", 0, NULL, cv_option_bool, AT(only_error), "only standard error" },
    { "offset", 0, "OFFSET", set_offset, 0, "start at this record of the log" },
    { "format", 0, "FORMAT", cvctl_option_format, AT(json), "text or json: one record a line, with its offset" },
    { NULL },
};

/* Where it is being read, and the lines that have begun. */
struct reading {
    const struct logs_options* chosen;
    struct cvctl_log_text      lines[CV_STREAM_ERROR + 1];
    struct cv_str              text; /* of one record, used anew for each */
};

static bool stream_wanted(const struct logs_options* chosen, uint32_t stream)
{
    if (chosen->only_output == chosen->only_error)
        return true;
    return chosen->only_output == (stream == CV_STREAM_OUTPUT);
}

static bool wanted(const struct logs_options* chosen, const struct containerv_log_record* record)
{
    return stream_wanted(chosen, record->stream) && (chosen->since_ns == 0 || record->time_ns >= chosen->since_ns)
           && (chosen->until_ns == 0 || record->time_ns < chosen->until_ns);
}

static int print_json(const struct containerv_log_record* record, struct cv_error* err)
{
    return cvctl_json_line(json_pack("{s:o, s:I, s:s, s:I, s:o}", "time", cvctl_json_time(record->time_ns), "time_ns",
                               (json_int_t)record->time_ns, "stream", cvctl_stream_name(record->stream), "offset",
                               (json_int_t)record->offset, "data", cvctl_json_text(record->data, record->length)),
        err);
}

/* Each stream goes where it came from, in the order of the log. */
static void print_text(struct reading* reading, const struct containerv_log_record* record)
{
    const char* data   = record->data;
    size_t      length = record->length;
    FILE*       to     = record->stream == CV_STREAM_ERROR ? stderr : stdout;

    if (reading->chosen->timestamps) {
        reading->text.length = 0;
        cvctl_log_text(&reading->lines[record->stream == CV_STREAM_ERROR ? CV_STREAM_ERROR : CV_STREAM_OUTPUT],
            record->time_ns, data, length, &reading->text);
        data   = reading->text.text;
        length = reading->text.length;
    }
    if (to == stderr)
        (void)fflush(stdout);
    (void)fwrite(data, 1, length, to);
}

static int print_dropped(const struct logs_options* chosen, uint64_t bytes, struct cv_error* err)
{
    if (chosen->json)
        return cvctl_json_line(json_pack("{s:I}", "dropped_bytes", (json_int_t)bytes), err);
    (void)fflush(stdout);
    fprintf(stderr, "cvctl: %" PRIu64 " bytes of the log are not there any more: it has a limit\n", bytes);
    return 0;
}

static int print_record(struct reading* reading, const struct containerv_log_record* record, struct cv_error* err)
{
    if (record->dropped != 0 && print_dropped(reading->chosen, record->dropped, err) < 0)
        return err->code;
    if (!wanted(reading->chosen, record))
        return 0;
    if (reading->chosen->json)
        return print_json(record, err);
    print_text(reading, record);
    return reading->text.failed ? cv_error_no_memory(err) : 0;
}

/* How long to wait for more: not at all, until the time of --until, without end. */
static int64_t patience_ms(const struct logs_options* chosen)
{
    int64_t left;

    if (!chosen->follow)
        return 0;
    if (chosen->until_ns == 0)
        return -1;
    left = chosen->until_ns - cv_clock_realtime_ns();
    return left > 0 ? left / NS_PER_MS + 1 : 0;
}

static bool past(const struct logs_options* chosen, const struct containerv_log_record* record)
{
    return chosen->until_ns != 0 && record->time_ns >= chosen->until_ns;
}

/* What is there is written in large pieces; before waiting for more all of it is. */
static int read_log(struct containerv_log* log, struct reading* reading, struct cv_error* err)
{
    for (;;) {
        struct containerv_log_record record = { .size = sizeof(record) };
        int                          rc     = containerv_log_read(log, 0, &record);

        if (rc == CV_ERR_TIMEOUT) {
            int64_t patience = patience_ms(reading->chosen);

            if (patience == 0 || cvctl_finish_output() != 0)
                return 0;
            rc = containerv_log_read(log, patience, &record);
        }
        if (rc == 1 || rc == CV_ERR_TIMEOUT || (rc == 0 && past(reading->chosen, &record)))
            return 0;
        if (rc < 0) {
            cvctl_last_error(err);
            return err->code;
        }
        if (print_record(reading, &record, err) < 0)
            return err->code;
    }
}

static int show(struct containerv_container* container, void* context, struct cv_error* err)
{
    const struct logs_options* chosen  = context;
    struct reading             reading = { .chosen = chosen };
    uint64_t                   offset  = chosen->offset;
    const char*                id      = containerv_id(container);
    struct containerv_log*     log;
    int                        rc;

    if (chosen->tail != NO_TAIL && containerv_log_tail(container, chosen->tail, &offset) != 0)
        return cvctl_library_failed(err, "read the log of container", id);
    if (containerv_log_open(container, offset, &log) != 0)
        return cvctl_library_failed(err, "read the log of container", id);
    rc = read_log(log, &reading, err);
    if (rc < 0 && strstr(err->text, id) == NULL)
        cv_error_wrap(err, "read the log of container '%s'", id);
    containerv_log_close(log);
    cv_str_release(&reading.text);
    return rc;
}

static int run(int argc, char** argv)
{
    struct logs_options chosen = { .tail = NO_TAIL };
    struct cv_error     err    = CV_ERROR_INIT;
    int                 first = 0, code = 0;

    if (!cvctl_parse(&cvctl_logs_command, argc, argv, &chosen, &first, &code)
        || !cvctl_arguments_check(&cvctl_logs_command, argc, first, 1, 1, &code))
        return code;
    if (chosen.tail != NO_TAIL && chosen.offset != 0) {
        cv_error_set(&err, CV_ERR_INVALID, "--tail and --offset exclude each other");
        cv_error_step(&err, "check the options");
        return cvctl_print_error(&err);
    }
    cvctl_signals_end();
    return cvctl_containers_each(&cvctl_logs_command, argc, argv, first, show, &chosen, false);
}

const struct cvctl_command cvctl_logs_command = {
    .name     = "logs",
    .synopsis = "[OPTION...] ID",
    .summary  = "print what a container has written",
    .options  = options,
    .mixed    = true,
    .details  = "What it wrote to standard output comes there, what it wrote to standard error comes there; a terminal "
                "has only "
                "the first.\n"
                "TIME is 10m or 1h30m (ago), 2026-01-02T03:04:05Z, 2026-01-02 or seconds since 1970.\n"
                "--format json has the exact bytes: 'data' is a string, or {\"base64\": ...} where they are no UTF-8.\n",
    .run      = run,
};
