/* The container's /dev: nodes of the host bound in, links, the devices that were asked for. Run in PID 1, before the host's root is left. */
#ifndef CV_LINUX_DEVICES_H
#define CV_LINUX_DEVICES_H

#include <cv/error.h>

struct linux_setup;

int linux_devices_make(struct linux_setup* setup, struct cv_error* err);

#endif
