/* One value per row: which option, what it is given, and the words that an error must have; NULL: it must be taken. */
#ifndef CVCTL_TEST_RUN_TABLE_H
#define CVCTL_TEST_RUN_TABLE_H

#include <string.h>

#include <cv-test/support.h>

#include "run-options.h"

struct value_case {
    const char *option, *value, *says;
};

static struct cvctl_run_options parsed;
static struct cv_error          err;

static inline int parse_one(const char* option, const char* value)
{
    char* argv[] = { (char*)(uintptr_t) "run", (char*)(uintptr_t)option, (char*)(uintptr_t)value, NULL };
    bool  help   = false;
    int   first  = 0;

    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    err = (struct cv_error)CV_ERROR_INIT;
    return cv_options_parse(cvctl_run_table, 3, argv, &parsed, &help, &first, &err);
}

/* Every refusal names the option and the value. */
static inline void check_value(const struct value_case* row)
{
    int rc = parse_one(row->option, row->value);

    if (row->says == NULL && rc != 0)
        fail_msg("%s '%s': %s", row->option, row->value, err.text);
    if (row->says == NULL)
        return;
    if (rc == 0)
        fail_msg("%s '%s' was taken", row->option, row->value);
    if (strstr(err.text, row->says) == NULL || strstr(err.text, row->option) == NULL
        || strstr(err.text, row->value) == NULL || err.step[0] == '\0' || strcmp(err.object, row->value) != 0)
        fail_msg("%s '%s' says '%s' (step '%s', object '%s')", row->option, row->value, err.text, err.step, err.object);
}

static inline int teardown(void** state)
{
    (void)state;
    cvctl_run_options_release(&parsed);
    return 0;
}

#endif
