/* Reads the text of the control files of a version 2 cgroup. Pure. */
#ifndef CV_LINUX_CGROUP_PARSE_H
#define CV_LINUX_CGROUP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

struct linux_cgroup_state {
    bool populated; /* a process that is no zombie is in it or below */
    bool frozen;    /* false also where the kernel can't freeze (before 5.2) */
};

/* cgroup.events: lines of "key 0" or "key 1"; other keys are passed over. CV_ERR_INVALID when "populated" is missing. */
int linux_cgroup_parse_events(
    const char* text, size_t length, struct linux_cgroup_state* state_out, struct cv_error* err);

/*
 * cgroup.procs: the next number of the text from *at on, which is moved behind it. Returns 1, 0 at the end, or CV_ERR_INVALID for
 * anything but lines of numbers up to 2^22 (the kernel's own limit).
 */
int linux_cgroup_next_pid(const char** at, const char* end, int32_t* pid_out, struct cv_error* err);

#endif
