/* Options that several commands have: --format, points in time, and keys. */
#include <string.h>

#include <cv/clock.h>

#include "cvctl.h"
#include "detach-keys.h"
#include "when.h"

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

/* json, or the other one that the command has. */
static int set_format(
    void* target, const struct cv_option* option, const char* value, const char* other, struct cv_error* err)
{
    bool json = strcmp(value, "json") == 0;

    if (!json && strcmp(value, other) != 0) {
        cv_error_set(err, CV_ERR_INVALID, "is not a format");
        return cv_error_hint(err, "allowed: %s, json", other);
    }
    *(bool*)((char*)target + option->offset) = json;
    cvctl_set_json(json);
    return 0;
}

int cvctl_option_format(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    return set_format(target, option, value, "text", err);
}

int cvctl_option_table(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    return set_format(target, option, value, "table", err);
}

int cvctl_option_when(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    return cv_when_parse(value, cv_clock_realtime_ns(), (int64_t*)(void*)((char*)target + option->offset), err);
}

int cvctl_option_detach_keys(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    return cvctl_detach_keys_parse(value, (struct cvctl_detach_keys*)(void*)((char*)target + option->offset), err);
}
