/*
 * cvctl: one file per command (cmd-X.c), one table of them (commands.c), and one table of options per command (option.h). It uses
 * the public API of the library and libs/platform, nothing below.
 */
#ifndef CVCTL_CVCTL_H
#define CVCTL_CVCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cv/error.h>

#include "option.h"

/* Exit codes that are not the program's, as docker has them. */
enum {
    CVCTL_EXIT_OURS           = 125, /* cvctl or the library refused or failed */
    CVCTL_EXIT_NOT_EXECUTABLE = 126,
    CVCTL_EXIT_NOT_FOUND      = 127,
    CVCTL_EXIT_SIGNAL         = 128, /* plus the signal's number */
};

struct cvctl_command {
    const char*             name;
    const char*             synopsis; /* what follows the name in the usage line */
    const char*             summary;  /* one line, for the list of commands */
    const char*             details;  /* more for its own help, may be NULL */
    const struct cv_option* options;  /* NULL: none but --help */
    bool                    mixed;    /* options may stand behind arguments, none of which is a program's */

    /* argv[0] is the command's name. Prints its own errors; returns the exit code. */
    int (*run)(int argc, char** argv);
};

extern const struct cvctl_command cvctl_run_command;
extern const struct cvctl_command cvctl_create_command;
extern const struct cvctl_command cvctl_start_command;
extern const struct cvctl_command cvctl_exec_command;
extern const struct cvctl_command cvctl_attach_command;
extern const struct cvctl_command cvctl_ps_command;
extern const struct cvctl_command cvctl_inspect_command;
extern const struct cvctl_command cvctl_logs_command;
extern const struct cvctl_command cvctl_wait_command;
extern const struct cvctl_command cvctl_stop_command;
extern const struct cvctl_command cvctl_kill_command;
extern const struct cvctl_command cvctl_rm_command;
extern const struct cvctl_command cvctl_pause_command;
extern const struct cvctl_command cvctl_unpause_command;
extern const struct cvctl_command cvctl_stats_command;
extern const struct cvctl_command cvctl_top_command;
extern const struct cvctl_command cvctl_events_command;
extern const struct cvctl_command cvctl_update_command;
extern const struct cvctl_command cvctl_cp_command;
extern const struct cvctl_command cvctl_diff_command;
extern const struct cvctl_command cvctl_commit_command;
extern const struct cvctl_command cvctl_export_command;
extern const struct cvctl_command cvctl_doctor_command;
extern const struct cvctl_command cvctl_system_command;
extern const struct cvctl_command cvctl_version_command;
extern const struct cvctl_command cvctl_help_command;

extern const struct cvctl_command* const cvctl_commands[]; /* NULL at the end */

const struct cvctl_command* cvctl_command_find(const char* name);  /* NULL: none */
int cvctl_command_unknown(const char* name, struct cv_error* err); /* fills err, with the nearest name */

/* The whole program; main() is nothing else. */
int cvctl_main(int argc, char** argv);

/*
 * Parse a command's options into `target`. On --help its help is printed to stdout and *exit_out is 0, on a mistake the error to stderr
 * and *exit_out is 125; both return false. *first_out is the index of the first argument that is no option.
 */
bool cvctl_parse(
    const struct cvctl_command* command, int argc, char** argv, void* target, int* first_out, int* exit_out);

void cvctl_print_overview(FILE* to);
void cvctl_print_help(FILE* to, const struct cvctl_command* command);

/* "cvctl: step 'object': reason" and "  hint: ..." on stderr, or one line of JSON with the fields of struct containerv_error when
 * cvctl_set_format("json") was called. Return CVCTL_EXIT_OURS. */
int cvctl_print_error(const struct cv_error* err);
int cvctl_print_last_error(void); /* containerv_error_last() */

/* The same struct for an error of the library. */
void cvctl_last_error(struct cv_error* err);

void cvctl_set_json(bool on);
bool cvctl_json(void);

/* --format of every command: "text" or "json", into a bool. */
int cvctl_option_format(void* target, const struct cv_option* option, const char* value, struct cv_error* err);
int cvctl_option_table(
    void* target, const struct cv_option* option, const char* value, struct cv_error* err); /* "table", "json" */

/* A point in time (when.h) into an int64_t. */
int cvctl_option_when(void* target, const struct cv_option* option, const char* value, struct cv_error* err);
/* A struct cvctl_detach_keys. */
int cvctl_option_detach_keys(void* target, const struct cv_option* option, const char* value, struct cv_error* err);

/* stdout is complete? A full disk or a closed pipe must not look like success. Told once. Returns 0 or CVCTL_EXIT_OURS. */
int cvctl_finish_output(void);

#endif
