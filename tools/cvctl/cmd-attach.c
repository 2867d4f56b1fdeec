#include <cv/macros.h>

#include "attach.h"
#include "containers.h"
#include "run.h"

#include <cv/banned.h>

struct attach_options {
    struct cvctl_attach attach;
    bool                no_input, json;
};

#define AT(member) offsetof(struct attach_options, member)

static const struct cv_option options[] = {
    { "no-stdin", 0, NULL, cv_option_bool, AT(no_input), "connect no input" },
    { "close-stdin", 0, NULL, cv_option_bool, AT(attach.input_ends),
        "when your input ends, end the program's; else others may attach to it later" },
    { "sig-proxy", 0, NULL, cv_option_bool, AT(attach.proxy),
        "hand signals on to the program (default); =false: they only end attach" },
    { "replay", 0, NULL, cv_option_bool, AT(attach.replay), "first all that it has written so far" },
    { "detach-keys", 0, "KEYS", cvctl_option_detach_keys, AT(attach.keys),
        "leave a terminal by them, default " CVCTL_DETACH_KEYS "; \"\" is none" },
    { "format", 0, "FORMAT", cvctl_option_format, AT(json), "how errors are printed: text or json" },
    { NULL },
};

static int check_runs(struct containerv_container* container, struct cv_error* err)
{
    enum containerv_state state;
    const char*           id = containerv_id(container);

    if (containerv_state(container, &state) != 0)
        return cvctl_library_failed(err, "look at container", id);
    if (state != CV_STATE_STOPPED && state != CV_STATE_CREATED)
        return 0;
    cv_error_set(err, CV_ERR_STATE, "container '%s' does not run", id);
    cv_error_step(err, "attach to the container");
    cv_error_object(err, "%s", id);
    return cv_error_hint(err, "'cvctl start -a %s' starts it, 'cvctl logs %s' prints what it has written", id, id);
}

static int attach(const char* name, struct attach_options* chosen)
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
    if (check_runs(container, &err) < 0 || (!chosen->attach.replay && cvctl_attach_end(container, &offset, &err) < 0))
        (void)cvctl_print_error(&err);
    else
        code = cvctl_attach(container, offset, &chosen->attach, &free);
    if (free)
        (void)containerv_close(container);
    return code;
}

static int run(int argc, char** argv)
{
    struct attach_options chosen = { .attach.proxy = true };
    int                   first = 0, code = 0;

    (void)cvctl_detach_keys_parse(CVCTL_DETACH_KEYS, &chosen.attach.keys, NULL);
    if (!cvctl_parse(&cvctl_attach_command, argc, argv, &chosen, &first, &code)
        || !cvctl_arguments_check(&cvctl_attach_command, argc, first, 1, 1, &code))
        return code;
    chosen.attach.input = !chosen.no_input;
    return attach(argv[first], &chosen);
}

const struct cvctl_command cvctl_attach_command = {
    .name     = "attach",
    .synopsis = "[OPTION...] ID",
    .summary  = "connect your terminal or streams to a container that runs",
    .options  = options,
    .mixed    = true,
    .details =
        "What it writes from now on is printed until it stops; the exit code is the program's. On a terminal the keys "
        "Ctrl-P\n"
        "Ctrl-Q leave it as it is. An input it has only when it was made with -i or -t.\n",
    .run = run,
};
