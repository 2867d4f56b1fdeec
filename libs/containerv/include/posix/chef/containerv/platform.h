/* Types that differ by operating system. This is the POSIX side; the build installs exactly one of the two files. */
#ifndef CHEF_CONTAINERV_PLATFORM_H
#define CHEF_CONTAINERV_PLATFORM_H

#include <sys/types.h>

/** A process of a container: on Linux the pid in the caller's PID namespace, kept from reuse until containerv_wait(). */
typedef pid_t process_handle_t;

/** A file, pipe, socket or terminal of the caller: on POSIX a file descriptor. */
typedef int containerv_handle_t;

#endif
