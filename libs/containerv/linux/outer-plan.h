/*
 * Running inside somebody else's container: which of its flags is missing, by what failed. Pure.
 */
#ifndef CV_LINUX_OUTER_PLAN_H
#define CV_LINUX_OUTER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#define LINUX_OUTER_SECCOMP  1u /* a system call filter is on us */
#define LINUX_OUTER_MASKED   2u /* something is mounted over parts of /proc */
#define LINUX_OUTER_APPARMOR 4u /* a profile of AppArmor confines us */
#define LINUX_OUTER_OVERLAY  8u /* our root is an overlay: no upper of another one can be on it */

enum linux_outer_step {
    LINUX_OUTER_NAMESPACE, /* make namespaces: clone3, unshare */
    LINUX_OUTER_MOUNT,     /* mount, move or pivot */
    LINUX_OUTER_PROC,      /* mount a fresh procfs or sysfs */
    LINUX_OUTER_UPPER,     /* mount an overlay */
    LINUX_OUTER_DEVICE,    /* open a device node of the host */
    LINUX_OUTER_STEPS
};

/* The facts by the texts of /proc/self/status, /proc/self/mountinfo and /proc/self/attr/current (any may be NULL). */
unsigned linux_outer_facts(const char* status, const char* mountinfo, const char* profile);

/* What to do when the step failed with the number; NULL: the container around has nothing to do with it. */
const char* linux_outer_advice(unsigned facts, enum linux_outer_step step, int number);

#endif
