#include <cv/clock.h>

#include <cv/banned.h>

int64_t cv_clock_left_ms(int64_t deadline_ms)
{
    int64_t now;
    if (deadline_ms < 0)
        return -1;
    now = cv_clock_monotonic_ms();
    return deadline_ms > now ? deadline_ms - now : 0;
}

int64_t cv_clock_deadline_ms(int64_t timeout_ms)
{
    int64_t deadline;
    if (timeout_ms < 0)
        return -1;
    if (__builtin_add_overflow(cv_clock_monotonic_ms(), timeout_ms, &deadline))
        return INT64_MAX;
    return deadline;
}
