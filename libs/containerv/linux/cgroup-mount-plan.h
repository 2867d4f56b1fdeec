/*
 * What a mount of type "cgroup" is on a machine with version 1 hierarchies: a folder of one mount each, and links for hierarchies of
 * several controllers. Pure: from the texts of /proc/self/mountinfo (parsed) and /proc/self/cgroup.
 */
#ifndef CV_LINUX_CGROUP_MOUNT_PLAN_H
#define CV_LINUX_CGROUP_MOUNT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <cv/error.h>
#include <cv/strv.h>

#include "linux/mountinfo-parse.h"

#define LINUX_CGROUP_MOUNTS_MAX 64u

/* One hierarchy. Strings are its own. */
struct linux_cgroup_mount {
    char*          name;   /* of its folder: "cpu,cpuacct", "systemd", "unified" */
    char*          target; /* where the caller has it */
    char*          own;    /* the caller's group below that, "." for the top; NULL: it is not below it */
    bool           version2;
    struct cv_strv words; /* by which version 1 finds it: "cpu" and "cpuacct", "name=systemd" */
};

struct linux_cgroup_link {
    char *name, *to; /* "cpu" to "cpu,cpuacct" */
};

struct linux_cgroup_mounts {
    struct linux_cgroup_mount items[LINUX_CGROUP_MOUNTS_MAX];
    size_t                    count;
    struct linux_cgroup_link  links[LINUX_CGROUP_MOUNTS_MAX];
    size_t                    link_count;
    bool                      version1; /* there is at least one hierarchy of version 1: the plan is to be used */
};

/* `cgroup` is the text of /proc/self/cgroup. CV_ERR_LIMIT when there are too many. Release the plan also after a failure. */
int linux_cgroup_mounts_plan(
    const struct mountinfo* info, const char* cgroup, struct linux_cgroup_mounts* plan_out, struct cv_error* err);
void linux_cgroup_mounts_release(struct linux_cgroup_mounts* plan);

#endif
