#include <stdlib.h>
#include <windows.h>

#include "terminal-escapes.h"
#include <cv/terminal.h>

#include <cv/banned.h>

struct cv_terminal_saved {
    HANDLE handle;
    DWORD  mode;
};

bool cv_terminal_is(containerv_handle_t handle)
{
    DWORD mode;
    return handle != CV_HANDLE_NONE && GetConsoleMode(handle, &mode);
}

static int not_a_terminal(struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_INVALID, "not a terminal");
}

int cv_terminal_size(containerv_handle_t handle, unsigned* columns_out, unsigned* rows_out, struct cv_error* err)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!cv_terminal_is(handle))
        return not_a_terminal(err);
    if (!GetConsoleScreenBufferInfo(handle, &info))
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the terminal does not know its size");
    *columns_out = (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
    *rows_out    = (unsigned)(info.srWindow.Bottom - info.srWindow.Top + 1);
    return 0;
}

int cv_terminal_raw(containerv_handle_t handle, struct cv_terminal_saved** saved_out, struct cv_error* err)
{
    const DWORD cooked = ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT;
    CV_CLEANUP(cv_freep) struct cv_terminal_saved* saved = NULL;

    if (!cv_terminal_is(handle))
        return not_a_terminal(err);
    saved = malloc(sizeof(*saved));
    if (saved == NULL)
        return cv_error_no_memory(err);
    saved->handle = handle;
    if (!GetConsoleMode(handle, &saved->mode))
        return cv_error_win32(err, GetLastError(), "get the terminal's mode", NULL);
    if (!SetConsoleMode(handle, (saved->mode & ~cooked) | ENABLE_VIRTUAL_TERMINAL_INPUT))
        return cv_error_win32(err, GetLastError(), "set the terminal's mode", NULL);
    *saved_out = CV_STEAL(saved);
    return 0;
}

struct cv_terminal_saved* cv_terminal_restore(struct cv_terminal_saved* saved)
{
    if (saved != NULL) {
        SetConsoleMode(saved->handle, saved->mode);
        free(saved);
    }
    return NULL;
}

bool cv_terminal_takes_escapes(containerv_handle_t handle)
{
    DWORD mode;
    return GetConsoleMode(handle, &mode)
           && ((mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0
               || SetConsoleMode(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING));
}
