#include <inttypes.h>
#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

/* Digits from *text on; moves it behind them. False when there is none, or when the number does not fit. */
static bool take_digits(const char** text, uint64_t* value_out)
{
    const char* at    = *text;
    uint64_t    value = 0;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    if (at == *text)
        return false;
    *text      = at;
    *value_out = value;
    return true;
}

int cv_parse_u64(const char* text, uint64_t min, uint64_t max, uint64_t* value_out, struct cv_error* err)
{
    const char* at = text;
    uint64_t    value;

    if (!take_digits(&at, &value) || *at != '\0' || value < min || value > max)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a number from %" PRIu64 " to %" PRIu64, text, min, max);
    *value_out = value;
    return 0;
}

int cv_parse_i64(const char* text, int64_t min, int64_t max, int64_t* value_out, struct cv_error* err)
{
    bool        negative = text[0] == '-';
    const char* at       = negative ? text + 1 : text;
    uint64_t    size;
    int64_t     value = 0;
    bool        good  = take_digits(&at, &size) && *at == '\0' && size <= (uint64_t)INT64_MAX + (negative ? 1 : 0);

    if (good)
        value = negative ? (int64_t)(0 - size) : (int64_t)size;
    if (!good || value < min || value > max)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a number from %" PRId64 " to %" PRId64, text, min, max);
    *value_out = value;
    return 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* "", "b", "k", "kb", "kib", ...: the power of two, or -1. */
static int size_shift(const char* unit)
{
    static const char prefixes[] = "kmgtpe";
    const char*       prefix     = *unit != '\0' ? strchr(prefixes, lower(*unit)) : NULL;
    int               shift      = 0;

    if (prefix != NULL) {
        shift = 10 * (int)(prefix - prefixes + 1);
        unit++;
        if (lower(unit[0]) == 'i' && lower(unit[1]) == 'b')
            unit++;
    }
    if (lower(*unit) == 'b')
        unit++;
    return *unit == '\0' ? shift : -1;
}

int cv_parse_size(const char* text, uint64_t* bytes_out, struct cv_error* err)
{
    const char* at = text;
    uint64_t    value;
    int         shift;

    if (!take_digits(&at, &value) || (shift = size_shift(at)) < 0 || value > UINT64_MAX >> shift)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a size such as 512m or 2g", text);
    *bytes_out = value << shift;
    return 0;
}

static const struct {
    const char* unit;
    int64_t     milliseconds;
} duration_units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

/* The row of the unit at *text, from `first` on (larger units come first, each once); moves *text behind it. -1 for
 * none. */
static int take_unit(const char** text, size_t first)
{
    size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyz");

    for (size_t i = first; i < CV_ARRAY_LEN(duration_units); i++) {
        if (strlen(duration_units[i].unit) == length && strncmp(duration_units[i].unit, *text, length) == 0) {
            *text += length;
            return (int)i;
        }
    }
    return -1;
}

/* Adds value * unit to *total; false when that is no int64_t any more. */
static bool add_duration(int64_t* total, uint64_t value, int unit)
{
    int64_t part;
    return value <= INT64_MAX && !__builtin_mul_overflow((int64_t)value, duration_units[unit].milliseconds, &part)
           && !__builtin_add_overflow(*total, part, total);
}

int cv_parse_duration(const char* text, int64_t* milliseconds_out, struct cv_error* err)
{
    enum { SECONDS = 2 };
    const char* at    = text;
    int64_t     total = 0;
    int         unit  = -1;
    bool        good;
    uint64_t    value;

    do {
        good = take_digits(&at, &value);
        if (good && unit < 0 && *at == '\0')
            unit = SECONDS;
        else if (good)
            unit = take_unit(&at, (size_t)(unit + 1));
        good = good && unit >= 0 && add_duration(&total, value, unit);
    } while (good && *at != '\0');
    if (!good)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a duration such as 90s, 1m30s or 500ms", text);
    *milliseconds_out = total;
    return 0;
}
