/* What fuzz-guardian.c and its container share. */
#ifndef CV_FUZZ_GUARDIAN_H
#define CV_FUZZ_GUARDIAN_H

#include "linux/guardian.h"

#define FUZZ_OTHER_ID "other-container"

extern struct guardian_container *fuzz_box, *fuzz_other; /* the stranger's, and not the stranger's */

void fuzz_container_start(void); /* once and again: what all runs share */

/* A container with a main process and one that ended; no real process is behind them. */
struct guardian_container* fuzz_container_add(struct guardian* guardian, const char* id);

/* All of it at once, with the descriptors. */
void fuzz_send(int fd, const uint8_t* bytes, size_t length, const int* fds, size_t count);

#endif
