/* The container's /dev: nodes of the host bound in, links, the devices that were asked for. Run in PID 1, before the host's root is left. */
#ifndef CV_LINUX_DEVICES_H
#define CV_LINUX_DEVICES_H

#include <cv/error.h>

struct linux_setup;

/* What every container has. */
enum { LINUX_DEVICES = 6, LINUX_DEVICE_LINKS = 6 };
struct linux_device {
    const char* name;
    unsigned    major, minor;
};
struct linux_device_link {
    const char *name, *target;
};
extern const struct linux_device      linux_devices[LINUX_DEVICES];
extern const struct linux_device_link linux_device_links[LINUX_DEVICE_LINKS];

int linux_devices_make(struct linux_setup* setup, struct cv_error* err);

#endif
