#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

enum { FIRST_CAPACITY = 64 };

void cv_str_init(struct cv_str* s)
{
    memset(s, 0, sizeof(*s));
}

void cv_str_release(struct cv_str* s)
{
    free(s->text);
    cv_str_init(s);
}

/* Room for `more` bytes and the NUL. */
static bool reserve(struct cv_str* s, size_t more)
{
    size_t capacity = s->capacity != 0 ? s->capacity : FIRST_CAPACITY;
    char*  text;

    if (s->failed || more >= SIZE_MAX / 2 - s->length) {
        s->failed = true;
        return false;
    }
    while (capacity < s->length + more + 1)
        capacity *= 2;
    if (capacity == s->capacity)
        return true;
    text = realloc(s->text, capacity);
    if (text == NULL) {
        s->failed = true;
        return false;
    }
    s->text     = text;
    s->capacity = capacity;
    return true;
}

void cv_str_append_bytes(struct cv_str* s, const void* bytes, size_t length)
{
    if (!reserve(s, length))
        return;
    if (length > 0)
        memcpy(s->text + s->length, bytes, length);
    s->length += length;
    s->text[s->length] = '\0';
}

void cv_str_append(struct cv_str* s, const char* text)
{
    cv_str_append_bytes(s, text, strlen(text));
}

static void append_formatted(struct cv_str* s, const char* format, va_list arguments)
{
    va_list again;
    int     length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        s->failed = true;
        return;
    }
    if (!reserve(s, (size_t)length))
        return;
    vsnprintf(s->text + s->length, (size_t)length + 1, format, arguments);
    s->length += (size_t)length;
}

void cv_str_printf(struct cv_str* s, const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_formatted(s, format, arguments);
    va_end(arguments);
}

char* cv_str_steal(struct cv_str* s, struct cv_error* err)
{
    char* text;
    cv_str_append_bytes(s, "", 0);
    if (s->failed) {
        cv_str_release(s);
        cv_error_no_memory(err);
        return NULL;
    }
    text = s->text;
    cv_str_init(s);
    return text;
}

char* cv_strdup(const char* s, struct cv_error* err)
{
    char* copy = strdup(s);
    if (copy == NULL)
        cv_error_no_memory(err);
    return copy;
}

char* cv_asprintf(struct cv_error* err, const char* format, ...)
{
    struct cv_str s;
    va_list       arguments;

    cv_str_init(&s);
    va_start(arguments, format);
    append_formatted(&s, format, arguments);
    va_end(arguments);
    return cv_str_steal(&s, err);
}

int cv_snprintf(char* buffer, size_t size, const char* format, ...)
{
    va_list arguments;
    int     length;

    va_start(arguments, format);
    length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t)length >= size ? CV_ERR_INVALID : 0;
}

bool cv_str_starts_with(const char* s, const char* prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The length of the sequence that starts with this byte, 0 if none does; the bounds of the second byte rule out
 * overlong forms, surrogates and what lies above U+10FFFF (Unicode, table 3-7). */
static size_t sequence_length(unsigned char first, unsigned char* low, unsigned char* high)
{
    *low  = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

bool cv_utf8_valid(const char* s, size_t length)
{
    const unsigned char* bytes = (const unsigned char*)s;
    unsigned char        low, high;

    for (size_t i = 0; i < length;) {
        size_t n = sequence_length(bytes[i], &low, &high);
        if (n == 0 || n > length - i || (n > 1 && (bytes[i + 1] < low || bytes[i + 1] > high)))
            return false;
        for (size_t k = 2; k < n; k++)
            if ((bytes[i + k] & 0xC0) != 0x80)
                return false;
        i += n;
    }
    return true;
}
