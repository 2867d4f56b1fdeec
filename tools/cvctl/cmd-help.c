#include <cv/macros.h>

#include "cvctl.h"

#include <cv/banned.h>

static int run(int argc, char** argv)
{
    const struct cvctl_command* command;
    struct cv_error             err   = CV_ERROR_INIT;
    int                         first = 0, code = 0;

    if (!cvctl_parse(&cvctl_help_command, argc, argv, NULL, &first, &code))
        return code;
    if (first == argc) {
        cvctl_print_overview(stdout);
        return cvctl_finish_output();
    }
    command = cvctl_command_find(argv[first]);
    if (command == NULL) {
        cvctl_command_unknown(argv[first], &err);
        return cvctl_print_error(&err);
    }
    cvctl_print_help(stdout, command);
    return cvctl_finish_output();
}

const struct cvctl_command cvctl_help_command = {
    .name     = "help",
    .synopsis = "[COMMAND]",
    .summary  = "print the list of commands, or help for one",
    .run      = run,
};
