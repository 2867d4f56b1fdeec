/*
 * A first pass over the text, before jansson sees it: our bounds (bytes, depth, entries) with line and column, and whole numbers above
 * INT64_MAX, which jansson can't hold but OCI documents have ("hard": 18446744073709551615). Such a number is overwritten, in a copy
 * and at the same length, by a real number that is its index in a side table plus one half; all real numbers of the document itself
 * become 0.0, so that the two can't be mixed up. Text that is no JSON passes: jansson will say what is wrong with it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "fields.h"

#include <cv/banned.h>

struct scanner {
    struct cv_scan* scan;
    size_t          length, position, depth;
    size_t          entries[CV_SPEC_MAX_DEPTH + 1]; /* commas seen at each depth */
};

static int error_here(const struct scanner* s, struct cv_error* err, const char* what, unsigned limit)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < s->position; i++) {
        column = s->scan->text[i] == '\n' ? 1 : column + 1;
        line += s->scan->text[i] == '\n';
    }
    return cv_error_set(
        err, CV_ERR_INVALID, "line %zu, column %zu: %s (at most %u are allowed)", line, column, what, limit);
}

static void skip_string(struct scanner* s)
{
    for (s->position++; s->position < s->length && s->scan->text[s->position] != '"'; s->position++)
        if (s->scan->text[s->position] == '\\')
            s->position++;
    s->position++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const char* text, size_t length, size_t from)
{
    while (from < length && is_digit(text[from]))
        from++;
    return from;
}

/* Whether it is a real number of JSON's grammar. */
static bool real_token(const char* text, size_t length)
{
    size_t start = text[0] == '-', at = digits(text, length, start);
    if (at == start || (text[start] == '0' && at > start + 1))
        return false;
    if (at < length && text[at] == '.') {
        size_t fraction = at + 1;
        if ((at = digits(text, length, fraction)) == fraction)
            return false;
    }
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        size_t exponent = at + 1 + (at + 1 < length && (text[at + 1] == '+' || text[at + 1] == '-'));
        if ((at = digits(text, length, exponent)) == exponent)
            return false;
    }
    return at == length;
}

static bool big_token(const char* text, size_t length, uint64_t* value_out)
{
    uint64_t value = 0;
    if (length < 19 || length > 20 || text[0] == '0' || digits(text, length, 0) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *value_out = value;
    return value > INT64_MAX;
}

static int hide_number(struct cv_scan* scan, char* token, size_t length, uint64_t value, struct cv_error* err)
{
    if ((scan->number_count & (scan->number_count - 1)) == 0) { /* grow at every power of two */
        size_t    capacity = scan->number_count == 0 ? 1 : scan->number_count * 2;
        uint64_t* numbers  = realloc(scan->numbers, capacity * sizeof(*numbers));
        if (numbers == NULL)
            return cv_error_no_memory(err);
        scan->numbers = numbers;
    }
    char text[32]; /* shorter than the token of 19 or 20 digits: there are less than a million of them in 16 MiB */
    int  rc = cv_snprintf(text, sizeof(text), "%zu.5", scan->number_count);
    if (rc < 0)
        return cv_error_set(err, CV_ERR_INTERNAL, "too many large numbers");
    memset(token, '0', length);
    memcpy(token, text, strlen(text));
    scan->numbers[scan->number_count++] = value;
    return 0;
}

static int scan_number(struct scanner* s, struct cv_error* err)
{
    char*  token  = s->scan->text + s->position;
    size_t length = 0;
    while (
        s->position + length < s->length && token[length] != '\0' && strchr("+-.0123456789eE", token[length]) != NULL)
        length++;
    s->position += length;
    uint64_t value = 0;
    if (big_token(token, length, &value))
        return hide_number(s->scan, token, length, value, err);
    if ((memchr(token, '.', length) != NULL || memchr(token, 'e', length) != NULL || memchr(token, 'E', length) != NULL)
        && real_token(token, length)) {
        memset(token, '0', length);
        token[1] = '.';
    }
    return 0;
}

static int scan_one(struct scanner* s, struct cv_error* err)
{
    char c = s->scan->text[s->position];
    if (c == '"') {
        skip_string(s);
        return 0;
    }
    if (c == '-' || is_digit(c))
        return scan_number(s, err);
    if (c == '[' || c == '{') {
        if (s->depth == CV_SPEC_MAX_DEPTH)
            return error_here(s, err, "too many lists and objects inside each other", CV_SPEC_MAX_DEPTH);
        s->entries[++s->depth] = 1;
    } else if ((c == ']' || c == '}') && s->depth > 0) {
        s->depth--;
    } else if (c == ',' && ++s->entries[s->depth] > CV_SPEC_MAX_ENTRIES) {
        return error_here(s, err, "too many entries in a list or object", CV_SPEC_MAX_ENTRIES);
    }
    s->position++;
    return 0;
}

int cv_scan(const char* text, size_t length, struct cv_scan* scan_out, struct cv_error* err)
{
    if (length > CV_SPEC_MAX_BYTES)
        return cv_error_set(
            err, CV_ERR_INVALID, "the document has %zu bytes (at most %u are allowed)", length, CV_SPEC_MAX_BYTES);
    struct cv_scan scan = { .text = malloc(length + 1) };
    if (scan.text == NULL)
        return cv_error_no_memory(err);
    if (length > 0)
        memcpy(scan.text, text, length);
    scan.text[length] = '\0';

    struct scanner s = { .scan = &scan, .length = length };
    while (s.position < s.length) {
        int rc = scan_one(&s, err);
        if (rc < 0) {
            cv_scan_release(&scan);
            return rc;
        }
    }
    *scan_out = scan;
    return 0;
}

void cv_scan_release(struct cv_scan* scan)
{
    free(scan->text);
    free(scan->numbers);
    *scan = (struct cv_scan){ 0 };
}
