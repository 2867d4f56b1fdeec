/* The two clocks. Thread-safe, cannot fail. */
#ifndef CV_CLOCK_H
#define CV_CLOCK_H

#include <stdint.h>

int64_t cv_clock_realtime_ns(void);  /* nanoseconds since 1970-01-01 UTC; jumps when somebody sets it */
int64_t cv_clock_monotonic_ms(void); /* milliseconds since some start; never goes back. For timeouts */

/* Milliseconds left until a monotonic deadline, never negative; -1 (no limit) for a deadline of -1. */
int64_t cv_clock_left_ms(int64_t deadline_ms);

/* The deadline `timeout_ms` from now; -1 for a negative timeout. */
int64_t cv_clock_deadline_ms(int64_t timeout_ms);

#endif
