#include <stdarg.h>
#include <stdbool.h>

#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <cv/terminal.h>
#include <jansson.h>

#include "cvctl.h"
#include "doctor.h"
#include "leftovers.h"

#include <cv/banned.h>

struct doctor_options {
    bool json, repair;
};

static const struct cv_option options[] = {
    { "repair", 0, NULL, cv_option_bool, offsetof(struct doctor_options, repair),
        "first remove what dead containers left, as 'system prune' does" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct doctor_options, json), "text or json" },
    { NULL },
};

static const struct {
    const char *word, *colour;
} levels[] = {
    [DOCTOR_OK]   = { "ok", "\033[32m" },
    [DOCTOR_WARN] = { "warn", "\033[33m" },
    [DOCTOR_FAIL] = { "fail", "\033[1;31m" },
};

void doctor_set(struct doctor_finding* finding, enum doctor_level level, const char* fix, const char* format, ...)
{
    va_list arguments;

    finding->level = level;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
    (void)snprintf(finding->fix, sizeof(finding->fix), "%s", fix != NULL ? fix : "");
}

static void print_text(const char* name, const struct doctor_finding* found, bool colour)
{
    printf("%s%-4s%s  %-16s %s\n", colour ? levels[found->level].colour : "", levels[found->level].word,
        colour ? "\033[0m" : "", name, found->text);
    if (found->fix[0] != '\0')
        printf("      %-16s fix: %s\n", "", found->fix);
}

static json_t* as_json(const char* name, const struct doctor_finding* found)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "check", name, "result", levels[found->level].word, "text", found->text,
        "fix", found->fix);
}

static int print_json(json_t* list, bool usable)
{
    json_t*         object = json_pack("{s:b, s:O}", "usable", usable, "checks", list);
    struct cv_error err    = CV_ERROR_INIT;
    int             rc     = object != NULL ? json_dumpf(object, stdout, JSON_INDENT(2)) : -1;

    json_decref(object);
    printf("\n");
    if (rc == 0)
        return 0;
    cv_error_set(&err, CV_ERR_SYSTEM, "could not print the findings as JSON");
    return cvctl_print_error(&err);
}

static int check_all(bool json)
{
    bool    colour = cv_terminal_wants_colour(cv_handle_standard(1));
    bool    usable = true;
    json_t* list   = json_array();
    int     code   = 0;

    for (const struct doctor_check* check = doctor_checks; check->name != NULL; check++) {
        struct doctor_finding found = { .level = DOCTOR_OK };

        check->check(&found);
        usable = usable && found.level != DOCTOR_FAIL;
        if (json)
            json_array_append_new(list, as_json(check->name, &found));
        else
            print_text(check->name, &found, colour);
    }
    if (json)
        code = print_json(list, usable);
    else
        printf("\n%s\n", usable ? "cvctl run can work here." : "cvctl run can't work here: see what failed above.");
    json_decref(list);
    if (code == 0)
        code = cvctl_finish_output();
    return code != 0 ? code : usable ? 0 : 1;
}

static int repair(void)
{
    struct cvctl_leftovers told = { .json = false };
    struct cv_error        err  = CV_ERROR_INIT;

    if (cvctl_leftovers_remove(false, &told, &err) < 0)
        return cvctl_print_error(&err);
    if (told.found > 0)
        printf("\n");
    return told.stuck > 0 ? 1 : 0;
}

static int run(int argc, char** argv)
{
    struct doctor_options chosen = { 0 };
    struct cv_error       err    = CV_ERROR_INIT;
    int                   first = 0, code = 0;

    if (!cvctl_parse(&cvctl_doctor_command, argc, argv, &chosen, &first, &code))
        return code;
    if (first != argc) {
        cv_error_set(&err, CV_ERR_INVALID, "'doctor' takes no argument, but has '%s'", argv[first]);
        return cvctl_print_error(&err);
    }
    if (chosen.repair && chosen.json) {
        cv_error_set(&err, CV_ERR_INVALID, "--repair has no --format json");
        cv_error_hint(&err, "'cvctl system prune --format json' does the same");
        return cvctl_print_error(&err);
    }
    if (chosen.repair && (code = repair()) != 0)
        return code;
    return check_all(chosen.json);
}

const struct cvctl_command cvctl_doctor_command = {
    .name     = "doctor",
    .synopsis = "[OPTION...]",
    .summary  = "say what this host can and can't do, and the fix",
    .options  = options,
    .details  = "Exit code 0 when 'cvctl run' can work, 1 when something that it needs has failed, 125 when doctor "
                "itself did.\n",
    .run      = run,
};
