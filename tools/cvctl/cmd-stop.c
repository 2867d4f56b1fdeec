#include <cv/str.h>

#include "containers.h"

#include <cv/banned.h>

enum { NEVER_MS = -2, OWN_MS = -1, MS_PER_S = 1000, SECONDS_MAX = 1000000000 };

struct stop_options {
    bool    json;
    int64_t timeout_ms;
};

static int set_time(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct stop_options* chosen  = target;
    int64_t              seconds = 0;
    (void)option;
    if (cv_parse_i64(value, -1, SECONDS_MAX, &seconds, err) < 0)
        return cv_error_hint(err, "seconds; -1 is without end");
    chosen->timeout_ms = seconds < 0 ? NEVER_MS : seconds * MS_PER_S;
    return 0;
}

static const struct cv_option options[] = {
    { "time", 't', "SECONDS", set_time, 0,
        "from the stop signal to the kill, default the container's own, 10; -1 is without end" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct stop_options, json), "of errors: text or json" },
    { NULL },
};

static int stop(struct containerv_container* container, void* context, struct cv_error* err)
{
    const struct stop_options* chosen = context;

    return containerv_stop(container, chosen->timeout_ms) == 0
               ? 0
               : cvctl_library_failed(err, "stop container", containerv_id(container));
}

static int run(int argc, char** argv)
{
    struct stop_options chosen = { .timeout_ms = OWN_MS };
    int                 first = 0, code = 0;

    if (!cvctl_parse(&cvctl_stop_command, argc, argv, &chosen, &first, &code))
        return code;
    return cvctl_containers_each(&cvctl_stop_command, argc, argv, first, stop, &chosen, true);
}

const struct cvctl_command cvctl_stop_command = {
    .name     = "stop",
    .synopsis = "[OPTION...] ID...",
    .summary  = "ask containers to end, kill what does not",
    .options  = options,
    .mixed    = true,
    .details =
        "The main process gets the container's stop signal (SIGTERM unless it was made with another one). Returns "
        "when all has\n"
        "stopped. A container that is stopped is not started again by its restart policy.\n",
    .run = run,
};
