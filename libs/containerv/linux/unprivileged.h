/*
 * A guardian without root's rights. It makes itself root of a user namespace: the caller is 0 in it, his sub-ids (newuidmap, newgidmap)
 * are 1 to 65535, or there is 0 alone. From then on it makes containers as root's guardian does, each with a user namespace of its own
 * below, so that a container's root has no rights over the guardian. What is different: files are used as they are, without idmapped
 * mounts; all containers of a user have the same ids; there are no links to the host's network.
 *
 * It must be started anew in there: a program's memory belongs to the user namespace it was started in, and only who has rights over
 * that may look at (join, map the ids of) a container's first process, which is a fork of the guardian and not dumpable.
 */
#ifndef CV_LINUX_UNPRIVILEGED_H
#define CV_LINUX_UNPRIVILEGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "linux/limits-plan.h"
#include "linux/rights.h"
#include "spec/spec.h"

struct linux_idrange;

enum { LINUX_UNPRIVILEGED_MAP_MAX = 4096 }; /* of the kernel: a page */

struct linux_unprivileged {
    bool                     active; /* false: root's guardian, nothing here applies */
    uint32_t                 ids;    /* of a container, from 0 on */
    enum linux_rights_single single; /* why there is only one, and groups can't be given up */
    char uid_map[LINUX_UNPRIVILEGED_MAP_MAX], gid_map[LINUX_UNPRIVILEGED_MAP_MAX]; /* of a namespace below */
};

/* How this guardian is. Set once by linux_unprivileged_enter(). */
const struct linux_unprivileged* linux_unprivileged(void);

/*
 * First thing in the guardian, single-threaded, with its arguments: does not return when the program starts anew. What goes wrong is
 * kept for linux_unprivileged_check(), so that somebody can be told.
 */
void linux_unprivileged_enter(char** argv, int kept_fd);

/* The error that linux_unprivileged_enter() kept. */
int linux_unprivileged_check(struct cv_error* err);

/* All ids of the guardian as a container's range: nobody else has to be kept from them. */
int linux_unprivileged_range(struct linux_idrange* range_out, struct cv_error* err);

/* What only root's guardian can give: CV_ERR_PERMISSION, with the fix, when the container wants it. */
int linux_unprivileged_allows(const struct cv_spec* spec, struct cv_error* err);

/* A container that has no cgroup: CV_ERR_UNSUPPORTED, with the fix, when a limit of the plan was asked for. */
int linux_unprivileged_without_group(const struct linux_limits_plan* plan, struct cv_error* err);

/*
 * After a limit failed with *rc and its error: true when the delegated cgroup can hand controllers on now, so that it is worth another
 * try. Else *rc and the error are what is to be told.
 */
bool linux_unprivileged_can_make_room(int parent_fd, struct cv_error* err, int* rc);

/* CV_ERR_UNSUPPORTED: `what` needs a cgroup of the container's own. */
int linux_unprivileged_no_group(const char* what, struct cv_error* err);

/*
 * setgroups(2), in the guardian's forks: where the namespace forbids it, giving up all groups is left out (the caller's stay, and mean
 * nobody's inside), and any other list is EPERM.
 */
int linux_unprivileged_setgroups(size_t count, const gid_t* groups);

/* Instead of linux_unprivileged_enter(), in an OCI runtime, which starts nothing anew: what it lacks is noted. */
void linux_unprivileged_be_runtime(void);

/* Whether the namespace forbids that, in a program that was not started by a guardian; of the namespace of `pid` (0: our own). */
void linux_unprivileged_note_groups(pid_t pid);

/* A user namespace of our own, and `more` CLONE_NEW* with it, without maps. `who` we are: for errors. */
int linux_unprivileged_make_namespace(unsigned long more, const char* who, struct cv_error* err);

/* The same, with maps that a child writes which stays outside, where newuidmap and newgidmap have their rights: by `map`, for `pid`. */
typedef int linux_map_fn(const struct linux_rights* rights, pid_t pid, struct cv_error* err);
int         linux_unprivileged_make_mapped(
            const struct linux_rights* rights, unsigned long more, const char* who, linux_map_fn* map, struct cv_error* err);

/* newuidmap or newgidmap, and what it said when it refused. */
int linux_unprivileged_run_tool(char* const* argv, struct cv_error* err);

/* For an id that the container doesn't have. */
int linux_unprivileged_id_hint(struct cv_error* err);

#endif
