#include "when.h"

#include <stdbool.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

#define NS_PER_S    INT64_C(1000000000)
#define NS_PER_MS   INT64_C(1000000)
#define S_PER_DAY   INT64_C(86400)
#define SECONDS_MAX (INT64_MAX / NS_PER_S - 1)

enum { FRACTION_DIGITS = 9, YEAR_MIN = 1970, YEAR_MAX = 2261 };

/* Days since 1970-01-01 of a date of the Gregorian calendar: years begin in March here, so that the leap day is the last. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y          = month <= 2 ? year - 1 : year;
    int64_t day_of_era = 365 * y + y / 4 - y / 100 + y / 400;

    return day_of_era + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
}

static void date_of(int64_t days, int* year, int* month, int* day)
{
    int64_t z   = days + 719468;
    int64_t era = z / 146097, doe = z % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp  = (5 * doy + 2) / 153;

    *day   = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year  = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

/* Exactly `digits` digits. */
static bool take_number(const char** at, int digits, int min, int max, int* value_out)
{
    int value = 0;

    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *value_out = value;
    return value >= min && value <= max;
}

static bool take(const char** at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* ".5": at most nine digits; nothing is zero. */
static bool take_fraction(const char** at, int64_t* ns_out)
{
    int64_t ns     = 0;
    int     digits = 0;

    *ns_out = 0;
    if (!take(at, '.'))
        return true;
    for (; digits < FRACTION_DIGITS && **at >= '0' && **at <= '9'; digits++, (*at)++)
        ns = ns * 10 + (**at - '0');
    if (digits == 0)
        return false;
    for (; digits < FRACTION_DIGITS; digits++)
        ns *= 10;
    *ns_out = ns;
    return true;
}

static bool take_zone(const char** at, int64_t* seconds_out)
{
    int sign = **at == '-' ? -1 : 1, hours, minutes;

    *seconds_out = 0;
    if (**at == '\0' || take(at, 'Z') || take(at, 'z'))
        return true;
    if (!take(at, '+') && !take(at, '-'))
        return false;
    if (!take_number(at, 2, 0, 23, &hours) || !take(at, ':') || !take_number(at, 2, 0, 59, &minutes))
        return false;
    *seconds_out = sign * (hours * INT64_C(3600) + minutes * 60);
    return true;
}

static bool take_time(const char** at, int64_t* seconds_out, int64_t* fraction_out)
{
    int hour, minute, second;

    *seconds_out = *fraction_out = 0;
    if (**at == '\0')
        return true;
    if ((!take(at, 'T') && !take(at, 't')) || !take_number(at, 2, 0, 23, &hour) || !take(at, ':')
        || !take_number(at, 2, 0, 59, &minute) || !take(at, ':') || !take_number(at, 2, 0, 60, &second))
        return false;
    *seconds_out = hour * INT64_C(3600) + minute * INT64_C(60) + second;
    return take_fraction(at, fraction_out);
}

static int days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool             leap   = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool parse_date(const char* text, int64_t* ns_out)
{
    int     year, month, day;
    int64_t seconds, fraction, zone;

    if (!take_number(&text, 4, YEAR_MIN, YEAR_MAX, &year) || !take(&text, '-') || !take_number(&text, 2, 1, 12, &month)
        || !take(&text, '-') || !take_number(&text, 2, 1, days_in(year, month), &day)
        || !take_time(&text, &seconds, &fraction) || !take_zone(&text, &zone) || *text != '\0')
        return false;
    *ns_out = (days_of(year, month, day) * S_PER_DAY + seconds - zone) * NS_PER_S + fraction;
    return true;
}

static bool parse_seconds(const char* text, int64_t* ns_out)
{
    int64_t seconds = 0, fraction;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (seconds > SECONDS_MAX / 10 - 1)
            return false;
        seconds = seconds * 10 + (*text - '0');
    }
    if (!take_fraction(&text, &fraction) || *text != '\0')
        return false;
    *ns_out = seconds * NS_PER_S + fraction;
    return true;
}

int cv_when_parse(const char* text, int64_t now_ns, int64_t* ns_out, struct cv_error* err)
{
    int64_t ms = 0;

    if (parse_date(text, ns_out) || parse_seconds(text, ns_out))
        return 0;
    if (cv_parse_duration(text, &ms, NULL) == 0 && ms <= now_ns / NS_PER_MS) {
        *ns_out = now_ns - ms * NS_PER_MS;
        return 0;
    }
    cv_error_set(err, CV_ERR_INVALID, "is not a point in time");
    return cv_error_hint(
        err, "such as 10m or 1h30m (ago), 2026-01-02T03:04:05Z, 2026-01-02, 1700000000.5 (seconds since 1970)");
}

void cv_when_print(int64_t ns, char text[CV_WHEN_SIZE])
{
    int64_t second = ns > 0 ? ns / NS_PER_S : 0, rest = ns > 0 ? ns % NS_PER_S : 0, of_day = second % S_PER_DAY;
    int     year, month, day;

    date_of(second / S_PER_DAY, &year, &month, &day);
    (void)cv_snprintf(text, CV_WHEN_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", year, month, day, (int)(of_day / 3600),
        (int)(of_day / 60 % 60), (int)(of_day % 60), (int)rest);
}

void cv_when_long(int64_t duration_ns, char text[CV_AGO_SIZE])
{
    static const struct {
        int64_t     below, unit; /* seconds */
        const char* format;
    } steps[] = {
        { 1, 1, "less than a second" },
        { 2, 1, "1 second" },
        { 60, 1, "%lld seconds" },
        { 120, 60, "about a minute" },
        { 3600, 60, "%lld minutes" },
        { 7200, 3600, "about an hour" },
        { 48 * 3600, 3600, "%lld hours" },
        { 14 * S_PER_DAY, S_PER_DAY, "%lld days" },
        { 60 * S_PER_DAY, 7 * S_PER_DAY, "%lld weeks" },
        { 730 * S_PER_DAY, 30 * S_PER_DAY, "%lld months" },
        { INT64_MAX, 365 * S_PER_DAY, "%lld years" },
    };
    int64_t seconds = duration_ns > 0 ? duration_ns / NS_PER_S : 0;
    size_t  i       = 0;

    while (seconds >= steps[i].below)
        i++;
    if (strchr(steps[i].format, '%') == NULL)
        (void)cv_snprintf(text, CV_AGO_SIZE, "%s", steps[i].format);
    else
        (void)cv_snprintf(text, CV_AGO_SIZE, "%lld%s", (long long)(seconds / steps[i].unit), steps[i].format + 4);
}
