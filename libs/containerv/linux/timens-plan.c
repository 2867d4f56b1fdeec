#include "linux/timens-plan.h"

#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

static int add_clock(char* text, const char* clock, const struct cv_opt_int* seconds,
    const struct cv_opt_int* nanoseconds, struct cv_error* err)
{
    size_t used = strlen(text);
    if (!seconds->set && !nanoseconds->set)
        return 0;
    if (nanoseconds->value < 0 || nanoseconds->value > 999999999)
        return cv_error_set(err, CV_ERR_INVALID, "linux.timeOffsets.%s: %lld nanoseconds are not within a second",
            clock, (long long)nanoseconds->value);
    if (cv_snprintf(text + used, LINUX_TIMENS_TEXT_MAX - used, "%s %lld %lld\n", clock, (long long)seconds->value,
            (long long)nanoseconds->value)
        < 0)
        return cv_error_set(err, CV_ERR_INVALID, "linux.timeOffsets: too long");
    return 0;
}

int linux_timens_text(const struct cv_spec* spec, char text_out[LINUX_TIMENS_TEXT_MAX], struct cv_error* err)
{
    char text[LINUX_TIMENS_TEXT_MAX] = "";
    int  rc                          = add_clock(text, "monotonic", &spec->linux_.time_offsets.monotonic_secs,
                                  &spec->linux_.time_offsets.monotonic_nanosecs, err);
    if (rc == 0)
        rc = add_clock(text, "boottime", &spec->linux_.time_offsets.boottime_secs,
            &spec->linux_.time_offsets.boottime_nanosecs, err);
    if (rc == 0)
        memcpy(text_out, text, sizeof(text));
    return rc;
}
