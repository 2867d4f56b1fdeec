/* Signals for a container of an OCI runtime, its cgroup, and its end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include <cv/clock.h>

#include "linux/bare-internal.h"
#include "linux/bare-make.h"
#include "linux/intel-rdt.h"
#include "linux/syscalls.h"

enum { END_MS = 10000, KILL_MS = 500 };

/* --- its cgroup --------------------------------------------------------------------------------------------------------------------- */

int linux_bare_cgroup(struct linux_bare* bare, struct linux_oci_cgroup** cgroup_out, struct cv_error* err)
{
    int rc      = 0;
    *cgroup_out = NULL;
    if (bare->state.cgroup == NULL)
        return 0;
    if (!bare->has_cgroup)
        rc = linux_oci_cgroup_open(bare->state.cgroup, bare->state.systemd_cgroup, &bare->cgroup, err);
    if (rc < 0)
        return rc;
    bare->has_cgroup = true;
    *cgroup_out      = &bare->cgroup;
    return 0;
}

int linux_bare_need_cgroup(
    struct linux_bare* bare, const char* what, struct linux_oci_cgroup** cgroup_out, struct cv_error* err)
{
    int rc = linux_bare_cgroup(bare, cgroup_out, err);
    if (rc < 0 || *cgroup_out != NULL)
        return rc;
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "container '%s' has no cgroup, so that %s is not supported for it",
        bare->info.id, what);
}

static int look_for(struct linux_bare* bare, enum linux_bare_status first, enum linux_bare_status last,
    const char* what, struct cv_error* err)
{
    int rc = linux_bare_look(bare, NULL, err);
    if (rc == 0 && (bare->info.status < first || bare->info.status > last))
        return linux_bare_wrong_state(bare, what, err);
    return rc;
}

int linux_bare_pause(struct linux_bare* bare, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    struct cv_error          own    = CV_ERROR_INIT;
    err                             = err != NULL ? err : &own;
    int rc = look_for(bare, LINUX_BARE_CREATED, LINUX_BARE_RUNNING, "only one that runs can be paused", err);
    if (rc == 0)
        rc = linux_bare_need_cgroup(bare, "pause", &cgroup, err);
    return rc == 0 ? linux_oci_cgroup_freeze(cgroup, END_MS, err) : rc;
}

int linux_bare_resume(struct linux_bare* bare, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    struct cv_error          own    = CV_ERROR_INIT;
    err                             = err != NULL ? err : &own;
    int rc = look_for(bare, LINUX_BARE_PAUSED, LINUX_BARE_PAUSED, "only one that is paused can be resumed", err);
    if (rc == 0)
        rc = linux_bare_need_cgroup(bare, "resume", &cgroup, err);
    return rc == 0 ? linux_oci_cgroup_thaw(cgroup, END_MS, err) : rc;
}

int linux_bare_processes(struct linux_bare* bare, pid_t** list_out, size_t* count_out, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    struct cv_error          own    = CV_ERROR_INIT;
    err                             = err != NULL ? err : &own;
    int rc                          = linux_bare_need_cgroup(bare, "a list of processes", &cgroup, err);
    return rc == 0 ? linux_oci_cgroup_processes(cgroup, list_out, count_out, err) : rc;
}

/* --- signals ------------------------------------------------------------------------------------------------------------------------ */

/* Whoever is its parent reaps it. */
static bool has_ended(const struct linux_bare* bare, int64_t timeout_ms)
{
    struct pollfd entry       = { .fd = bare->pidfd, .events = POLLIN };
    int64_t       deadline_ms = cv_clock_deadline_ms(timeout_ms);
    int           got;
    do
        got = poll(&entry, 1, (int)cv_clock_left_ms(deadline_ms));
    while (got < 0 && errno == EINTR);
    return got > 0;
}

/* Those that outlived it, too. */
static int signal_all(struct linux_bare* bare, int number, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    int                      rc     = linux_bare_cgroup(bare, &cgroup, err);
    if (rc == CV_ERR_NOT_FOUND && bare->pidfd < 0)
        return 0;
    if (rc == 0 && cgroup == NULL)
        rc = linux_bare_need_cgroup(bare, "a signal to all processes", &cgroup, err);
    if (rc < 0)
        return rc;
    return number == SIGKILL ? linux_oci_cgroup_kill(cgroup, END_MS, err)
                             : linux_oci_cgroup_signal(cgroup, number, err);
}

int linux_bare_kill(struct linux_bare* bare, int number, bool all, struct cv_error* err)
{
    struct cv_error own = CV_ERROR_INIT;
    err                 = err != NULL ? err : &own;
    int rc              = linux_bare_look(bare, NULL, err);
    if (rc < 0)
        return rc;
    if (all)
        return signal_all(bare, number, err);
    if (bare->pidfd < 0)
        return linux_bare_wrong_state(bare, "nothing of it can get a signal", err);
    if (sys_pidfd_send_signal(bare->pidfd, number, NULL, 0) == 0) {
        if (number
            == SIGKILL) /* so that a delete right after it finds it ended; one that the kernel keeps is not waited for */
            (void)has_ended(bare, KILL_MS);
        return 0;
    }
    return errno == ESRCH ? linux_bare_wrong_state(bare, "its process has just ended", err)
                          : cv_error_errno(err, errno, "signal the container's process", bare->info.id);
}

/* --- the end ------------------------------------------------------------------------------------------------------------------------ */

static int wait_end(const struct linux_bare* bare, struct cv_error* err)
{
    if (has_ended(bare, END_MS))
        return 0;
    cv_error_set(err, CV_ERR_TIMEOUT, "the process of container '%s' was killed and has not ended in %d ms",
        bare->info.id, END_MS);
    return cv_error_hint(err, "a filesystem that does not answer may keep it; delete it again later");
}

static int end_process(struct linux_bare* bare, struct cv_error* err)
{
    if (bare->pidfd < 0)
        return 0;
    if (sys_pidfd_send_signal(bare->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return cv_error_errno(err, errno, "kill the container's process", bare->info.id);
    return wait_end(bare, err);
}

/* All that is in it, also what stands still: without a PID namespace of its own, the end of its process ends nothing else. */
static int kill_group(struct linux_bare* bare, struct linux_oci_cgroup** cgroup_out, struct cv_error* err)
{
    int rc = linux_bare_cgroup(bare, cgroup_out, err);
    if (rc == CV_ERR_NOT_FOUND)
        return 0;
    return rc == 0 && *cgroup_out != NULL ? linux_oci_cgroup_kill(*cgroup_out, END_MS, err) : rc;
}

int linux_bare_delete(struct linux_bare* bare, bool force, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    struct cv_error          own    = CV_ERROR_INIT;
    err                             = err != NULL ? err : &own;
    int rc                          = linux_bare_look(bare, NULL, err);
    if (rc < 0)
        return rc;
    if (bare->info.status != LINUX_BARE_STOPPED && bare->info.status != LINUX_BARE_CREATED && !force)
        return linux_bare_wrong_state(bare, "only one that has stopped can be deleted", err);
    rc = kill_group(bare, &cgroup, err);
    if (rc == 0)
        rc = end_process(bare, err);
    if (rc == 0 && cgroup != NULL)
        rc = linux_oci_cgroup_remove(cgroup, END_MS, err);
    if (rc == 0)
        rc = linux_rdt_leave(bare->info.spec, bare->info.id, err);
    if (rc == 0)
        rc = linux_bare_remove_folder(bare->root, bare->info.id, err);
    if (rc == 0)
        linux_bare_late_hooks(bare, LINUX_BARE_POSTSTOP, 0);
    return rc;
}

int linux_bare_forget(const char* root, const char* id, struct cv_error* err)
{
    int rc = linux_bare_check_id(id, err);
    return rc == 0 ? linux_bare_remove_folder(root, id, err) : rc;
}
