/* What a container of an OCI runtime may use, and uses. */
#include <errno.h>
#include <sys/file.h>

#include <chef/containerv/container.h>
#include <cv/posix.h>

#include "linux/bare-internal.h"
#include "linux/counters-read.h"
#include "linux/limits-plan.h"

#include <cv/banned.h>

/* Whoever updates, holds the folder until the container is closed; what others wrote meanwhile is what holds. */
static int lock(struct linux_bare* bare, struct cv_error* err)
{
    int got;

    do
        got = flock(bare->folder_fd, LOCK_EX);
    while (got < 0 && errno == EINTR);
    return got < 0 ? cv_error_errno(err, errno, "lock the container's folder", bare->info.id)
                   : linux_bare_read_spec(bare, err);
}

static int write_spec(const struct linux_bare* bare, const struct cv_spec* spec, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = cv_spec_print(spec, &text, &length, err);

    return rc == 0 ? cv_file_write_at(bare->folder_fd, LINUX_BARE_CONFIG, text, length, 0600, 0, err) : rc;
}

/* First what is written, which can be taken back; then what holds. */
static int update(struct linux_bare* bare, struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* changes,
    struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* merged = NULL;
    const struct cv_spec*                     before = bare->info.spec;

    if (cv_spec_copy(before, &merged, err) < 0 || linux_resources_merge(&merged->linux_.resources, changes, err) < 0)
        return err->code;
    merged->linux_.set = true;
    if (write_spec(bare, merged, err) < 0)
        return cv_error_wrap(err, "write down the limits");
    if (linux_oci_cgroup_update(cgroup, &before->linux_.resources, changes, err) == 0)
        return 0;
    (void)write_spec(bare, before, NULL);
    return err->code;
}

int linux_bare_update(struct linux_bare* bare, const struct cv_spec_resources* resources, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    struct cv_error          own    = CV_ERROR_INIT;

    err = err != NULL ? err : &own;
    if (linux_bare_look(bare, NULL, err) < 0)
        return err->code;
    if (bare->info.status == LINUX_BARE_STOPPED)
        return linux_bare_wrong_state(bare, "only one that runs can be updated", err);
    if (linux_bare_need_cgroup(bare, "update", &cgroup, err) < 0 || lock(bare, err) < 0)
        return err->code;
    return update(bare, cgroup, resources, err);
}

int linux_bare_stats(struct linux_bare* bare, struct containerv_stats* stats_out, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    struct containerv_stats  stats  = { .size = sizeof(stats) };
    struct cv_error          own    = CV_ERROR_INIT;

    err = err != NULL ? err : &own;
    if (linux_bare_look(bare, NULL, err) < 0)
        return err->code;
    if (bare->info.status == LINUX_BARE_STOPPED)
        return linux_bare_wrong_state(bare, "only one that runs uses something", err);
    if (linux_bare_need_cgroup(bare, "counting", &cgroup, err) < 0 || linux_oci_cgroup_stats(cgroup, &stats, err) < 0)
        return err->code;
    if (cv_spec_namespace(bare->info.spec, "network") != NULL) /* of its own only */
        linux_counters_add_network(bare->info.pid, &stats);
    *stats_out = stats;
    return 0;
}
