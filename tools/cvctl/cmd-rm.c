#include "containers.h"

#include <cv/banned.h>

struct rm_options {
    bool force, json;
};

static const struct cv_option options[] = {
    { "force", 'f', NULL, cv_option_bool, offsetof(struct rm_options, force), "also those that run: kill them first" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct rm_options, json), "of errors: text or json" },
    { NULL },
};

static int check(struct containerv_container* container, const struct rm_options* chosen, struct cv_error* err)
{
    enum containerv_state state;
    const char*           id = containerv_id(container);

    if (chosen->force)
        return 0;
    if (containerv_state(container, &state) != 0)
        return cvctl_library_failed(err, "look at container", id);
    if (state == CV_STATE_STOPPED || state == CV_STATE_CREATED)
        return 0;
    cv_error_set(err, CV_ERR_STATE, "container '%s' runs", id);
    cv_error_step(err, "remove the container");
    cv_error_object(err, "%s", id);
    return cv_error_hint(err, "'cvctl stop %s' first, or -f to kill it", id);
}

/* The handle is gone in any case. */
static int remove_one(struct containerv_container* container, void* context, struct cv_error* err)
{
    if (check(container, context, err) < 0) {
        (void)containerv_close(container);
        return err->code;
    }
    if (containerv_destroy(container) == 0)
        return 0;
    cvctl_last_error(err);
    return cv_error_wrap(err, "remove the container");
}

static int run(int argc, char** argv)
{
    struct rm_options chosen = { 0 };
    int               first = 0, code = 0;

    if (!cvctl_parse(&cvctl_rm_command, argc, argv, &chosen, &first, &code))
        return code;
    return cvctl_containers_consume(&cvctl_rm_command, argc, argv, first, remove_one, &chosen);
}

const struct cvctl_command cvctl_rm_command = {
    .name     = "rm",
    .synopsis = "[OPTION...] ID...",
    .summary  = "remove containers with their files, logs and records",
    .options  = options,
    .mixed    = true,
    .run      = run,
};
