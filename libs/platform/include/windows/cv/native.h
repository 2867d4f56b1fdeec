/* Types of the platform library that differ by operating system. This is the Windows side; it needs no <windows.h>. */
#ifndef CV_NATIVE_H
#define CV_NATIVE_H

#define CV_HANDLE_NONE ((void*)0)

typedef void* cv_native_mutex; /* an SRWLOCK */
typedef void* cv_native_once;  /* an INIT_ONCE */

#define CV_NATIVE_MUTEX_INIT ((void*)0)
#define CV_NATIVE_ONCE_INIT  ((void*)0)

#endif
