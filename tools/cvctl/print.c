#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <chef/containerv.h>
#include <cv/handle.h>
#include <cv/str.h>
#include <cv/terminal.h>
#include <jansson.h>

#include "control.h"
#include "cvctl.h"

#include <cv/banned.h>

static void print_json(const struct cv_error* err)
{
    json_t* object = json_pack("{s:i, s:s, s:i, s:I, s:s, s:s, s:s, s:s}", "code", err->code, "name",
        cv_error_code_name(err->code), "domain", err->domain, "number", (json_int_t)err->number, "step", err->step,
        "object", err->object, "hint", err->hint, "text", err->text);
    char*   text   = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    /* a path need not be UTF-8, and then there is no JSON of it: better the code alone than nothing */
    if (text != NULL)
        fprintf(stderr, "%s\n", text);
    else
        fprintf(stderr, "{\"code\":%d,\"name\":\"%s\"}\n", err->code, cv_error_code_name(err->code));
    free(text);
    json_decref(object);
}

/* What came from a file name or a container must not steer the terminal. */
static void print_clean(const char* text)
{
    while (*text != '\0') {
        size_t length = cv_control(text);

        fputc(length > 0 ? '?' : *text, stderr);
        text += length > 0 ? length : 1;
    }
}

int cvctl_print_error(const struct cv_error* err)
{
    bool colour = cv_terminal_wants_colour(cv_handle_standard(2));

    if (cvctl_json()) {
        print_json(err);
        return CVCTL_EXIT_OURS;
    }
    fprintf(stderr, "%scvctl:%s ", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "");
    print_clean(err->text);
    fputc('\n', stderr);
    if (err->hint[0] != '\0') {
        fputs("  hint: ", stderr);
        print_clean(err->hint);
        fputc('\n', stderr);
    }
    return CVCTL_EXIT_OURS;
}

void cvctl_last_error(struct cv_error* err)
{
    const struct containerv_error* last = containerv_error_last();

    cv_error_set(err, last->code, "%s", last->text);
    err->domain = last->domain;
    err->number = last->number;
    cv_error_step(err, "%s", last->step);
    cv_error_object(err, "%s", last->object);
    cv_error_hint(err, "%s", last->hint);
}

int cvctl_print_last_error(void)
{
    struct cv_error err = CV_ERROR_INIT;

    cvctl_last_error(&err);
    return cvctl_print_error(&err);
}

int cvctl_finish_output(void)
{
    static bool     told;
    struct cv_error err = CV_ERROR_INIT;

    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (told)
        return CVCTL_EXIT_OURS;
    told = true;
    cv_error_errno(&err, errno, "write the output", "stdout");
    return cvctl_print_error(&err);
}
