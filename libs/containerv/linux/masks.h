/* Masked and read-only paths, and sysctls: what is written or covered in the container's own /proc and /sys. Run in PID 1. */
#ifndef CV_LINUX_MASKS_H
#define CV_LINUX_MASKS_H

#include <cv/error.h>

struct linux_setup;

int linux_masks_apply(struct linux_setup* setup, struct cv_error* err);
int linux_sysctl_write(struct linux_setup* setup, struct cv_error* err);

#endif
