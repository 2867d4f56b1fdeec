#include <cv/macros.h>

#include "attach.h"
#include "containers.h"
#include "run.h"

#include <cv/banned.h>

struct start_options {
    struct cvctl_attach attach;
    bool                attached, json;
};

#define AT(member) offsetof(struct start_options, member)

static const struct cv_option options[] = {
    { "attach", 'a', NULL, cv_option_bool, AT(attached), "print what it writes until it stops; only one container" },
    { "interactive", 'i', NULL, cv_option_bool, AT(attach.input), "the same, and connect your input" },
    { "detach-keys", 0, "KEYS", cvctl_option_detach_keys, AT(attach.keys),
        "leave a terminal by them, default " CVCTL_DETACH_KEYS "; \"\" is none" },
    { "format", 0, "FORMAT", cvctl_option_format, AT(json), "how errors are printed: text or json" },
    { NULL },
};

static int start(struct containerv_container* container, void* context, struct cv_error* err)
{
    (void)context;
    return containerv_start(container) == 0 ? 0
                                            : cvctl_library_failed(err, "start container", containerv_id(container));
}

/* What this run writes, and nothing of those before. */
static int start_attached(const char* name, struct start_options* chosen)
{
    struct containerv_container* container;
    struct cv_error              err    = CV_ERROR_INIT;
    uint64_t                     offset = 0;
    bool                         free   = true;
    int                          code   = CVCTL_EXIT_FAILED;

    if (cvctl_signals_catch(&err) < 0 || cvctl_container_open(name, &container, &err) < 0) {
        (void)cvctl_print_error(&err);
        return CVCTL_EXIT_FAILED;
    }
    if (cvctl_attach_end(container, &offset, &err) < 0 || start(container, NULL, &err) < 0)
        (void)cvctl_print_error(&err);
    else
        code = cvctl_attach(container, offset, &chosen->attach, &free);
    if (free)
        (void)containerv_close(container);
    return code;
}

static int run(int argc, char** argv)
{
    struct start_options chosen = { .attach = { .proxy = true, .input_ends = true } };
    int                  first = 0, code = 0;

    (void)cvctl_detach_keys_parse(CVCTL_DETACH_KEYS, &chosen.attach.keys, NULL);
    if (!cvctl_parse(&cvctl_start_command, argc, argv, &chosen, &first, &code))
        return code;
    if (!chosen.attached && !chosen.attach.input)
        return cvctl_containers_each(&cvctl_start_command, argc, argv, first, start, NULL, true);
    if (!cvctl_arguments_check(&cvctl_start_command, argc, first, 1, 1, &code))
        return code;
    return start_attached(argv[first], &chosen);
}

const struct cvctl_command cvctl_start_command = {
    .name     = "start",
    .synopsis = "[OPTION...] ID...",
    .summary  = "start containers that were created or have stopped",
    .options  = options,
    .mixed    = true,
    .details =
        "One that has stopped finds its files as it left them. An input it has only when it was made with -i or -t.\n",
    .run = run,
};
