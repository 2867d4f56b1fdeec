#include "containers.h"
#include "signal-names.h"

#include <cv/banned.h>

enum { KILL = 9 };

struct kill_options {
    bool json;
    int  signal;
};

static int set_signal(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    (void)option;
    return cv_signal_parse(value, &((struct kill_options*)target)->signal, err);
}

static const struct cv_option options[] = {
    { "signal", 's', "SIGNAL", set_signal, 0, "a name or number, default KILL" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct kill_options, json), "of errors: text or json" },
    { NULL },
};

/* A kill ends all that is in the container, and it is not started again. */
static int send(struct containerv_container* container, void* context, struct cv_error* err)
{
    int                   number = ((const struct kill_options*)context)->signal;
    const char*           id     = containerv_id(container);
    enum containerv_state state;

    if (containerv_state(container, &state) != 0)
        return cvctl_library_failed(err, "look at container", id);
    if (state == CV_STATE_STOPPED || state == CV_STATE_CREATED) {
        cv_error_set(err, CV_ERR_STATE, "kill container '%s': it does not run", id);
        return cv_error_object(err, "%s", id);
    }
    if ((number == KILL ? containerv_kill(container) : containerv_signal(container, CV_PROCESS_MAIN, number)) == 0)
        return 0;
    return cvctl_library_failed(err, "send a signal to container", id);
}

static int run(int argc, char** argv)
{
    struct kill_options chosen = { .signal = KILL };
    int                 first = 0, code = 0;

    if (!cvctl_parse(&cvctl_kill_command, argc, argv, &chosen, &first, &code))
        return code;
    return cvctl_containers_each(&cvctl_kill_command, argc, argv, first, send, &chosen, true);
}

const struct cvctl_command cvctl_kill_command = {
    .name     = "kill",
    .synopsis = "[OPTION...] ID...",
    .summary  = "kill containers, or send a signal to their main processes",
    .options  = options,
    .mixed    = true,
    .run      = run,
};
