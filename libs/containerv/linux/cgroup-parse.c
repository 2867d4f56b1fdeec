#include "linux/cgroup-parse.h"

#include <string.h>

enum { PID_MAX = 1 << 22 };

/* Is the line "key 0" or "key 1"? */
static bool parse_flag(const char* line, size_t length, const char* key, bool* value_out)
{
    size_t key_length = strlen(key);

    if (length != key_length + 2 || memcmp(line, key, key_length) != 0 || line[key_length] != ' ')
        return false;
    if (line[length - 1] != '0' && line[length - 1] != '1')
        return false;
    *value_out = line[length - 1] == '1';
    return true;
}

int linux_cgroup_parse_events(
    const char* text, size_t length, struct linux_cgroup_state* state_out, struct cv_error* err)
{
    struct linux_cgroup_state state = { 0 };
    const char*               end   = text + length;
    bool                      found = false;

    while (text < end) {
        const char* newline = memchr(text, '\n', (size_t)(end - text));
        size_t      line    = (size_t)((newline == NULL ? end : newline) - text);
        if (parse_flag(text, line, "populated", &state.populated))
            found = true;
        else
            (void)parse_flag(text, line, "frozen", &state.frozen);
        text += newline == NULL ? line : line + 1;
    }
    if (!found)
        return cv_error_set(err, CV_ERR_INVALID, "cgroup.events does not say whether the group is populated");
    *state_out = state;
    return 0;
}

int linux_cgroup_next_pid(const char** at, const char* end, int32_t* pid_out, struct cv_error* err)
{
    const char* digit = *at;
    int32_t     pid   = 0;

    if (digit == end)
        return 0;
    for (; digit < end && *digit >= '0' && *digit <= '9' && pid <= PID_MAX; digit++)
        pid = pid * 10 + (*digit - '0');
    if (digit == *at || pid > PID_MAX || (digit < end && *digit != '\n'))
        return cv_error_set(err, CV_ERR_INVALID, "cgroup.procs has something else than numbers of processes");
    *at      = digit < end ? digit + 1 : digit;
    *pid_out = pid;
    return 1;
}
