/* A container's place in the cgroup hierarchies: claimed with its limits, what is done by it, given back. */
#include <errno.h>
#include <stdint.h>

#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/container-internal.h"
#include "linux/delegated.h"
#include "linux/device-filter.h"
#include "linux/fd.h"
#include "linux/pidns.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"

/* For whoever inspects the container. */
static int tell_weaker(struct linux_container* c, struct cv_error* err)
{
    cv_strv_release(&c->spec->ext.weaker);
    cv_strv_init(&c->spec->ext.weaker);
    if (c->limits.processes_rlimit != 0 && cv_strv_append(&c->spec->ext.weaker, "limits.pids: RLIMIT_NPROC") < 0)
        return cv_error_no_memory(err);
    return 0;
}

static int claim_limits(struct linux_container* c, struct cv_error* err)
{
    CV_CLEANUP(linux_limits_plan_release) struct linux_limits_plan plan = { .items = NULL };

    int rc = c->group_fd >= 0 ? linux_limits_count(&c->limits, c->group_fd, err) : 0;
    if (rc == 0)
        rc = linux_limits_plan_make(c->spec, false, linux_limits_device, &plan, err);
    if (rc == 0 && c->group_fd < 0)
        rc = linux_unprivileged_without_group(&plan, err);
    else if (rc == 0)
        rc = linux_limits_apply(&c->limits, &plan, c->group_fd, c->home.id, err);
    if (rc < 0 && linux_unprivileged_can_make_room(c->parent_fd, err, &rc))
        rc = linux_limits_apply(&c->limits, &plan, c->group_fd, c->home.id, err);
    if (rc == 0 && !linux_unprivileged()->active) /* in the guardian's user namespace nobody makes nodes */
        rc = linux_device_filter(c->spec, &c->limits, c->group_fd, c->home.id, err);
    if (rc < 0)
        return rc;
    linux_limits_moved(&c->limits); /* every process goes in by itself */
    bool is_default = false;
    if (linux_limits_pids(c->spec, &is_default) != UINT64_MAX && is_default && c->range.lock_fd >= 0
        && c->limits.version[LINUX_CONTROLLER_PIDS] != 2)
        c->limits.processes_rlimit = LINUX_PIDS_DEFAULT;
    return tell_weaker(c, err);
}

static int note_cgroup(struct linux_container* c, const char* place, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int folder_fd = -1;
    int                             rc        = linux_container_open_run_folder(c, &folder_fd, err);
    if (rc < 0)
        return rc;
    return place != NULL ? linux_cgroup_place_note(folder_fd, place, err) : linux_delegated_note(folder_fd, err);
}

static int make_in_chosen(struct linux_container* c, const char* place, struct cv_error* err)
{
    int rc = linux_cgroup_open_parent(place, &c->parent_fd, err);
    if (rc < 0)
        return rc;
    rc = linux_cgroup_create(c->parent_fd, c->home.id, &c->group_fd, err);
    if (rc < 0) {
        (void)linux_cgroup_place_leave(c->parent_fd, place, NULL);
        linux_fd_closep(&c->parent_fd);
        c->parent_fd = -1;
    }
    return rc;
}

/* Another container's end may take the place away before our group is in it. */
static int claim_chosen(struct linux_container* c, const char* place, struct cv_error* err)
{
    int rc = note_cgroup(c, place, err);
    if (rc < 0)
        return rc;
    c->limits.place = place;
    rc              = make_in_chosen(c, place, err);
    for (int i = 1; rc < 0 && i < LINUX_CGROUP_PLACE_TRIES && linux_cgroup_place_vanished(err); i++)
        rc = make_in_chosen(c, place, err);
    return rc == 0 ? claim_limits(c, err) : rc;
}

/* The groups are in the container's own members from now on. */
static void take_oci(struct linux_container* c, struct linux_oci_cgroup* cgroup)
{
    c->group_fd     = cgroup->group_fd;
    c->limits       = cgroup->limits;
    c->oci          = *cgroup;
    c->oci.group_fd = -1;
    linux_limits_init(&c->oci.limits);
}

/* Both together; only to look through, and not to be released. */
static struct linux_oci_cgroup oci_of(const struct linux_container* c)
{
    struct linux_oci_cgroup cgroup = c->oci;
    cgroup.group_fd                = c->group_fd;
    cgroup.limits                  = c->limits;
    return cgroup;
}

static int claim_oci(struct linux_container* c, struct cv_error* err)
{
    struct linux_oci_cgroup cgroup;
    int                     rc = linux_oci_cgroup_claim(c->spec, c->home.id, c->cgroup_manager, &cgroup, err);
    if (rc == 0)
        take_oci(c, &cgroup);
    return rc;
}

int linux_container_open_cgroup(struct linux_container* c, const char* path, bool systemd, struct cv_error* err)
{
    struct linux_oci_cgroup cgroup;
    int                     rc = linux_oci_cgroup_open(path, systemd, &cgroup, err);
    if (rc == 0)
        take_oci(c, &cgroup);
    return rc;
}

int linux_container_claim_cgroup(struct linux_container* c, struct cv_error* err)
{
    if (c->spec->ext.bare)
        return claim_oci(c, err);
    if (c->spec->ext.cgroup_parent != NULL)
        return claim_chosen(c, c->spec->ext.cgroup_parent, err);
    int rc = linux_cgroup_open_parent(NULL, &c->parent_fd, err);
    if (rc == CV_ERR_UNSUPPORTED && linux_unprivileged()->active)
        rc = 0; /* the PID namespace holds its processes together, too; what needs a group is refused */
    else if (rc == 0)
        rc = linux_cgroup_create(c->parent_fd, c->home.id, &c->group_fd, err);
    if (rc == 0 && c->group_fd >= 0 && linux_unprivileged()->active)
        rc = note_cgroup(c, NULL, err);
    return rc == 0 ? claim_limits(c, err) : rc;
}

int linux_container_remove_group(const struct linux_container* c, struct cv_error* err)
{
    if (c->oci.path != NULL)
        return linux_oci_cgroup_remove(&c->oci, LINUX_CONTAINER_KILL_MS, err);
    int rc = linux_cgroup_remove(c->parent_fd, c->home.id, LINUX_CONTAINER_KILL_MS, err);
    if (rc < 0 || c->limits.place == NULL)
        return rc;
    return linux_cgroup_place_leave(c->parent_fd, c->limits.place, err);
}

int linux_container_kill_group(struct linux_container* c, struct cv_error* err)
{
    if (c->group_fd >= 0)
        return linux_cgroup_kill(c->group_fd, linux_container_patience_ms(c), err);
    if (c->oci.path == NULL)
        return 0;
    const struct linux_oci_cgroup cgroup = oci_of(c);
    return linux_oci_cgroup_kill(&cgroup, linux_container_patience_ms(c), err);
}

/* With PID 1 the kernel ends all that is in its namespace. */
static int kill_pid1(const struct linux_container* c, struct cv_error* err)
{
    if (c->reaped || sys_pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0) == 0 || errno == ESRCH)
        return 0;
    return cv_error_errno(err, errno, "kill PID 1", c->home.id);
}

int linux_container_kill(struct linux_container* container, struct cv_error* err)
{
    if (container->group_fd < 0 && container->oci.path == NULL)
        return kill_pid1(container, err);
    return linux_container_kill_group(container, err);
}

int linux_container_pause(struct linux_container* container, struct cv_error* err)
{
    if (container->group_fd < 0)
        return linux_unprivileged_no_group("pause", err);
    return linux_cgroup_freeze(container->group_fd, LINUX_CONTAINER_KILL_MS, err);
}

int linux_container_resume(struct linux_container* container, struct cv_error* err)
{
    return linux_cgroup_thaw(container->group_fd, LINUX_CONTAINER_KILL_MS, err);
}

int linux_container_processes(
    struct linux_container* container, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    if (container->group_fd < 0)
        return linux_pidns_processes(container->pid, list, capacity, count_out, err);
    return linux_cgroup_processes(container->group_fd, list, capacity, count_out, err);
}
