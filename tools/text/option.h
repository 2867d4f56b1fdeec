/*
 * One row per option: it gives the parsing and the help text. A table ends with a row without a name; NULL is an empty one. Values are strings of argv, borrowed by the setters.
 *
 * Stricter than getopt_long() alone: no abbreviations, and the first argument that is no option ends the options.
 */
#ifndef CV_TEXT_OPTION_H
#define CV_TEXT_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cv/error.h>

struct cv_option {
    const char* name;       /* without the dashes */
    char        short_name; /* 0: none */
    const char* value;      /* how help calls its value; NULL: a switch, --name[=true|false] */

    /* Take the value ("true" or "false" for a switch, checked before). On failure `err` has the reason, and a hint of what is allowed;
     * the parser adds option and value. `target` is the command's own struct. */
    int (*set)(void* target, const struct cv_option* option, const char* value, struct cv_error* err);
    size_t      offset; /* for cv_option_*(): which member of the struct */
    const char* help;
};

/* Setters for a bool, a const char* (the last one counts), and a struct cv_strv. */
int cv_option_bool(void* target, const struct cv_option* option, const char* value, struct cv_error* err);
int cv_option_string(void* target, const struct cv_option* option, const char* value, struct cv_error* err);
int cv_option_append(void* target, const struct cv_option* option, const char* value, struct cv_error* err);

/*
 * argv[0] is skipped. A table may have a row "help" of its own. Sets *help_out and stops at --help. *first_out is the index of the first argument that is no option ("--" is
 * skipped). CV_ERR_INVALID: the error names the option and the value.
 */
int cv_options_parse(const struct cv_option* table, int argc, char** argv, void* target, bool* help_out, int* first_out,
    struct cv_error* err);

/* The same, with options also behind other arguments, up to "--". Those others are moved to the end of argv. */
int cv_options_parse_mixed(const struct cv_option* table, int argc, char** argv, void* target, bool* help_out,
    int* first_out, struct cv_error* err);

void cv_options_print(const struct cv_option* table, FILE* to);

/* The entry of a NULL-terminated list that is spelled most like `word`; NULL when none is near. */
const char* cv_nearest(const char* word, const char* const* list);

#endif
