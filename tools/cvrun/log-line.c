#include "log-line.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "when.h"

#include <cv/banned.h>

enum { SECONDS_LENGTH = 19 }; /* of "2026-01-02T03:04:05" */

static const char* const levels[] = { "error", "warning", "info", "debug" };

int cvrun_log_level_parse(const char* text, enum cvrun_log_level* level_out, struct cv_error* err)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(levels); i++)
        if (strcmp(text, levels[i]) == 0) {
            *level_out = (enum cvrun_log_level)i;
            return 0;
        }
    cv_error_set(err, CV_ERR_INVALID, "log level '%s' is not known", text);
    return cv_error_hint(err, "error, warning, info or debug");
}

int cvrun_log_format_parse(const char* text, bool* json_out, struct cv_error* err)
{
    *json_out = strcmp(text, "json") == 0;
    if (*json_out || strcmp(text, "text") == 0)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "log format '%s' is not known", text);
    return cv_error_hint(err, "text or json");
}

/* Quotes and backslashes as both forms want them; nothing that could end the line or steer a terminal. */
static void append_quoted(struct cv_str* line, const char* text)
{
    bool valid = cv_utf8_valid(text, strlen(text));

    cv_str_append(line, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            cv_str_printf(line, "\\%c", c);
        else if (c == '\n' || c == '\t')
            cv_str_append(line, c == '\n' ? "\\n" : "\\t");
        else if (c < ' ' || c == 0x7f || (c >= 0x80 && !valid))
            cv_str_append(line, "?");
        else
            cv_str_append_bytes(line, text, 1);
    }
    cv_str_append(line, "\"");
}

char* cvrun_log_line(bool json, enum cvrun_log_level level, const char* message, int64_t time_ns, struct cv_error* err)
{
    struct cv_str line = { 0 };
    char          when[CV_WHEN_SIZE];

    cv_when_print(time_ns, when);
    if (json) {
        cv_str_printf(&line, "{\"level\":\"%s\",\"msg\":", levels[level]);
        append_quoted(&line, message);
        cv_str_printf(&line, ",\"time\":\"%.*sZ\"}\n", SECONDS_LENGTH, when);
    } else {
        cv_str_printf(&line, "time=\"%.*sZ\" level=%s msg=", SECONDS_LENGTH, when, levels[level]);
        append_quoted(&line, message);
        cv_str_append(&line, "\n");
    }
    return cv_str_steal(&line, err);
}

char* cvrun_log_message(const struct cv_error* error, struct cv_error* err)
{
    if (error->hint[0] == '\0')
        return cv_strdup(error->text, err);
    return cv_asprintf(err, "%s (%s)", error->text, error->hint);
}
