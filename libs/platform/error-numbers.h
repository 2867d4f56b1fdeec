/* Inside the platform library: names and texts of the systems' error numbers. */
#ifndef CV_ERROR_NUMBERS_H
#define CV_ERROR_NUMBERS_H

#include <stdint.h>

/* posix/error.c, windows/error.c. Static text. The name is "unknown" and the text NULL for a number without one. */
const char* cv_errno_name(int number);
const char* cv_errno_text(int number);

/* The system's text for a Win32 error or HRESULT in `buffer`, or static text from the tables below; NULL when there
 * is none. */
const char* cv_windows_text(int domain, uint32_t number, char* buffer, unsigned buffer_size);

/* common/error-windows.c: tables, so that an error that came from a Windows host can be printed on Linux too. */
int         cv_win32_code(uint32_t number);
int         cv_hresult_code(uint32_t number);
const char* cv_win32_name(uint32_t number);                     /* "unknown" when not in the table */
const char* cv_hresult_name(uint32_t number);                   /* HRESULTs of Win32 errors have their name */
const char* cv_windows_table_text(int domain, uint32_t number); /* NULL when not in the table */

#endif
