#include <windows.h>

#include <cv/clock.h>

#include <cv/banned.h>

/* FILETIME counts steps of 100 ns from 1601. */
int64_t cv_clock_realtime_ns(void)
{
    const int64_t  unix_epoch = INT64_C(116444736000000000);
    FILETIME       now;
    ULARGE_INTEGER steps;

    GetSystemTimePreciseAsFileTime(&now);
    steps.LowPart  = now.dwLowDateTime;
    steps.HighPart = now.dwHighDateTime;
    return ((int64_t)steps.QuadPart - unix_epoch) * 100;
}

int64_t cv_clock_monotonic_ms(void)
{
    return (int64_t)GetTickCount64();
}
