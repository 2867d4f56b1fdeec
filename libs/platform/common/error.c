#define CV_ERROR_DEFINITIONS
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error-numbers.h"
#include <cv/error.h>
#include <cv/str.h>

#include <cv/banned.h>

struct code_row {
    int         code;
    int         error_number;
    int         grpc;
    const char* name;
    const char* text;
};

static const struct code_row code_rows[] = { { CV_OK, 0, 0, "CV_OK", "no error" },
#define CODE_ROW(name, value, error_number, grpc, text) { name, error_number, grpc, #name, text },
    CV_ERROR_CODES(CODE_ROW)
#undef CODE_ROW
};

static const struct code_row unknown_row = { 0, EIO, 2, "CV_ERR_UNKNOWN", "unknown error" };

static const struct code_row* code_row(int code)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(code_rows); i++)
        if (code_rows[i].code == code)
            return &code_rows[i];
    return &unknown_row;
}

const char* cv_error_code_text(int code)
{
    return code_row(code)->text;
}

const char* cv_error_code_name(int code)
{
    return code_row(code)->name;
}

int cv_error_code_errno(int code)
{
    return code_row(code)->error_number;
}

int cv_error_code_grpc(int code)
{
    return code_row(code)->grpc;
}

/* Take away what a cut may have left of a UTF-8 sequence, so that the text can still be sent as JSON or protobuf. */
static void trim_partial_sequence(char* text)
{
    size_t length = strlen(text);
    size_t start  = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80 && length - start < 4)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0 && !cv_utf8_valid(text + start - 1, length - start + 1))
        text[start - 1] = '\0';
}

static void fill(char* buffer, size_t size, const char* format, va_list arguments)
{
    int length = vsnprintf(buffer, size, format, arguments);
    if (length < 0)
        buffer[0] = '\0';
    else if ((size_t)length >= size)
        trim_partial_sequence(buffer);
}

static void fillf(char* buffer, size_t size, const char* format, ...) CV_PRINTF(3, 4);

static void fillf(char* buffer, size_t size, const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(buffer, size, format, arguments);
    va_end(arguments);
}

static void clear(struct cv_error* err, int code)
{
    err->code    = code;
    err->domain  = CV_DOMAIN_NONE;
    err->number  = 0;
    err->step[0] = err->object[0] = err->hint[0] = err->text[0] = '\0';
}

int cv_error_set(struct cv_error* err, int code, const char* format, ...)
{
    va_list arguments;
    if (err == NULL)
        return code;
    clear(err, code);
    va_start(arguments, format);
    fill(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return code;
}

static int set_system(struct cv_error* err, int code, int domain, int64_t number, const char* step, const char* object)
{
    char        buffer[256];
    const char* name;
    const char* text;

    if (err == NULL)
        return code;
    clear(err, code);
    err->domain = domain;
    err->number = number;
    name        = cv_error_number_name(domain, number);
    text        = cv_error_number_text(domain, number, buffer, sizeof(buffer));
    fillf(err->step, sizeof(err->step), "%s", step);
    if (object == NULL) {
        fillf(err->text, sizeof(err->text), "%s: %s (%s)", step, text, name);
        return code;
    }
    fillf(err->object, sizeof(err->object), "%s", object);
    fillf(err->text, sizeof(err->text), "%s '%s': %s (%s)", step, err->object, text, name);
    return code;
}

static int code_of_errno(int number)
{
    static const struct {
        int number;
        int code;
    } rows[] = {
        { ENOENT, CV_ERR_NOT_FOUND },
        { EEXIST, CV_ERR_EXISTS },
        { EPERM, CV_ERR_PERMISSION },
        { EACCES, CV_ERR_PERMISSION },
        { ENOMEM, CV_ERR_NO_MEMORY },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        if (rows[i].number == number)
            return rows[i].code;
    return CV_ERR_SYSTEM;
}

int cv_error_errno(struct cv_error* err, int number, const char* step, const char* object)
{
    return set_system(err, code_of_errno(number), CV_DOMAIN_ERRNO, number, step, object);
}

int cv_error_win32(struct cv_error* err, uint32_t number, const char* step, const char* object)
{
    return set_system(err, cv_win32_code(number), CV_DOMAIN_WIN32, number, step, object);
}

int cv_error_hresult(struct cv_error* err, uint32_t number, const char* step, const char* object)
{
    return set_system(err, cv_hresult_code(number), CV_DOMAIN_HRESULT, number, step, object);
}

int cv_error_no_memory(struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_NO_MEMORY, "out of memory");
}

int cv_error_unsupported(struct cv_error* err, const char* what, const char* backend)
{
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "'%s' is not supported by the %s back end", what, backend);
}

int cv_error_wrap(struct cv_error* err, const char* format, ...)
{
    char    context[CV_ERROR_TEXT_MAX];
    char    old[CV_ERROR_TEXT_MAX];
    va_list arguments;

    if (err == NULL)
        return CV_ERR_INTERNAL;
    va_start(arguments, format);
    fill(context, sizeof(context), format, arguments);
    va_end(arguments);
    memcpy(old, err->text, sizeof(old));
    fillf(err->text, sizeof(err->text), "%s: %s", context, old);
    return err->code;
}

#define DEFINE_FIELD_SETTER(field)                                                                                     \
    int cv_error_##field(struct cv_error* err, const char* format, ...)                                                \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        if (err == NULL)                                                                                               \
            return CV_ERR_INTERNAL;                                                                                    \
        va_start(arguments, format);                                                                                   \
        fill(err->field, sizeof(err->field), format, arguments);                                                       \
        va_end(arguments);                                                                                             \
        return err->code;                                                                                              \
    }

DEFINE_FIELD_SETTER(step)
DEFINE_FIELD_SETTER(object)
DEFINE_FIELD_SETTER(hint)

const char* cv_error_number_name(int domain, int64_t number)
{
    switch (domain) {
    case CV_DOMAIN_ERRNO:
        return cv_errno_name((int)number);
    case CV_DOMAIN_WIN32:
        return cv_win32_name((uint32_t)number);
    case CV_DOMAIN_HRESULT:
        return cv_hresult_name((uint32_t)number);
    default:
        return "";
    }
}

const char* cv_error_number_text(int domain, int64_t number, char* buffer, unsigned buffer_size)
{
    const char* text = NULL;
    if (domain == CV_DOMAIN_ERRNO)
        text = cv_errno_text((int)number);
    else if (domain == CV_DOMAIN_WIN32 || domain == CV_DOMAIN_HRESULT)
        text = cv_windows_text(domain, (uint32_t)number, buffer, buffer_size);
    else
        return "";
    if (text != NULL)
        return text;
    if (buffer == NULL || buffer_size == 0)
        return "unknown error";
    fillf(buffer, buffer_size, domain == CV_DOMAIN_ERRNO ? "error %lld" : "error 0x%08llX", (long long)number);
    return buffer;
}
