#include "log-text.h"

#include <string.h>

#include "when.h"

#include <cv/banned.h>

void cvctl_log_text(struct cvctl_log_text* state, int64_t time_ns, const char* data, size_t length, struct cv_str* text)
{
    char when[CV_WHEN_SIZE];

    cv_when_print(time_ns, when);
    while (length > 0) {
        const char* newline = memchr(data, '\n', length);
        size_t      piece   = newline != NULL ? (size_t)(newline - data) + 1 : length;

        if (!state->within)
            cv_str_printf(text, "%s ", when);
        cv_str_append_bytes(text, data, piece);
        state->within = newline == NULL;
        data += piece;
        length -= piece;
    }
}
