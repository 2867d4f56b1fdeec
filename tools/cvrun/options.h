/*
 * The commands of cvrun and their options, as tables: parsing, help, completion and the man page's check come from them. All commands put
 * what they read into one struct. Pure.
 */
#ifndef CVRUN_OPTIONS_H
#define CVRUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cv/error.h>
#include <cv/strv.h>

#include "option.h"
#include "spec/spec.h"

enum { CVRUN_PRESERVE_MAX = 1024, CVRUN_GIDS_MAX = 65536 };

/* What stands in front of the command. NULL: not given. Strings are borrowed from argv. */
struct cvrun_globals {
    const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless;
    bool        debug, systemd_cgroup, help, version;
};

/* A number that may have been left out. */
struct cvrun_user {
    bool     set, gid_set;
    uint32_t uid, gid;
};

struct cvrun_options {
    bool help;

    /* create, run, exec */
    const char *bundle, *config, *console_socket, *pid_file;
    uint32_t    preserve_fds;
    bool        no_pivot, no_new_keyring, no_subreaper, detach, keep;

    /* exec */
    const char *       process, *cwd, *apparmor, *process_label, *cgroup;
    struct cv_strv     env, caps, additional_gids;
    struct cvrun_user  user;
    bool               tty, ignore_paused;
    struct cv_opt_bool no_new_privs;

    /* kill, delete, list, ps, events, spec */
    bool        all, force, regex, quiet, stats, rootless;
    const char *format, *file;
    int64_t     interval_ms;

    /* update */
    const char*              resources_file;
    struct cv_spec_resources resources;
    bool                     resources_given; /* one of them by an option of its own */
};

void cvrun_options_release(struct cvrun_options* options);

/* How a command is called. `most` < 0: any number of arguments. */
struct cvrun_syntax {
    const char*             name;
    const char*             arguments; /* "CONTAINER [SIGNAL]" */
    const char*             summary;
    const struct cv_option* options;
    bool                    in_order; /* its options end at the first argument: what follows is another program's */
    int                     least, most;
    bool                    makes; /* it makes containers, or goes into them */
};

extern const struct cv_option    cvrun_global_options[]; /* of struct cvrun_globals */
extern const struct cvrun_syntax cvrun_syntaxes[];       /* in the order of the help; ends with a NULL name */

/* CV_ERR_INVALID: there is none of that name; the hint has the nearest. */
int cvrun_syntax_find(const char* name, const struct cvrun_syntax** syntax_out, struct cv_error* err);

/* argv[0] is the command's name. *first_out: the first of its arguments, whose number is right. Nothing is looked at after --help. */
int cvrun_syntax_parse(const struct cvrun_syntax* syntax, int argc, char** argv, struct cvrun_options* options_out,
    int* first_out, struct cv_error* err);

/* Whether the arguments of main() are those of a command that makes or enters containers; false for what is no command. */
bool cvrun_makes(int argc, char** argv);

void cvrun_help_print(FILE* to);
void cvrun_syntax_print(const struct cvrun_syntax* syntax, FILE* to);

#endif
