/* Terminals: is it one, how large, raw mode, colours. A handle that is none is CV_ERR_INVALID where a terminal is
 * needed. */
#ifndef CV_TERMINAL_H
#define CV_TERMINAL_H

#include <stdbool.h>

#include <cv/error.h>
#include <cv/handle.h>
#include <cv/macros.h>

bool cv_terminal_is(containerv_handle_t handle);

/* In characters. A terminal that does not know its size (0x0) is CV_ERR_NOT_FOUND. */
int cv_terminal_size(containerv_handle_t handle, unsigned* columns_out, unsigned* rows_out, struct cv_error* err);

struct cv_terminal_saved; /* how the terminal was */

/* Keys pass through one by one, unechoed, also Ctrl-C. Restore it in every way out; the handle must live until then. */
int cv_terminal_raw(containerv_handle_t handle, struct cv_terminal_saved** saved_out, struct cv_error* err);

/* Put the terminal back and free `saved`. NULL is fine. Returns NULL. */
struct cv_terminal_saved* cv_terminal_restore(struct cv_terminal_saved* saved);

CV_DEFINE_CLEANUP(struct cv_terminal_saved, cv_terminal_restore)

/* True when output to the handle should be coloured: a terminal, NO_COLOR unset or empty, TERM other than "dumb". */
bool cv_terminal_wants_colour(containerv_handle_t handle);

#endif
