#include <stdlib.h>
#include <string.h>

#include <cv/clock.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "containers.h"
#include "run.h"
#include "status.h"
#include "when.h"

#include <cv/banned.h>

enum { NS_PER_MS = 1000000, ONLY_NEW = -1 };

struct events_options {
    bool        json;
    int64_t     since_ns, until_ns; /* 0: not given */
    const char* id;                 /* of --filter; NULL: all */
    uint32_t    kind;
};

static int set_filter(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct events_options* chosen = target;
    size_t                 key    = strcspn(value, "=");
    const char*            wanted = value[key] == '=' ? value + key + 1 : "";
    (void)option;
    if (wanted[0] != '\0' && (cv_str_starts_with(value, "id=") || cv_str_starts_with(value, "container="))) {
        chosen->id = wanted;
        return 0;
    }
    if (cv_str_starts_with(value, "event=")) {
        chosen->kind = cvctl_event_kind(wanted);
        if (chosen->kind != 0)
            return 0;
    }
    cv_error_set(err, CV_ERR_INVALID, "is not a filter");
    return cv_error_hint(err,
        "id=BEGINNING, or event= with one of created started exited stopped paused resumed oom health "
        "restarting destroyed");
}

#define AT(member) offsetof(struct events_options, member)

static const struct cv_option options[] = {
    { "since", 0, "TIME", cvctl_option_when, AT(since_ns), "also what has happened from then on" },
    { "until", 0, "TIME", cvctl_option_when, AT(until_ns), "end at this time" },
    { "filter", 0, "KEY=VALUE", set_filter, 0, "id=BEGINNING or event=KIND" },
    { "format", 0, "FORMAT", cvctl_option_format, AT(json), "text or json, one object a line" },
    { NULL },
};

static bool wanted(const struct events_options* chosen, const struct containerv_journal_entry* entry)
{
    return (chosen->id == NULL || cv_str_starts_with(entry->id, chosen->id))
           && (chosen->kind == 0 || chosen->kind == entry->kind);
}

/* "main" is the main process; the container as a whole has none. */
static int print_json(const struct containerv_journal_entry* entry, struct cv_error* err)
{
    json_t* object = json_pack("{s:o, s:I, s:s, s:s}", "time", cvctl_json_time(entry->time_ns), "time_ns",
        (json_int_t)entry->time_ns, "event", cvctl_event_name(entry->kind), "id", entry->id);

    if (object != NULL && entry->process != 0) {
        json_object_set_new(object, "process", json_integer(entry->process));
        json_object_set_new(object, "main", json_boolean(entry->is_main != 0));
    }
    if (object != NULL && entry->has_exit != 0)
        json_object_set_new(object, "exit", cvctl_json_exit(&entry->exit));
    if (object != NULL && entry->detail[0] != '\0')
        json_object_set_new(object, "detail", json_string(entry->detail));
    return cvctl_json_line(object, err);
}

static void print_text(const struct containerv_journal_entry* entry)
{
    char when[CV_WHEN_SIZE];

    cv_when_print(entry->time_ns, when);
    printf("%s %s %s", when, entry->id, cvctl_event_name(entry->kind));
    if (entry->process != 0)
        printf(" %s %lld", entry->is_main != 0 ? "main" : "process", (long long)entry->process);
    if (entry->has_exit != 0 && entry->exit.reason == CV_EXIT_LOST)
        printf(" lost");
    else if (entry->has_exit != 0)
        printf(" code %d (%s)", entry->exit.code, cvctl_reason_name(entry->exit.reason));
    if (entry->detail[0] != '\0')
        printf(" %s", entry->detail);
    printf("\n");
}

static int print_entry(
    const struct events_options* chosen, const struct containerv_journal_entry* entry, struct cv_error* err)
{
    if (!wanted(chosen, entry))
        return 0;
    if (chosen->json)
        return print_json(entry, err);
    print_text(entry);
    return 0;
}

static int64_t patience_ms(const struct events_options* chosen)
{
    int64_t left = chosen->until_ns - cv_clock_realtime_ns();

    if (chosen->until_ns == 0)
        return -1;
    return left > 0 ? left / NS_PER_MS + 1 : 0;
}

static int follow(struct containerv_journal* journal, const struct events_options* chosen, struct cv_error* err)
{
    for (;;) {
        struct containerv_journal_entry entry = { .size = sizeof(entry), .exit.size = sizeof(entry.exit) };
        int                             rc    = containerv_journal_read(journal, 0, &entry);

        if (rc == CV_ERR_TIMEOUT) {
            int64_t patience = patience_ms(chosen);

            if (patience == 0 || cvctl_finish_output() != 0)
                return 0;
            rc = containerv_journal_read(journal, patience, &entry);
        }
        if (rc == CV_ERR_TIMEOUT || (rc == 0 && chosen->until_ns != 0 && entry.time_ns >= chosen->until_ns))
            return 0;
        if (rc != 0) {
            cvctl_last_error(err);
            return err->code;
        }
        if (print_entry(chosen, &entry, err) < 0)
            return err->code;
    }
}

static int run(int argc, char** argv)
{
    struct events_options      chosen = { 0 };
    struct cv_error            err    = CV_ERROR_INIT;
    struct containerv_journal* journal;
    int                        first = 0, code = 0;

    if (!cvctl_parse(&cvctl_events_command, argc, argv, &chosen, &first, &code)
        || !cvctl_arguments_check(&cvctl_events_command, argc, first, 0, 0, &code))
        return code;
    cvctl_signals_end();
    if (containerv_journal_open(chosen.since_ns != 0 ? chosen.since_ns : ONLY_NEW, &journal) != 0) {
        (void)cvctl_print_last_error();
        return CVCTL_EXIT_FAILED;
    }
    if (follow(journal, &chosen, &err) < 0) {
        (void)cvctl_print_error(&err);
        code = CVCTL_EXIT_FAILED;
    }
    containerv_journal_close(journal);
    return cvctl_finish_output() != 0 ? CVCTL_EXIT_FAILED : code;
}

const struct cvctl_command cvctl_events_command = {
    .name     = "events",
    .synopsis = "[OPTION...]",
    .summary  = "print what happens to supervised containers, as it happens",
    .options  = options,
    .mixed    = true,
    .details  = "TIME is 10m or 1h30m (ago), 2026-01-02T03:04:05Z, 2026-01-02 or seconds since 1970.\n",
    .run      = run,
};
