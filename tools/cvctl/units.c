#include "units.h"

#include <stdint.h>
#include <stdlib.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { PER_UNIT = 1024 };

void cvctl_bytes_print(double bytes, char text[CVCTL_UNITS_SIZE])
{
    static const char* const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    size_t                   unit    = 0;
    int                      digits;

    if (bytes < 0) {
        (void)cv_snprintf(text, CVCTL_UNITS_SIZE, "--");
        return;
    }
    while (bytes >= PER_UNIT && unit + 1 < CV_ARRAY_LEN(units)) {
        bytes /= PER_UNIT;
        unit++;
    }
    digits = unit == 0 || bytes >= 100 ? 0 : bytes >= 10 ? 1 : 2;
    (void)cv_snprintf(text, CVCTL_UNITS_SIZE, "%.*f%s", digits, bytes, units[unit]);
}

void cvctl_percent_print(double percent, char text[CVCTL_UNITS_SIZE])
{
    if (percent < 0)
        (void)cv_snprintf(text, CVCTL_UNITS_SIZE, "--");
    else
        (void)cv_snprintf(text, CVCTL_UNITS_SIZE, "%.2f%%", percent);
}

char* cvctl_base64(const void* data, size_t length, struct cv_error* err)
{
    static const char    digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char* bytes    = data;
    char*                text     = malloc(length / 3 * 4 + 5);
    char*                to       = text;

    if (text == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < length; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;

        word |= i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= i + 2 < length ? (uint32_t)bytes[i + 2] : 0;
        *to++ = digits[word >> 18];
        *to++ = digits[word >> 12 & 63];
        *to++ = i + 1 < length ? digits[word >> 6 & 63] : '=';
        *to++ = i + 2 < length ? digits[word & 63] : '=';
    }
    *to = '\0';
    return text;
}
