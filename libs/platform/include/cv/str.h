/* Growing strings and strict parsing of numbers. */
#ifndef CV_STR_H
#define CV_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/macros.h>

/* A byte string that grows. text is always NUL-terminated once non-NULL; `failed` remembers an allocation that failed, so that a run of
 * appends is checked once at the end. */
struct cv_str {
    char*  text;
    size_t length, capacity;
    bool   failed;
};

void  cv_str_init(struct cv_str* s);
void  cv_str_release(struct cv_str* s);
void  cv_str_append(struct cv_str* s, const char* text);
void  cv_str_append_bytes(struct cv_str* s, const void* bytes, size_t length);
void  cv_str_printf(struct cv_str* s, const char* format, ...) CV_PRINTF(2, 3); /* appends */
char* cv_str_steal(struct cv_str* s, struct cv_error* err); /* malloc'ed ("" when empty), NULL if an append failed */

char* cv_strdup(const char* s, struct cv_error* err); /* NULL with err filled when out of memory */
char* cv_asprintf(struct cv_error* err, const char* format, ...) CV_PRINTF(2, 3);

/* Into a fixed buffer; CV_ERR_INVALID when it does not fit. */
int cv_snprintf(char* buffer, size_t size, const char* format, ...) CV_PRINTF(3, 4);

/* The whole text must be a decimal number within [min, max]: no sign (u64), no blank, no "0x". */
int cv_parse_u64(const char* text, uint64_t min, uint64_t max, uint64_t* value_out, struct cv_error* err);
int cv_parse_i64(const char* text, int64_t min, int64_t max, int64_t* value_out, struct cv_error* err);

/* "512", "64k", "10m", "1g" (powers of 1024, either case, optional "b" or "ib" at the end) as bytes. */
int cv_parse_size(const char* text, uint64_t* bytes_out, struct cv_error* err);

/* "90", "90s", "1m30s", "2h", "500ms" as milliseconds; a bare number is seconds. */
int cv_parse_duration(const char* text, int64_t* milliseconds_out, struct cv_error* err);

bool cv_str_starts_with(const char* s, const char* prefix);
bool cv_utf8_valid(const char* s, size_t length);

#endif
