/*
 * The default profile as tables of names. Pure. What it is and why: docs/decisions/0010-seccomp-profile.md.
 *
 * Rows are in order of their precedence: for one system call the first row counts that needs no capability, or has one of its own
 * there, and whose conditions hold. A name that no row has gets the default: ENOSYS.
 */
#ifndef CV_LINUX_SECCOMP_PROFILE_H
#define CV_LINUX_SECCOMP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "linux/seccomp-program.h"

/* Bumped when the tables change their effect: cached programs are of one version. */
#define SECCOMP_PROFILE_VERSION 1

enum { SECCOMP_PROFILE_EPERM = 1, SECCOMP_PROFILE_ENOSYS = 38 }; /* the same on every Linux */

struct seccomp_profile_row {
    const char* const*              names; /* NULL at the end */
    uint32_t                        action;
    uint64_t                        capabilities; /* counts only with one of these; 0: always */
    const struct seccomp_condition* conditions;
    size_t                          condition_count;
};

extern const struct seccomp_profile_row seccomp_profile_rows[];
extern const size_t                     seccomp_profile_row_count;

#endif
