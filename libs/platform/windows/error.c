#include <errno.h>
#include <stddef.h>
#include <windows.h>

#include "error-numbers.h"
#include <cv/error.h>
#include <cv/macros.h>

#include <cv/banned.h>

/* The C runtime has errno too, and errors of a Linux guest come in this domain. */
static const struct {
    int         number;
    const char* name;
    const char* text;
} errno_rows[] = {
    { EPERM, "EPERM", "Operation not permitted" },
    { ENOENT, "ENOENT", "No such file or directory" },
    { EINTR, "EINTR", "Interrupted system call" },
    { EIO, "EIO", "Input/output error" },
    { EBADF, "EBADF", "Bad file descriptor" },
    { EAGAIN, "EAGAIN", "Resource temporarily unavailable" },
    { ENOMEM, "ENOMEM", "Cannot allocate memory" },
    { EACCES, "EACCES", "Permission denied" },
    { EBUSY, "EBUSY", "Device or resource busy" },
    { EEXIST, "EEXIST", "File exists" },
    { ENOTDIR, "ENOTDIR", "Not a directory" },
    { EISDIR, "EISDIR", "Is a directory" },
    { EINVAL, "EINVAL", "Invalid argument" },
    { EMFILE, "EMFILE", "Too many open files" },
    { ENOSPC, "ENOSPC", "No space left on device" },
    { EPIPE, "EPIPE", "Broken pipe" },
    { ENOTSUP, "ENOTSUP", "Operation not supported" },
    { ETIMEDOUT, "ETIMEDOUT", "Connection timed out" },
    { EPROTO, "EPROTO", "Protocol error" },
};

const char* cv_errno_name(int number)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(errno_rows); i++)
        if (errno_rows[i].number == number)
            return errno_rows[i].name;
    return "unknown";
}

const char* cv_errno_text(int number)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(errno_rows); i++)
        if (errno_rows[i].number == number)
            return errno_rows[i].text;
    return NULL;
}

static BOOL is_line_end(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '.';
}

/* Our own English text where there is one, so that messages look the same everywhere; else the system's. */
const char* cv_windows_text(int domain, uint32_t number, char* buffer, unsigned buffer_size)
{
    const char* text = cv_windows_table_text(domain, number);
    wchar_t     wide[256];
    DWORD       length;

    if (text != NULL || buffer == NULL || buffer_size == 0)
        return text;
    length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
        NULL, number, 0, wide, CV_ARRAY_LEN(wide), NULL);
    if (length == 0)
        return NULL;
    length = (DWORD)WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, buffer, (int)buffer_size - 1, NULL, NULL);
    while (length > 0 && is_line_end(buffer[length - 1]))
        length--;
    buffer[length] = '\0';
    return length > 0 ? buffer : NULL;
}
