/* Inside the platform library: does a terminal understand escape sequences (posix/terminal.c, windows/terminal.c)?
 * Consoles of Windows have to be told to, which this does. */
#ifndef CV_TERMINAL_ESCAPES_H
#define CV_TERMINAL_ESCAPES_H

#include <stdbool.h>

#include <cv/handle.h>

bool cv_terminal_takes_escapes(containerv_handle_t handle);

#endif
