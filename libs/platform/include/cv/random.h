/* Random bytes of the system, good for keys. */
#ifndef CV_RANDOM_H
#define CV_RANDOM_H

#include <stddef.h>

#include <cv/error.h>

/* Fill the buffer completely. May wait at boot until the system has gathered entropy. Thread-safe. */
int cv_random_bytes(void* buffer, size_t length, struct cv_error* err);

/* `digits` lower-case hexadecimal digits and a NUL: the buffer has digits + 1 bytes. At most 128. */
int cv_random_hex(char* buffer, size_t digits, struct cv_error* err);

#endif
