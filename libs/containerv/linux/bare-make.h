/*
 * What is different when an OCI runtime makes a container: ids and namespaces are given, hooks are run on the way, and the program waits
 * for linux_bare_start(). Calls of the making process, and of PID 1.
 */
#ifndef CV_LINUX_BARE_MAKE_H
#define CV_LINUX_BARE_MAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "linux/oci-cgroup.h"
#include "spec/spec.h"

struct clone_args;
struct linux_container;
struct linux_holding;
struct linux_setup;

/* Lives for one create. All is borrowed. */
struct linux_bare_make {
    const char*            id;
    const char*            bundle;
    bool                   no_pivot;
    enum linux_oci_manager manager;
};

enum linux_bare_hook {
    LINUX_BARE_PRESTART,
    LINUX_BARE_CREATE_RUNTIME,
    LINUX_BARE_CREATE_CONTAINER,
    LINUX_BARE_START_CONTAINER,
    LINUX_BARE_POSTSTART,
    LINUX_BARE_POSTSTOP,
};

/* The hooks of one kind, if there are any, in the caller's namespaces. Of `make` id and bundle count. */
int linux_bare_hooks(const struct cv_spec* spec, enum linux_bare_hook kind, const struct linux_bare_make* make,
    pid_t pid, struct cv_error* err);

/* How many ids from 0 on the container has; 0: the host's. */
uint32_t linux_bare_ids(const struct cv_spec* spec);

/* The lines of an id map as the kernel reads them. malloc'ed; NULL: no memory. Pure. */
char* linux_bare_map_text(const struct cv_spec_id_maps* maps, struct cv_error* err);

/* --- in the process that makes it ------------------------------------------------------------------------------------------------- */

/* Is there a namespace given by a path? Then PID 1 is cloned by a process that has joined them. */
bool linux_bare_joins(const struct cv_spec* spec);
int  linux_bare_clone(struct linux_container* c, struct linux_setup* setup, const struct clone_args* args,
     const int start[2], struct cv_error* err);

/* A plain user's runtime is not root even in its own user namespace, and may not write to the id maps of what nobody may look at. So PID 1
 * is made while we can be looked at; it hides before anything of the container runs. */
void linux_bare_show(const struct linux_container* c, bool shown);

/* The maps of a new user namespace. */
int linux_bare_map(const struct linux_container* c, struct cv_error* err);

/* Move the host's network devices of linux.netDevices to PID 1, which is there. They are back if the container comes to nothing. */
int linux_bare_take_devices(struct linux_container* c, struct cv_error* err);

/* While PID 1 stands before pivot_root: what is done in the runtime's namespaces. */
int linux_bare_before_pivot_outside(struct linux_container* c, int control_fd, struct cv_error* err);

/* --- in PID 1 ---------------------------------------------------------------------------------------------------------------------- */

int linux_bare_before_pivot_inside(const struct linux_setup* setup, struct cv_error* err);

/* linux_exec's `hold`: says that it waits, waits, and goes on with the socket of whoever starts it as the status channel. */
int linux_bare_hold(const struct linux_holding* holding, int* status_fd, struct cv_error* err);

#endif
