#include "signal-names.h"

#include <stdint.h>
#include <strings.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { SIGNAL_MAX = 64 };

static const char* const names[] = { NULL, "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
    "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS" };

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
    cv_error_set(err, CV_ERR_INVALID, "is not a signal");
    return cv_error_hint(err, "such as TERM, SIGHUP or 10; 1 to %d", SIGNAL_MAX);
}
