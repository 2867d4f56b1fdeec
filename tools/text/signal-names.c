#include "signal-names.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { REAL_TIME_MIN = 34, SIGNAL_MAX = 64 };

static const char* const names[] = { NULL, "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
    "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS" };

/* "RTMIN+3", "RTMAX-1": real-time signals, of which the C library keeps two for itself. */
static bool parse_real_time(const char* name, int* number_out)
{
    static const struct {
        const char* start;
        int         base, sign;
    } ends[] = { { "RTMIN", REAL_TIME_MIN, 1 }, { "RTMAX", SIGNAL_MAX, -1 } };

    for (size_t i = 0; i < CV_ARRAY_LEN(ends); i++) {
        const char* rest     = name + strlen(ends[i].start);
        uint64_t    distance = 0;

        if (strncasecmp(name, ends[i].start, strlen(ends[i].start)) != 0)
            continue;
        if (*rest != '\0'
            && (*rest != (ends[i].sign > 0 ? '+' : '-')
                || cv_parse_u64(rest + 1, 0, SIGNAL_MAX - REAL_TIME_MIN, &distance, NULL) < 0))
            return false;
        *number_out = ends[i].base + ends[i].sign * (int)distance;
        return true;
    }
    return false;
}

int cv_signal_parse(const char* text, int* number_out, struct cv_error* err)
{
    const char* name  = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    uint64_t    value = 0;

    if (cv_parse_u64(text, 1, SIGNAL_MAX, &value, NULL) == 0) {
        *number_out = (int)value;
        return 0;
    }
    for (int i = 1; i < (int)CV_ARRAY_LEN(names); i++)
        if (strcasecmp(name, names[i]) == 0) {
            *number_out = i;
            return 0;
        }
    if (parse_real_time(name, number_out))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "is not a signal");
    return cv_error_hint(err, "such as TERM, SIGHUP or 10; 1 to %d", SIGNAL_MAX);
}
