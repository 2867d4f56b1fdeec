/* Changes of an OCI container's limits, and what it uses. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <chef/containerv/container.h>
#include <cv/clock.h>

#include "linux/counters-read.h"
#include "linux/oci-cgroup-internal.h"
#include "linux/oci-scope-plan.h"
#include "linux/unprivileged.h"

#include <cv/banned.h>

/* --- update -------------------------------------------------------------------------------------------------------------------- */

static bool same_text(const char* a, const char* b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_number(const struct cv_opt_int* a, const struct cv_opt_int* b)
{
    return a->set == b->set && (!a->set || a->value == b->value);
}

/* Some callers give back all that they gave before. */
static int check_devices(
    const struct cv_spec_resources* now, const struct cv_spec_resources* changes, struct cv_error* err)
{
    bool same = changes->devices.count == 0 || changes->devices.count == now->devices.count;
    for (size_t i = 0; same && i < changes->devices.count; i++) {
        const struct cv_spec_device_rule *a = &now->devices.items[i], *b = &changes->devices.items[i];
        same = a->allow == b->allow && same_text(a->type, b->type) && same_text(a->access, b->access)
               && same_number(&a->major, &b->major) && same_number(&a->minor, &b->minor);
    }
    return same ? 0 : cv_error_unsupported(err, "a change of a container's rules of devices", "linux");
}

static bool memory_used(const struct linux_oci_cgroup* cgroup, uint64_t* used_out)
{
    struct containerv_stats stats = { .size = sizeof(stats) };
    linux_counters_read(&cgroup->limits, cgroup->group_fd, &stats);
    *used_out = stats.memory_bytes;
    return (stats.known & CV_STATS_MEMORY) != 0;
}

static int check_memory(
    const struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* changes, struct cv_error* err)
{
    uint64_t used = 0;
    if (!changes->memory.check_before_update.value || !changes->memory.limit.set || changes->memory.limit.value <= 0)
        return 0;
    if (!memory_used(cgroup, &used) || used <= (uint64_t)changes->memory.limit.value)
        return 0;
    cv_error_set(err, CV_ERR_STATE, "%" PRIu64 " bytes of memory are used, more than the new limit of %" PRId64, used,
        changes->memory.limit.value);
    cv_error_step(err, "check the memory before the update");
    return cv_error_hint(err, "without checkBeforeUpdate the kernel makes room, by killing processes if it must");
}

static int apply(struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* now,
    const struct cv_spec_resources* changes, struct cv_error* err)
{
    struct linux_limits_plan plan = { .items = NULL };
    int                      rc   = linux_limits_plan_changes(now, changes, &plan, err);
    if (rc == 0 && cgroup->group_fd < 0 && cgroup->limits.group_count == 0)
        rc = linux_oci_without_group(&plan, err);
    else if (rc == 0)
        rc = linux_limits_apply(&cgroup->limits, &plan, cgroup->group_fd, "", err);
    linux_limits_plan_release(&plan);
    return rc;
}

/* Systemd writes what it knows when it reads its units anew. */
static int tell_systemd(
    const struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* resources, struct cv_error* err)
{
    struct cv_strv properties = { .items = NULL };
    if (!cgroup->systemd || cgroup->path == NULL)
        return 0;
    int rc = linux_oci_scope_properties(resources, &properties, err);
    if (rc == 0)
        rc = linux_oci_scope_set(strrchr(cgroup->path, '/') + 1, linux_unprivileged()->active, &properties, err);
    cv_strv_release(&properties);
    return rc;
}

static int change(struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* now,
    const struct cv_spec_resources* changes, struct cv_error* err)
{
    struct cv_spec_resources all = *now; /* only looked through */
    linux_resources_merge_values(&all, changes);
    int rc = tell_systemd(cgroup, &all, err);
    return rc == 0 ? apply(cgroup, now, changes, err) : rc;
}

int linux_oci_cgroup_update(struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* now,
    const struct cv_spec_resources* changes, struct cv_error* err)
{
    int rc = check_devices(now, changes, err);
    if (rc == 0)
        rc = check_memory(cgroup, changes, err);
    if (rc < 0)
        return cv_error_wrap(err, "update the container's limits");
    rc = change(cgroup, now, changes, err);
    if (rc == 0)
        return 0;
    (void)change(cgroup, now, now, NULL);
    return cv_error_wrap(err, "update the container's limits");
}

/* --- use ----------------------------------------------------------------------------------------------------------------------- */

int linux_oci_cgroup_stats(
    const struct linux_oci_cgroup* cgroup, struct containerv_stats* stats_out, struct cv_error* err)
{
    struct containerv_stats stats = { .size = sizeof(stats), .time_ns = cv_clock_realtime_ns() };
    pid_t*                  list  = NULL;
    size_t                  count = 0;
    int                     rc    = 0;
    linux_counters_read(&cgroup->limits, cgroup->group_fd, &stats);
    if ((stats.known & CV_STATS_PIDS) == 0)
        rc = linux_oci_cgroup_processes(cgroup, &list, &count, err);
    free(list);
    if (rc < 0)
        return rc;
    linux_counters_add_processes(count, &stats);
    *stats_out = stats;
    return 0;
}

uint64_t linux_oci_cgroup_oom_kills(const struct linux_oci_cgroup* cgroup)
{
    uint64_t kills = 0;
    return linux_counter_read(&cgroup->limits, cgroup->group_fd, &linux_counter_oom, &kills) ? kills : 0;
}
