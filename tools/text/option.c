#include "option.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>
#include <cv/strv.h>

#include <cv/banned.h>

enum {
    OPTIONS_MAX = 96,
    WORD_MAX    = 32, /* longer words are not compared for likeness */
    LONG_BASE   = 256 /* getopt's value of long option n is LONG_BASE + n, away from every short one */
};

static const struct cv_option help_row = { "help", 0, NULL, NULL, 0, "print this help" };

int cv_option_bool(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    (void)err;
    *(bool*)((char*)target + option->offset) = strcmp(value, "true") == 0;
    return 0;
}

int cv_option_string(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    if (value[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "is empty");
    *(const char**)(void*)((char*)target + option->offset) = value;
    return 0;
}

int cv_option_append(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    if (value[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "is empty");
    return cv_strv_append((struct cv_strv*)(void*)((char*)target + option->offset), value) < 0 ? cv_error_no_memory(err)
                                                                                               : 0;
}

static size_t count_rows(const struct cv_option* table)
{
    size_t count = 0;

    while (table != NULL && table[count].name != NULL)
        count++;
    return count;
}

/* How many letters must be put in, left out or changed (Levenshtein). */
static int distance(const char* a, const char* b)
{
    size_t la = strlen(a), lb = strlen(b);
    int    row[WORD_MAX + 1];

    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int diagonal = row[0];

        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int least  = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j]   = change < least ? change : least;
        }
    }
    return row[lb];
}

const char* cv_nearest(const char* word, const char* const* list)
{
    const char* best  = NULL;
    int         limit = strlen(word) < 3 ? 2 : 3; /* a distance this large is no likeness */

    for (; *list != NULL; list++) {
        int d = distance(word, *list);

        if (d < limit) {
            limit = d;
            best  = *list;
        }
    }
    return best;
}

static const struct cv_option* find_long(const struct cv_option* table, size_t count, const char* name, size_t length)
{
    for (size_t i = 0; i <= count; i++) {
        const struct cv_option* row = i < count ? &table[i] : &help_row;

        if (strlen(row->name) == length && memcmp(row->name, name, length) == 0)
            return row;
    }
    return NULL;
}

static int unknown(const struct cv_option* table, size_t count, const char* text, struct cv_error* err)
{
    const char* names[OPTIONS_MAX + 1] = { NULL };
    char        word[WORD_MAX + 1]     = "";
    size_t      length                 = strcspn(text, "=");
    const char* nearest;

    for (size_t i = 0; i < count && i < OPTIONS_MAX; i++)
        names[i] = table[i].name;
    if (length > 2 && length - 2 <= WORD_MAX)
        memcpy(word, text + 2, length - 2);
    nearest = word[0] != '\0' ? cv_nearest(word, names) : NULL;
    cv_error_set(err, CV_ERR_INVALID, "option '%.*s' is not known", (int)length, text);
    cv_error_step(err, "parse the options");
    cv_error_object(err, "%.*s", (int)length, text);
    if (nearest != NULL)
        return cv_error_hint(err, "did you mean --%s?", nearest);
    if (strcmp(text, "-h") == 0)
        return cv_error_hint(err, "--help prints the help; a host name is --hostname");
    return cv_error_hint(err, "--help lists the options");
}

/* What getopt needs, made from the rows. */
struct getopt_table {
    struct option longs[OPTIONS_MAX + 2];
    char          shorts[3 * OPTIONS_MAX + 3];
};

static void make_getopt_table(const struct cv_option* table, size_t count, bool mixed, struct getopt_table* out)
{
    size_t n = 0;

    if (!mixed)
        out->shorts[n++] = '+'; /* stop at the first argument that is no option */
    out->shorts[n++] = ':';     /* tell a missing value from an unknown option, print nothing */
    for (size_t i = 0; i <= count; i++) {
        const struct cv_option* row = i < count ? &table[i] : &help_row;

        out->longs[i] = (struct option){ .name = row->name,
            .has_arg                           = row->value != NULL ? required_argument : optional_argument,
            .val                               = LONG_BASE + (int)i };
        if (row->short_name == 0)
            continue;
        out->shorts[n++] = row->short_name;
        if (row->value != NULL)
            out->shorts[n++] = ':';
    }
}

static const struct cv_option* find_row(const struct cv_option* table, size_t count, int got)
{
    if (got >= LONG_BASE)
        return (size_t)(got - LONG_BASE) < count ? &table[got - LONG_BASE] : &help_row;
    for (size_t i = 0; i < count; i++)
        if (table[i].short_name == got)
            return &table[i];
    return NULL;
}

static int missing_value(const struct cv_option* row, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_INVALID, "option --%s needs a value: --%s %s", row->name, row->name, row->value);
    cv_error_step(err, "parse the options");
    return cv_error_object(err, "--%s", row->name);
}

static int check_switch(const char* value, const char** word_out, struct cv_error* err)
{
    static const struct {
        const char *text, *means;
    } words[] = { { "true", "true" }, { "false", "false" }, { "1", "true" }, { "0", "false" } };

    if (value == NULL)
        value = "true";
    for (size_t i = 0; i < CV_ARRAY_LEN(words); i++)
        if (strcmp(value, words[i].text) == 0) {
            *word_out = words[i].means;
            return 0;
        }
    cv_error_set(err, CV_ERR_INVALID, "is not a truth value");
    return cv_error_hint(err, "allowed: true, false");
}

/* Hand the value to the row's setter; whatever it refuses gets the option's name and the value. */
static int apply(const struct cv_option* row, const char* value, void* target, struct cv_error* err)
{
    const char* word = value;

    if ((row->value != NULL || check_switch(value, &word, err) == 0) && row->set(target, row, word, err) == 0)
        return 0;
    cv_error_wrap(err, "option --%s '%s'", row->name, value != NULL ? value : "");
    if (err->step[0] == '\0')
        cv_error_step(err, "parse option --%s", row->name);
    return err->object[0] != '\0' ? err->code : cv_error_object(err, "%s", value != NULL ? value : "");
}

/* getopt_long() would take any unique beginning of a name. Scripts that use one break when an option is added. */
static int refuse_abbreviation(const struct cv_option* table, size_t count, const char* argument, struct cv_error* err)
{
    if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0')
        return 0;
    if (find_long(table, count, argument + 2, strcspn(argument + 2, "=")) == NULL)
        return unknown(table, count, argument, err);
    return 0;
}

static int one_option(const struct cv_option* table, size_t count, int got, const char* argument, void* target,
    bool* help_out, struct cv_error* err)
{
    const struct cv_option* row;
    char                    spelled[] = { '-', (char)optopt, '\0' };

    if (got == '?')
        return unknown(table, count, optopt > 0 && optopt < LONG_BASE ? spelled : argument, err);
    row = find_row(table, count, got == ':' ? optopt : got);
    if (row == NULL)
        return unknown(table, count, argument, err);
    if (got == ':')
        return missing_value(row, err);
    if (row == &help_row) {
        *help_out = true;
        return 0;
    }
    return apply(row, optarg, target, err);
}

/* Where getopt goes on: at the next argument that is an option, when it passes over others. */
static const char* next_argument(int argc, char** argv, bool mixed)
{
    int at = optind == 0 ? 1 : optind;

    while (mixed && at < argc && (argv[at][0] != '-' || argv[at][1] == '\0'))
        at++;
    return at < argc ? argv[at] : "";
}

static int parse(const struct cv_option* table, bool mixed, int argc, char** argv, void* target, bool* help_out,
    int* first_out, struct cv_error* err)
{
    struct getopt_table made  = { 0 };
    size_t              count = count_rows(table);

    if (count > OPTIONS_MAX)
        return cv_error_set(err, CV_ERR_INTERNAL, "%zu options are more than %d", count, OPTIONS_MAX);
    make_getopt_table(table, count, mixed, &made);
    *help_out = false;
    opterr    = 0;
    optind    = 0; /* 0, not 1: start afresh, also inside a group of short options */
    for (;;) {
        const char* argument = next_argument(argc, argv, mixed);
        int         got;

        if (refuse_abbreviation(table, count, argument, err) < 0)
            return err->code;
        got = getopt_long(argc, argv, made.shorts, made.longs, NULL);
        if (got == -1)
            break;
        if (one_option(table, count, got, argument, target, help_out, err) < 0)
            return err->code;
        if (*help_out)
            return 0;
    }
    *first_out = optind;
    return 0;
}

int cv_options_parse(const struct cv_option* table, int argc, char** argv, void* target, bool* help_out, int* first_out,
    struct cv_error* err)
{
    return parse(table, false, argc, argv, target, help_out, first_out, err);
}

int cv_options_parse_mixed(const struct cv_option* table, int argc, char** argv, void* target, bool* help_out,
    int* first_out, struct cv_error* err)
{
    return parse(table, true, argc, argv, target, help_out, first_out, err);
}

static void print_row(const struct cv_option* row, FILE* to)
{
    char left[64];

    if (row->short_name != 0)
        (void)cv_snprintf(left, sizeof(left), "-%c, --%s%s%s", row->short_name, row->name, row->value ? " " : "",
            row->value ? row->value : "");
    else
        (void)cv_snprintf(
            left, sizeof(left), "    --%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
    if (strlen(left) <= 32)
        fprintf(to, "  %-33s %s\n", left, row->help);
    else
        fprintf(to, "  %s\n  %-33s %s\n", left, "", row->help);
}

void cv_options_print(const struct cv_option* table, FILE* to)
{
    size_t count = count_rows(table);
    bool   own   = false;

    for (size_t i = 0; i < count; i++) {
        print_row(&table[i], to);
        own = own || strcmp(table[i].name, help_row.name) == 0;
    }
    if (!own)
        print_row(&help_row, to);
}
