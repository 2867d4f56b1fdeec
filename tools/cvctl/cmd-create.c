#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

static int run(int argc, char** argv)
{
    struct cvctl_run_options options;
    struct cv_error          err   = CV_ERROR_INIT;
    int                      first = 0, code = 0;

    cvctl_run_options_init(&options);
    if (!cvctl_parse(&cvctl_create_command, argc, argv, &options, &first, &code))
        goto done;
    options.detach = true;
    if (cvctl_run_options_check(&options, argc, argv, first, &err) < 0) {
        code = cvctl_print_error(&err);
        goto done;
    }
    options.supervision.flags |= CV_SUPERVISED_DEFER;
    code = cvctl_run_detached(&options);
done:
    cvctl_run_options_release(&options);
    return code;
}

const struct cvctl_command cvctl_create_command = {
    .name     = "create",
    .options  = cvctl_run_table,
    .synopsis = "[OPTION...] (--rootfs DIR[:O] | --debian SUITE) -- CMD [ARG...]",
    .summary  = "make a container, and start its program later",
    .details  = "Prints its id, for 'cvctl start'. All as of 'cvctl run -d' but that no program is started yet.\n",
    .run      = run,
};
