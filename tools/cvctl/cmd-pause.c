/* pause and unpause. */
#include "containers.h"

#include <cv/banned.h>

struct pause_options {
    bool json;
};

static const struct cv_option options[] = {
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct pause_options, json), "of errors: text or json" },
    { NULL },
};

static int do_pause(struct containerv_container* container, void* context, struct cv_error* err)
{
    (void)context;
    return containerv_pause(container) == 0 ? 0
                                            : cvctl_library_failed(err, "pause container", containerv_id(container));
}

static int do_resume(struct containerv_container* container, void* context, struct cv_error* err)
{
    (void)context;
    return containerv_resume(container) == 0 ? 0
                                             : cvctl_library_failed(err, "unpause container", containerv_id(container));
}

static int run_for(const struct cvctl_command* command, int argc, char** argv, cvctl_container_fn fn)
{
    struct pause_options chosen = { 0 };
    int                  first = 0, code = 0;

    if (!cvctl_parse(command, argc, argv, &chosen, &first, &code))
        return code;
    return cvctl_containers_each(command, argc, argv, first, fn, NULL, true);
}

static int run_pause(int argc, char** argv)
{
    return run_for(&cvctl_pause_command, argc, argv, do_pause);
}

static int run_unpause(int argc, char** argv)
{
    return run_for(&cvctl_unpause_command, argc, argv, do_resume);
}

const struct cvctl_command cvctl_pause_command = {
    .name     = "pause",
    .synopsis = "[OPTION...] ID...",
    .summary  = "stop all processes of containers where they are",
    .options  = options,
    .mixed    = true,
    .run      = run_pause,
};

const struct cvctl_command cvctl_unpause_command = {
    .name     = "unpause",
    .synopsis = "[OPTION...] ID...",
    .summary  = "let the processes of paused containers go on",
    .options  = options,
    .mixed    = true,
    .run      = run_unpause,
};
