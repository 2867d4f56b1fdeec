#include <stdbool.h>
#include <stddef.h>

#include "error-numbers.h"
#include <cv/error.h>

#include <cv/banned.h>

struct number_row {
    uint32_t    number;
    int         code;
    const char* name;
    const char* text;
};

static const struct number_row win32_rows[] = {
    { 2, CV_ERR_NOT_FOUND, "ERROR_FILE_NOT_FOUND", "the file was not found" },
    { 3, CV_ERR_NOT_FOUND, "ERROR_PATH_NOT_FOUND", "the path was not found" },
    { 5, CV_ERR_PERMISSION, "ERROR_ACCESS_DENIED", "access is denied" },
    { 6, CV_ERR_SYSTEM, "ERROR_INVALID_HANDLE", "the handle is invalid" },
    { 8, CV_ERR_NO_MEMORY, "ERROR_NOT_ENOUGH_MEMORY", "not enough memory" },
    { 14, CV_ERR_NO_MEMORY, "ERROR_OUTOFMEMORY", "out of memory" },
    { 32, CV_ERR_SYSTEM, "ERROR_SHARING_VIOLATION", "another process uses the file" },
    { 33, CV_ERR_SYSTEM, "ERROR_LOCK_VIOLATION", "another process has locked the file" },
    { 50, CV_ERR_SYSTEM, "ERROR_NOT_SUPPORTED", "the request is not supported" },
    { 80, CV_ERR_EXISTS, "ERROR_FILE_EXISTS", "the file exists" },
    { 87, CV_ERR_SYSTEM, "ERROR_INVALID_PARAMETER", "a parameter is incorrect" },
    { 109, CV_ERR_SYSTEM, "ERROR_BROKEN_PIPE", "the pipe has been ended" },
    { 123, CV_ERR_SYSTEM, "ERROR_INVALID_NAME", "the name is incorrect" },
    { 126, CV_ERR_SYSTEM, "ERROR_MOD_NOT_FOUND", "the module was not found" },
    { 145, CV_ERR_SYSTEM, "ERROR_DIR_NOT_EMPTY", "the folder is not empty" },
    { 183, CV_ERR_EXISTS, "ERROR_ALREADY_EXISTS", "already exists" },
    { 193, CV_ERR_NOT_EXECUTABLE, "ERROR_BAD_EXE_FORMAT", "not a valid program" },
    { 206, CV_ERR_SYSTEM, "ERROR_FILENAME_EXCED_RANGE", "the file name is too long" },
    { 258, CV_ERR_TIMEOUT, "WAIT_TIMEOUT", "the wait timed out" },
    { 267, CV_ERR_SYSTEM, "ERROR_DIRECTORY", "not a folder" },
    { 1168, CV_ERR_NOT_FOUND, "ERROR_NOT_FOUND", "no such element" },
    { 1314, CV_ERR_PERMISSION, "ERROR_PRIVILEGE_NOT_HELD", "a privilege is not held" },
};

static const struct number_row hresult_rows[] = {
    { 0x80004001, CV_ERR_SYSTEM, "E_NOTIMPL", "not implemented" },
    { 0x80004005, CV_ERR_SYSTEM, "E_FAIL", "unspecified failure" },
    { 0x8000FFFF, CV_ERR_SYSTEM, "E_UNEXPECTED", "unexpected failure" },
    { 0x800705B4, CV_ERR_TIMEOUT, "ERROR_TIMEOUT", "the wait timed out" },
};

static const struct number_row* find(const struct number_row* rows, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].number == number)
            return &rows[i];
    return NULL;
}

static const struct number_row* win32_row(uint32_t number)
{
    return find(win32_rows, CV_ARRAY_LEN(win32_rows), number);
}

/* 0x8007xxxx carries a Win32 error in its low half. */
static const struct number_row* hresult_row(uint32_t number)
{
    const struct number_row* row = find(hresult_rows, CV_ARRAY_LEN(hresult_rows), number);
    if (row == NULL && (number & 0xFFFF0000) == 0x80070000)
        row = win32_row(number & 0xFFFF);
    return row;
}

int cv_win32_code(uint32_t number)
{
    const struct number_row* row = win32_row(number);
    return row != NULL ? row->code : CV_ERR_SYSTEM;
}

int cv_hresult_code(uint32_t number)
{
    const struct number_row* row = hresult_row(number);
    return row != NULL ? row->code : CV_ERR_SYSTEM;
}

const char* cv_win32_name(uint32_t number)
{
    const struct number_row* row = win32_row(number);
    return row != NULL ? row->name : "unknown";
}

const char* cv_hresult_name(uint32_t number)
{
    const struct number_row* row = hresult_row(number);
    return row != NULL ? row->name : "unknown";
}

const char* cv_windows_table_text(int domain, uint32_t number)
{
    const struct number_row* row = domain == CV_DOMAIN_WIN32 ? win32_row(number) : hresult_row(number);
    return row != NULL ? row->text : NULL;
}
