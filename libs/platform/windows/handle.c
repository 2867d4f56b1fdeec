#include <windows.h>

#include <cv/handle.h>

#include <cv/banned.h>

enum { WRITE_STEP = 1 << 20 };

containerv_handle_t cv_handle_standard(int number)
{
    static const DWORD names[] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };
    HANDLE             handle;

    if (number < 0 || number > 2)
        return CV_HANDLE_NONE;
    handle = GetStdHandle(names[number]);
    return handle != INVALID_HANDLE_VALUE ? handle : CV_HANDLE_NONE;
}

int cv_handle_pipe(containerv_handle_t* read_out, containerv_handle_t* write_out, struct cv_error* err)
{
    HANDLE read_end, write_end;
    if (!CreatePipe(&read_end, &write_end, NULL, 0))
        return cv_error_win32(err, GetLastError(), "make a pipe", NULL);
    *read_out  = read_end;
    *write_out = write_end;
    return 0;
}

/* A pipe whose other side is closed is an error to ReadFile(), and the end to everybody else. */
int cv_handle_read(containerv_handle_t handle, void* buffer, size_t size, size_t* length_out, struct cv_error* err)
{
    DWORD length;
    if (!ReadFile(handle, buffer, size < WRITE_STEP ? (DWORD)size : WRITE_STEP, &length, NULL)) {
        if (GetLastError() != ERROR_BROKEN_PIPE)
            return cv_error_win32(err, GetLastError(), "read", NULL);
        length = 0;
    }
    *length_out = length;
    return 0;
}

int cv_handle_write(containerv_handle_t handle, const void* data, size_t length, struct cv_error* err)
{
    const char* at = data;
    while (length > 0) {
        DWORD written;
        if (!WriteFile(handle, at, length < WRITE_STEP ? (DWORD)length : WRITE_STEP, &written, NULL))
            return cv_error_win32(err, GetLastError(), "write", NULL);
        at += written;
        length -= written;
    }
    return 0;
}

void cv_handle_closep(containerv_handle_t* handle)
{
    if (*handle != CV_HANDLE_NONE && *handle != INVALID_HANDLE_VALUE)
        CloseHandle(*handle);
    *handle = CV_HANDLE_NONE;
}
