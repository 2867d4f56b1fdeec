/* Has the kernel keep a container's rules of devices. */
#ifndef CV_LINUX_DEVICE_FILTER_H
#define CV_LINUX_DEVICE_FILTER_H

#include <cv/error.h>

#include "linux/limits.h"

/*
 * When the specification needs it: a program on the container's version 2 group, which ends with the group; where the kernel refuses
 * one, rules of version 1's devices controller, as a limit. CV_ERR_UNSUPPORTED where neither can be had.
 */
int linux_device_filter(
    const struct cv_spec* spec, struct linux_limits* limits, int group_fd, const char* id, struct cv_error* err);

/* The two ways by themselves. */
struct linux_device_rules;
int linux_device_filter_program(const struct linux_device_rules* rules, int group_fd, struct cv_error* err);
int linux_device_filter_v1(const struct linux_device_rules* rules, struct linux_limits* limits, int group_fd,
    const char* id, struct cv_error* err);

#endif
