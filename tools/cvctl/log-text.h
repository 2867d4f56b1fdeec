/* The bytes of a log as text with the time in front of each line. Records are pieces, not lines. Pure. */
#ifndef CVCTL_LOG_TEXT_H
#define CVCTL_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/str.h>

/* Of one stream. Zero it. */
struct cvctl_log_text {
    bool within; /* a line has begun and not ended */
};

/* Append data to `text`, the time in front of every line that begins in it. */
void cvctl_log_text(
    struct cvctl_log_text* state, int64_t time_ns, const char* data, size_t length, struct cv_str* text);

#endif
