/* What a host can and can't do. One row per check; doctor-linux.c has the rows of Linux. */
#ifndef CVCTL_DOCTOR_H
#define CVCTL_DOCTOR_H

#include <stdbool.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
    enum doctor_level level;
    char              text[512]; /* what was found */
    char              fix[384];  /* what to do about it; "" when there is nothing to do */
};

struct doctor_check {
    const char* name;
    void (*check)(struct doctor_finding* finding); /* a fail is what `cvctl run` can't work without */
};

extern const struct doctor_check doctor_checks[]; /* ends with a row without a name */

/* Fill a finding, printf style; `fix` may be NULL. */
void doctor_set(struct doctor_finding* finding, enum doctor_level level, const char* fix, const char* format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
