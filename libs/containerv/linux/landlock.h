/*
 * Landlock. The ruleset is made once, by PID 1 before anything of the container runs, so that no process of the container can change what a
 * path means; each program's process puts it on itself before its exec.
 */
#ifndef CV_LINUX_LANDLOCK_H
#define CV_LINUX_LANDLOCK_H

#include "linux/landlock-plan.h"

/* What the running kernel can; 0: no Landlock. */
int linux_landlock_abi(void);

/* The rules' plan for this kernel. CV_ERR_UNSUPPORTED: landlock_plan_make(). */
int linux_landlock_prepare(const struct cv_spec* spec, struct landlock_plan* plan_out, struct cv_error* err);

/*
 * The ruleset, paths looked up in `root_fd` (links inside it are followed, it is never left). *ruleset_fd_out is -1 when there are no rules.
 * CV_ERR_NOT_FOUND: nothing is at a path.
 */
int linux_landlock_make(const struct cv_spec* spec, const struct landlock_plan* plan, int root_fd, int* ruleset_fd_out,
    struct cv_error* err);

/* Restrict the calling thread and its children for good. Needs no_new_privs, or CAP_SYS_ADMIN in its user namespace. -1: nothing to do. */
int linux_landlock_restrict(int ruleset_fd, struct cv_error* err);

#endif
