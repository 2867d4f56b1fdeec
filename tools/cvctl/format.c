/* --format, the option that every command has. */
#include <string.h>

#include "cvctl.h"

#include <cv/banned.h>

static bool json_errors;

void cvctl_set_json(bool on)
{
    json_errors = on;
}

bool cvctl_json(void)
{
    return json_errors;
}

int cvctl_option_format(void* target, const struct cvctl_option* option, const char* value, struct cv_error* err)
{
    bool json = strcmp(value, "json") == 0;

    if (!json && strcmp(value, "text") != 0) {
        cv_error_set(err, CV_ERR_INVALID, "is not a format");
        return cv_error_hint(err, "allowed: text, json");
    }
    *(bool*)((char*)target + option->offset) = json;
    cvctl_set_json(json);
    return 0;
}
