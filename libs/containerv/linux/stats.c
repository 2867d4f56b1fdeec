/* What a container uses, and changes of its limits, in the guardian. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <chef/containerv/container.h>
#include <cv/clock.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup.h"
#include "linux/container-internal.h"
#include "linux/counters-read.h"
#include "linux/fd.h"
#include "linux/source.h"
#include "linux/unprivileged.h"

void linux_container_counts(const struct linux_container* container, struct linux_counts* counts_out)
{
    *counts_out = (struct linux_counts){ .upper_full = linux_upper_is_full(container->upper_fd) };
    (void)linux_counter_read(&container->limits, container->group_fd, &linux_counter_oom, &counts_out->oom_kills);
    (void)linux_counter_read(
        &container->limits, container->group_fd, &linux_counter_refused, &counts_out->pids_refused);
}

/* Where no controller counts: processes without their threads. */
static void add_processes(struct linux_container* c, struct containerv_stats* stats)
{
    size_t count = 0;
    if ((stats->known & CV_STATS_PIDS) == 0 && linux_container_processes(c, NULL, 0, &count, NULL) == 0)
        linux_counters_add_processes(count, stats);
}

int linux_container_stats(struct linux_container* container, struct containerv_stats* stats_out, struct cv_error* err)
{
    struct containerv_stats stats = { .size = sizeof(stats), .time_ns = cv_clock_realtime_ns() };
    linux_counters_read(&container->limits, container->group_fd, &stats);
    add_processes(container, &stats);
    if (!container->reaped && cv_spec_namespace(container->spec, "network") != NULL) /* of its own only */
        linux_counters_add_network(container->pid, &stats);
    *stats_out = stats;
    (void)err;
    return 0;
}

/* --- update -------------------------------------------------------------------------------------------------------------------- */

static int move_one(pid_t pid, void* data, struct cv_error* err)
{
    return linux_limits_move(data, pid, err);
}

/* Nothing is born while all stand still, so one round moves all. */
static int move_all(struct linux_container* c, bool paused, struct cv_error* err)
{
    if (!linux_limits_has_fresh(&c->limits))
        return 0;
    int rc = paused ? 0 : linux_cgroup_freeze(c->group_fd, LINUX_CONTAINER_KILL_MS, err);
    if (rc < 0)
        return rc;
    rc = linux_cgroup_each_process(c->group_fd, move_one, &c->limits, err);
    if (!paused) {
        int thawed = linux_cgroup_thaw(c->group_fd, LINUX_CONTAINER_KILL_MS, rc == 0 ? err : NULL);
        rc         = rc == 0 ? thawed : rc;
    }
    if (rc == 0)
        linux_limits_moved(&c->limits);
    return rc;
}

static int apply(struct linux_container* c, const struct cv_spec* spec, bool paused, struct cv_error* err)
{
    CV_CLEANUP(linux_limits_plan_release) struct linux_limits_plan plan = { .items = NULL };

    int rc = linux_limits_plan_make(spec, true, linux_limits_device, &plan, err);
    if (c->group_fd < 0)
        return rc == 0 ? linux_unprivileged_without_group(&plan, err) : rc;
    if (rc == 0)
        rc = linux_limits_apply(&c->limits, &plan, c->group_fd, c->home.id, err);
    if (rc < 0 && linux_unprivileged_can_make_room(c->parent_fd, err, &rc))
        rc = linux_limits_apply(&c->limits, &plan, c->group_fd, c->home.id, err);
    return rc == 0 ? move_all(c, paused, err) : rc;
}

int linux_container_update(
    struct linux_container* container, const struct cv_spec* limits, bool paused, struct cv_error* err)
{
    struct cv_spec* kept = NULL;
    if (limits->ext.limits.upper_bytes != container->spec->ext.limits.upper_bytes)
        return cv_error_unsupported(err, "another size of the upper of a container that runs", "linux");
    int rc = cv_spec_copy(limits, &kept, err);
    if (rc == 0)
        rc = apply(container, limits, paused, err);
    if (rc == 0) {
        struct cv_spec_limits old   = container->spec->ext.limits;
        container->spec->ext.limits = kept->ext.limits;
        kept->ext.limits            = old;
        if (container->limits.version[LINUX_CONTROLLER_PIDS] != 0) { /* now a group keeps it */
            cv_strv_release(&container->spec->ext.weaker);
            cv_strv_init(&container->spec->ext.weaker);
        }
    } else if (kept != NULL) {
        (void)apply(container, container->spec, paused, NULL); /* as it was */
    }
    cv_spec_free(kept);
    return rc;
}
