#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "wide.h"
#include <cv/macros.h>

#include <cv/banned.h>

enum {
    BYTES_MAX       = 1 << 26,
    PATH_PLAIN_MAX  = 240, /* below MAX_PATH with room for the name of a file in a folder */
    PATH_PREFIX_MAX = 8,
};

wchar_t* cv_wide_bytes(const char* bytes, size_t length, struct cv_error* err)
{
    wchar_t* wide;
    int      count;

    if (length == 0 || length > BYTES_MAX) {
        cv_error_set(err, CV_ERR_INVALID, "a text of %zu bytes can't be handed to Windows", length);
        return NULL;
    }
    count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes, (int)length, NULL, 0);
    if (count <= 0) {
        cv_error_set(err, CV_ERR_INVALID, "the text '%.200s' is not UTF-8", bytes);
        return NULL;
    }
    wide = malloc((size_t)count * sizeof(wchar_t));
    if (wide == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes, (int)length, wide, count);
    return wide;
}

wchar_t* cv_wide(const char* text, struct cv_error* err)
{
    return cv_wide_bytes(text, strlen(text) + 1, err);
}

char* cv_utf8_bytes(const wchar_t* text, size_t length, struct cv_error* err)
{
    int   size  = length > 0 ? WideCharToMultiByte(CP_UTF8, 0, text, (int)length, NULL, 0, NULL, NULL) : 0;
    char* bytes = malloc((size_t)size + 1);

    if (bytes == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    if (size > 0)
        WideCharToMultiByte(CP_UTF8, 0, text, (int)length, bytes, size, NULL, NULL);
    bytes[size] = '\0';
    return bytes;
}

char* cv_utf8(const wchar_t* text, struct cv_error* err)
{
    return cv_utf8_bytes(text, wcslen(text), err);
}

/* GetFullPathNameW() with PATH_PREFIX_MAX free places before it. *length_out: characters, without the NUL. */
static wchar_t* full_path(const char* path, size_t* length_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t* wide = cv_wide(path, err);
    wchar_t*                      full;
    DWORD                         size, length;

    if (wide == NULL)
        return NULL;
    size = GetFullPathNameW(wide, 0, NULL, NULL);
    if (size == 0) {
        cv_error_win32(err, GetLastError(), "find the absolute form of the path", path);
        return NULL;
    }
    full = malloc((PATH_PREFIX_MAX + size) * sizeof(wchar_t));
    if (full == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    length = GetFullPathNameW(wide, size, full + PATH_PREFIX_MAX, NULL);
    if (length == 0 || length >= size) { /* longer than asked before: the working folder has changed meanwhile */
        free(full);
        cv_error_set(err, CV_ERR_SYSTEM, "the absolute form of the path '%s' changed while it was looked for", path);
        return NULL;
    }
    *length_out = length;
    return full;
}

static void put_prefix(wchar_t* text, const wchar_t* prefix, size_t skip, size_t length)
{
    size_t count = wcslen(prefix);
    memmove(text + count, text + PATH_PREFIX_MAX + skip, (length - skip + 1) * sizeof(wchar_t));
    memcpy(text, prefix, count * sizeof(wchar_t));
}

wchar_t* cv_wide_full_path(const char* path, struct cv_error* err)
{
    size_t   length;
    wchar_t* text = full_path(path, &length, err);
    if (text != NULL)
        put_prefix(text, L"", 0, length);
    return text;
}

/* C:\x becomes \\?\C:\x, and \\server\share\x becomes \\?\UNC\server\share\x; \\?\ and \\.\ are there already. */
wchar_t* cv_wide_path(const char* path, struct cv_error* err)
{
    size_t         length;
    wchar_t*       text = full_path(path, &length, err);
    const wchar_t* full = text + PATH_PREFIX_MAX;

    if (text == NULL)
        return NULL;
    if (length < PATH_PLAIN_MAX || wcsncmp(full, L"\\\\?\\", 4) == 0 || wcsncmp(full, L"\\\\.\\", 4) == 0)
        put_prefix(text, L"", 0, length);
    else if (wcsncmp(full, L"\\\\", 2) == 0)
        put_prefix(text, L"\\\\?\\UNC\\", 2, length);
    else
        put_prefix(text, L"\\\\?\\", 0, length);
    return text;
}
