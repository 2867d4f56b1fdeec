#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "terminal-escapes.h"
#include <cv/terminal.h>

#include <cv/banned.h>

struct cv_terminal_saved {
    int            fd;
    struct termios mode;
};

bool cv_terminal_is(containerv_handle_t handle)
{
    return handle >= 0 && isatty(handle) == 1;
}

static int not_a_terminal(struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_INVALID, "not a terminal");
}

int cv_terminal_size(containerv_handle_t handle, unsigned* columns_out, unsigned* rows_out, struct cv_error* err)
{
    struct winsize size;

    if (!cv_terminal_is(handle))
        return not_a_terminal(err);
    if (ioctl(handle, TIOCGWINSZ, &size) < 0)
        return cv_error_errno(err, errno, "get the terminal's size", NULL);
    if (size.ws_col == 0 || size.ws_row == 0)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the terminal does not know its size");
    *columns_out = size.ws_col;
    *rows_out    = size.ws_row;
    return 0;
}

int cv_terminal_raw(containerv_handle_t handle, struct cv_terminal_saved** saved_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct cv_terminal_saved* saved = NULL;
    struct termios                                 raw;

    if (!cv_terminal_is(handle))
        return not_a_terminal(err);
    saved = malloc(sizeof(*saved));
    if (saved == NULL)
        return cv_error_no_memory(err);
    saved->fd = handle;
    if (tcgetattr(handle, &saved->mode) < 0)
        return cv_error_errno(err, errno, "get the terminal's mode", NULL);
    raw = saved->mode;
    cfmakeraw(&raw);
    if (TEMP_FAILURE_RETRY(tcsetattr(handle, TCSADRAIN, &raw)) < 0)
        return cv_error_errno(err, errno, "set the terminal's mode", NULL);
    *saved_out = CV_STEAL(saved);
    return 0;
}

struct cv_terminal_saved* cv_terminal_restore(struct cv_terminal_saved* saved)
{
    if (saved != NULL) {
        TEMP_FAILURE_RETRY(tcsetattr(saved->fd, TCSADRAIN, &saved->mode));
        free(saved);
    }
    return NULL;
}

bool cv_terminal_takes_escapes(containerv_handle_t handle)
{
    (void)handle;
    return true;
}
