/* Limits: from the caller's struct to the specification's. */
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

enum { IO_MAX = 64, HUGEPAGES_MAX = 16 };

static int add_io(void* context, const void* known, struct cv_error* err)
{
    const struct containerv_io_limit* limit = known;
    struct cv_spec_io_limit           entry = { (char*)(uintptr_t)limit->path, limit->read_bps, limit->write_bps,
                  limit->read_iops, limit->write_iops };
    if (limit->path == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "a limit of I/O has no path");
    return cv_spec_add_io_limit(context, &entry, err);
}

static int add_hugepages(void* context, const void* known, struct cv_error* err)
{
    const struct containerv_hugepage_limit* limit = known;
    if (limit->page_size == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "a limit of huge pages has no page_size");
    return cv_spec_add_hugepages(context, limit->page_size, limit->bytes, err);
}

static int apply_lists(struct cv_spec* spec, const struct containerv_limits* limits, struct cv_error* err)
{
    struct containerv_io_limit       io;
    struct containerv_hugepage_limit pages;
    const struct cv_sized_list ios = { limits->io, limits->io_count, IO_MAX, &io, sizeof(io), "containerv_io_limit" };
    const struct cv_sized_list all = { limits->hugepages, limits->hugepage_count, HUGEPAGES_MAX, &pages, sizeof(pages),
        "containerv_hugepage_limit" };
    if ((limits->io == NULL && limits->io_count > 0) || (limits->hugepages == NULL && limits->hugepage_count > 0))
        return cv_error_set(err, CV_ERR_INVALID, "a list of limits is NULL, but its count is not 0");
    int rc = cv_sized_each(&ios, add_io, spec, err);
    return rc == 0 ? cv_sized_each(&all, add_hugepages, spec, err) : rc;
}

int cv_limits_apply(struct cv_spec* spec, const struct containerv_limits* limits, struct cv_error* err)
{
    struct containerv_limits known = { 0 };
    struct cv_spec_limits*   to    = &spec->ext.limits;
    int                      rc    = cv_sized_in(&known, sizeof(known), limits, "containerv_limits", err);
    if (rc < 0)
        return rc;
    to->memory_bytes             = known.memory_bytes;
    to->swap_bytes               = known.swap_bytes;
    to->memory_reservation_bytes = known.memory_reservation_bytes;
    to->cpu_milli                = known.cpu_milli;
    to->cpu_quota_us             = known.cpu_quota_us;
    to->cpu_period_us            = known.cpu_period_us;
    to->cpu_weight               = known.cpu_weight;
    to->io_weight                = known.io_weight;
    to->pids                     = known.pids;
    to->upper_bytes              = known.upper_bytes;
    rc                           = cv_spec_set_string(&to->cpus, known.cpus, err);
    if (rc == 0)
        rc = cv_spec_set_string(&to->memory_nodes, known.memory_nodes, err);
    return rc == 0 ? apply_lists(spec, &known, err) : rc;
}

/* Both ways to write it become the specification's one. */
static int set_parent(struct cv_spec* spec, const char* path, struct cv_error* err)
{
    free(spec->ext.cgroup_parent);
    spec->ext.cgroup_parent = path != NULL ? cv_asprintf(err, "%s%s", path[0] != '/' ? "/" : "", path) : NULL;
    return path != NULL && spec->ext.cgroup_parent == NULL ? CV_ERR_NO_MEMORY : 0;
}

int containerv_options_set_cgroup_parent(struct containerv_options* options, const char* path)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, path != NULL ? path : "", &trial, &err);
    if (rc == 0)
        rc = set_parent(trial, path, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0) {
        char* old                         = options->draft->ext.cgroup_parent;
        options->draft->ext.cgroup_parent = trial->ext.cgroup_parent;
        trial->ext.cgroup_parent          = old;
    }
    return cv_publish(&err, rc, "set the cgroup parent");
}

int containerv_options_set_limits(struct containerv_options* options, const struct containerv_limits* limits)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, limits, &trial, &err);
    if (rc == 0)
        rc = cv_limits_apply(trial, limits, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0) {
        struct cv_spec_limits old  = options->draft->ext.limits;
        options->draft->ext.limits = trial->ext.limits;
        trial->ext.limits          = old;
    }
    return cv_publish(&err, rc, "set the limits");
}
