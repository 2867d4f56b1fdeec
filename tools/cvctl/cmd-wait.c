#include "containers.h"
#include "run.h"

#include <cv/banned.h>

struct wait_options {
    bool json;
};

static const struct cv_option options[] = {
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct wait_options, json), "text or json" },
    { NULL },
};

static json_t* with_id(const char* id, json_t* object)
{
    if (object != NULL && json_object_set_new(object, "id", json_string(id)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static int wait_for(struct containerv_container* container, void* context, struct cv_error* err)
{
    const struct wait_options* chosen = context;
    struct containerv_exit     end    = { .size = sizeof(end) };
    const char*                id     = containerv_id(container);

    if (containerv_wait(container, CV_PROCESS_MAIN, -1, &end) != 0)
        return cvctl_library_failed(err, "wait for container", id);
    if (chosen->json) {
        if (cvctl_json_line(with_id(id, cvctl_json_exit(&end)), err) < 0)
            return err->code;
    } else {
        printf("%d\n", end.code);
    }
    (void)fflush(stdout); /* who reads it may wait for the next one; that all was written is checked at the end */
    return 0;
}

static int run(int argc, char** argv)
{
    struct wait_options chosen = { 0 };
    int                 first = 0, code = 0;

    if (!cvctl_parse(&cvctl_wait_command, argc, argv, &chosen, &first, &code))
        return code;
    cvctl_signals_end();
    return cvctl_containers_each(&cvctl_wait_command, argc, argv, first, wait_for, &chosen, false);
}

const struct cvctl_command cvctl_wait_command = {
    .name     = "wait",
    .synopsis = "[OPTION...] ID...",
    .summary  = "wait until containers have stopped, print their exit codes",
    .options  = options,
    .mixed    = true,
    .details  = "One line for each, in the order that they were named. --format json: how each ended, one object a "
                "line. Of one that\n"
                "is started again by its restart policy, the run at hand counts.\n",
    .run      = run,
};
