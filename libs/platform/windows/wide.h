/* Inside the Windows side: UTF-8, which everybody else speaks, to and from the UTF-16 of Windows' calls. */
#ifndef CV_WIDE_H
#define CV_WIDE_H

#include <stddef.h>
#include <wchar.h>

#include <cv/error.h>

/* malloc'ed. NULL with CV_ERR_INVALID for text that is no UTF-8. */
wchar_t* cv_wide(const char* text, struct cv_error* err);

/* `length` bytes, NULs among them (an environment block). */
wchar_t* cv_wide_bytes(const char* bytes, size_t length, struct cv_error* err);

/* A path for Windows' file calls: backslashes, absolute, with the prefix \\?\ when it is longer than they take
 * without. */
wchar_t* cv_wide_path(const char* path, struct cv_error* err);

/* The same without the prefix: what a working folder or a program's own arguments must be. */
wchar_t* cv_wide_full_path(const char* path, struct cv_error* err);

/* malloc'ed UTF-8. A half of a surrogate pair alone, which Windows allows in file names, becomes U+FFFD. */
char* cv_utf8(const wchar_t* text, struct cv_error* err);
char* cv_utf8_bytes(const wchar_t* text, size_t length, struct cv_error* err); /* of text without a NUL */

#endif
