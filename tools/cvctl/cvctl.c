#include "cvctl.h"

#include <string.h>

#include <cv/banned.h>

void cvctl_print_overview(FILE* to)
{
    fputs("usage: cvctl COMMAND [OPTION...]\n\n"
          "Throw-away containers for build steps.\n\ncommands:\n",
        to);
    for (size_t i = 0; cvctl_commands[i] != NULL; i++)
        fprintf(to, "  %-10s %s\n", cvctl_commands[i]->name, cvctl_commands[i]->summary);
    fputs("\n'cvctl help COMMAND' says more about one of them.\n"
          "Exit codes: 125 cvctl failed, 126 not executable, 127 not found, 128+n ended by signal n, else the "
          "program's.\n",
        to);
}

void cvctl_print_help(FILE* to, const struct cvctl_command* command)
{
    fprintf(to, "usage: cvctl %s %s\n\n%s\n\noptions:\n", command->name, command->synopsis, command->summary);
    cv_options_print(command->options, to);
    if (command->details != NULL)
        fprintf(to, "\n%s", command->details);
}

/* Errors before or in "--format json" shall be JSON too. */
static bool asks_for_json(int argc, char** argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--format=json") == 0
            || (strcmp(argv[i], "--format") == 0 && i + 1 < argc && strcmp(argv[i + 1], "json") == 0))
            return true;
    return false;
}

bool cvctl_parse(
    const struct cvctl_command* command, int argc, char** argv, void* target, int* first_out, int* exit_out)
{
    struct cv_error err  = CV_ERROR_INIT;
    bool            help = false;
    int (*const parse)(const struct cv_option*, int, char**, void*, bool*, int*, struct cv_error*) =
        command->mixed ? cv_options_parse_mixed : cv_options_parse;

    cvctl_set_json(asks_for_json(argc, argv));
    if (parse(command->options, argc, argv, target, &help, first_out, &err) < 0) {
        *exit_out = cvctl_print_error(&err);
        return false;
    }
    if (help) {
        cvctl_print_help(stdout, command);
        *exit_out = cvctl_finish_output();
        return false;
    }
    return true;
}

int cvctl_main(int argc, char** argv)
{
    const struct cvctl_command* command;
    struct cv_error             err  = CV_ERROR_INIT;
    const char*                 name = argc > 1 ? argv[1] : "";

    if (argc < 2) {
        cvctl_print_overview(stderr);
        return CVCTL_EXIT_OURS;
    }
    if (strcmp(name, "--help") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    command = cvctl_command_find(name);
    if (command == NULL) {
        cvctl_set_json(asks_for_json(argc, argv));
        cvctl_command_unknown(name, &err);
        return cvctl_print_error(&err);
    }
    return command->run(argc - 1, argv + 1);
}
