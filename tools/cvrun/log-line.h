/*
 * Lines of the log, in the two forms that callers of runc read: podman and conmon look for "msg" in them. Pure.
 *
 *     time="2026-01-02T03:04:05Z" level=error msg="container \"a\" is not there"
 *     {"level":"error","msg":"...","time":"2026-01-02T03:04:05Z"}
 */
#ifndef CVRUN_LOG_LINE_H
#define CVRUN_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <cv/error.h>

enum cvrun_log_level { CVRUN_LOG_ERROR, CVRUN_LOG_WARNING, CVRUN_LOG_INFO, CVRUN_LOG_DEBUG };

int cvrun_log_level_parse(const char* text, enum cvrun_log_level* level_out, struct cv_error* err);
/* "text" or "json" */
int cvrun_log_format_parse(const char* text, bool* json_out, struct cv_error* err);

/* One line with its end. What is no UTF-8 or a control character is '?' or escaped. malloc'ed, NULL with err. */
char* cvrun_log_line(bool json, enum cvrun_log_level level, const char* message, int64_t time_ns, struct cv_error* err);

/* "the text; the hint" of an error. malloc'ed, NULL with err. */
char* cvrun_log_message(const struct cv_error* error, struct cv_error* err);

#endif
