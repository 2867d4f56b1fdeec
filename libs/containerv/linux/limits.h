/*
 * Keeps a plan of limits (limits-plan.h) for one container, by whichever version of cgroups has the controller here.
 *
 * Version 2: the controllers are switched on from the container's group upwards as far as needed, and the files of its own group are
 * written. Version 1: a group <mount>/<place>/c-<id> in each hierarchy that a limit needs, and in no other; every process goes in
 * by itself before it does anything of the user's (linux_limits_join). Not thread-safe; the guardian has one thread.
 */
#ifndef CV_LINUX_LIMITS_H
#define CV_LINUX_LIMITS_H

#include <sys/types.h>

#include <cv/error.h>

#include "linux/limits-plan.h"

/* A group in a hierarchy of version 1. */
struct linux_limits_group {
    int  parent_fd, group_fd, tasks_fd;
    bool fresh; /* nobody was moved into it yet */
};

enum { LINUX_LIMITS_GROUPS = 24 }; /* hierarchies of version 1 */

struct linux_limits {
    struct linux_limits_group groups[LINUX_LIMITS_GROUPS];
    size_t                    group_count;
    int                       of[LINUX_CONTROLLERS];      /* which group has the controller, -1: none */
    int                       version[LINUX_CONTROLLERS]; /* 1, 2; 0: not looked for yet or not here */
    uint64_t                  processes_rlimit;           /* our default where no cgroup keeps it; 0: none */
    const char*               place;                      /* PATH of cgroup-place.h, borrowed; NULL: "containerv" */
    bool complete;  /* the groups of version 1 are given (oci-cgroup.h): none is made, none removed */
    char tree[256]; /* controllers of the version 2 tree, "": not looked yet */
};

void linux_limits_init(struct linux_limits* limits);
void linux_limits_release(struct linux_limits* limits); /* descriptors only */

/*
 * Write all of the plan. `group_fd` is the container's version 2 group. A limit that can't be kept is CV_ERR_UNSUPPORTED (no such
 * controller or file), or what the kernel said; groups made until then are left to linux_limits_remove().
 */
int linux_limits_apply(struct linux_limits* limits, const struct linux_limits_plan* plan, int group_fd, const char* id,
    struct cv_error* err);

/*
 * Have the version 2 tree count memory, CPU time, I/O and processes, for statistics and causes of ends. That the host has no such
 * controller or keeps it to itself is no error. `err` must not be NULL.
 */
int linux_limits_count(struct linux_limits* limits, int group_fd, struct cv_error* err);

/* For a container that another process made: of version 2 it has the controllers that its group has now. Nothing is switched on. */
int linux_limits_look(struct linux_limits* limits, int group_fd, struct cv_error* err);

/* The calling process goes into all groups of version 1; single-threaded, its descriptors not closed yet. */
int linux_limits_join(const struct linux_limits* limits, struct cv_error* err);

/* Move one process into the groups that are fresh. One that has ended meanwhile is no error. */
int  linux_limits_move(const struct linux_limits* limits, pid_t pid, struct cv_error* err);
bool linux_limits_has_fresh(const struct linux_limits* limits);
void linux_limits_moved(struct linux_limits* limits); /* all were moved */

/* Remove the groups of version 1, when the container has no process any more. The first error is told, the rest removed all the same. */
int linux_limits_remove(struct linux_limits* limits, const char* id, struct cv_error* err);

/* The same for a container whose owner is dead: looks into each hierarchy. `place` as in struct linux_limits. */
int linux_limits_sweep(const char* id, const char* place, struct cv_error* err);

/* A block device's numbers; linux_limits_device_fn. */
int linux_limits_device(const char* path, unsigned* major_out, unsigned* minor_out, struct cv_error* err);

#endif
