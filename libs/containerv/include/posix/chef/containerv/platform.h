/* Types that differ by operating system. This is the POSIX side; the build installs exactly one of the two files. */
#ifndef CHEF_CONTAINERV_PLATFORM_H
#define CHEF_CONTAINERV_PLATFORM_H

#include <sys/types.h>

/**
 * A process of a container: on Linux the pid in the caller's PID namespace. As long as the container runs it is kept from reuse until
 * containerv_wait(): the process stays a zombie, which counts against a limit of processes. That holds for the last 64 that have ended
 * (a quarter of the limit, if that is less), and not in a container without an init. containerv_signal() never hits another process.
 */
typedef pid_t process_handle_t;

/** A file, pipe, socket or terminal of the caller: on POSIX a file descriptor. */
typedef int containerv_handle_t;

#endif
