/* Points in time as they are typed and shown. Nanoseconds since 1970 (UTC). Pure. */
#ifndef CV_TEXT_WHEN_H
#define CV_TEXT_WHEN_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

enum { CV_WHEN_SIZE = 40, CV_AGO_SIZE = 40 };

/*
 * "10m", "1h30m", "500ms": so long before `now_ns`. "1700000000.5": seconds since 1970. "2026-01-02T03:04:05.678Z", also with +01:00 or
 * without seconds' fraction, zone (UTC) or time (midnight).
 */
int cv_when_parse(const char* text, int64_t now_ns, int64_t* ns_out, struct cv_error* err);

/* "2026-01-02T03:04:05.678901234Z" */
void cv_when_print(int64_t ns, char text[CV_WHEN_SIZE]);

/* "5 minutes", as docker has it; for "... ago" and "Up ...". */
void cv_when_long(int64_t duration_ns, char text[CV_AGO_SIZE]);

#endif
