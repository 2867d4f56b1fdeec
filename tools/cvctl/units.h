/* Numbers as people read them, and bytes as JSON can hold them. Pure. */
#ifndef CVCTL_UNITS_H
#define CVCTL_UNITS_H

#include <stddef.h>

#include <cv/error.h>

enum { CVCTL_UNITS_SIZE = 24 };

/* "17.3MiB"; "0B"; three figures. Negative: "--". */
void cvctl_bytes_print(double bytes, char text[CVCTL_UNITS_SIZE]);

/* "12.34%"; negative: "--". */
void cvctl_percent_print(double percent, char text[CVCTL_UNITS_SIZE]);

/* malloc'ed base64 of any bytes, NULL with err. */
char* cvctl_base64(const void* data, size_t length, struct cv_error* err);

#endif
