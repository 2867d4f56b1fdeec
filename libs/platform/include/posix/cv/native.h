/* Types of the platform library that differ by operating system. This is the POSIX side. */
#ifndef CV_NATIVE_H
#define CV_NATIVE_H

#include <pthread.h>

#define CV_HANDLE_NONE (-1)

typedef pthread_mutex_t cv_native_mutex;
typedef pthread_once_t  cv_native_once;

#define CV_NATIVE_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define CV_NATIVE_ONCE_INIT  PTHREAD_ONCE_INIT

#endif
