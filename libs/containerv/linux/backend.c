/* The Linux back end, as the core sees it. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/handle.h>

#include "backend.h"
#include "linux/client.h"
#include "linux/outer.h"
#include "linux/rights.h"

#include <cv/banned.h>

/* 5.12 brought it, and idmapped mounts need no less. The rest is told apart by what fails. */
static int probe_kernel(struct cv_error* err)
{
    if (syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0) < 0 && errno == ENOSYS) {
        cv_error_set(err, CV_ERR_UNSUPPORTED, "this kernel is too old: it has no mount_setattr");
        cv_error_hint(err, "Linux 5.19 or newer is needed");
        return CV_ERR_UNSUPPORTED;
    }
    if (syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS) {
        cv_error_set(err, CV_ERR_UNSUPPORTED, "this kernel or the filter that we run under has no clone3");
        cv_error_hint(err, "Linux 5.19 or newer is needed, and a system call filter that lets clone3 through");
        linux_outer_hint(LINUX_OUTER_NAMESPACE, ENOSYS, err);
        return CV_ERR_UNSUPPORTED;
    }
    return 0;
}

static int probe(struct cv_error* err)
{
    static atomic_bool worked; /* what works need not be probed before each create and open */
    char*              program = NULL;
    int                result;

    if (atomic_load(&worked) || linux_client_guardians(NULL, 0) > 0)
        return 0;
    result = probe_kernel(err);
    if (result == 0)
        result = linux_client_program(&program, err);
    free(program);
    if (result == 0)
        atomic_store(&worked, true);
    return result;
}

#define CAPS (CV_CAP_FILESYSTEM | CV_CAP_PROCESS_CONTROL | CV_CAP_NETWORK | CV_CAP_IPC | CV_CAP_USERS | CV_CAP_LIMITS)

/* What needs root's rights, a cgroup, or more ids than one. */
static uint64_t withheld_by_rights(void)
{
    struct linux_rights rights;
    int                 group = CV_HANDLE_NONE;
    uint64_t            bits  = CV_FEATURE_VETH | CV_FEATURE_OWN_IDS;

    if (linux_rights_find(&rights, NULL) == 0 && rights.kind == LINUX_RIGHTS_FULL)
        return 0;
    if (rights.single != LINUX_SINGLE_NOT)
        bits |= CV_FEATURE_USERS;
    if (linux_rights_cgroup(&group, NULL, NULL) < 0)
        bits |= CV_FEATURE_PAUSE | CV_FEATURE_LIMITS | CV_FEATURE_UPDATE | CV_FEATURE_CGROUPS;
    cv_handle_closep(&group);
    return bits;
}

static uint64_t withheld(void)
{
    CV_CLEANUP(cv_freep) char* program = NULL;

    return withheld_by_rights() | (linux_client_supervisor(&program, NULL) < 0 ? (uint64_t)CV_FEATURE_SUPERVISED : 0);
}

const struct cv_backend cv_backend_linux = {
    .name     = "linux",
    .features = CV_FEATURE_PAUSE | CV_FEATURE_TERMINAL | CV_FEATURE_MOUNTS | CV_FEATURE_LAYERS | CV_FEATURE_VETH
                | CV_FEATURE_USERS | CV_FEATURE_HANDLES | CV_FEATURE_EVENTS | CV_FEATURE_DEVICES | CV_FEATURE_PID1
                | CV_FEATURE_OWN_IDS | CV_FEATURE_COPY | CV_FEATURE_TIME | CV_FEATURE_OPEN | CV_FEATURE_LIMITS
                | CV_FEATURE_UPDATE | CV_FEATURE_STATS | CV_FEATURE_POLICY | CV_FEATURE_CGROUPS | CV_FEATURE_SUPERVISED
                | CV_FEATURE_SNAPSHOT | CV_FEATURE_ARCHIVE,
    .caps           = CAPS,
    .probe          = probe,
    .withheld       = withheld,
    .create         = linux_client_create,
    .open           = linux_client_open,
    .list           = linux_client_list,
    .list_info      = linux_client_list_info,
    .close          = linux_client_close,
    .spawn          = linux_client_spawn,
    .wait           = linux_client_wait,
    .signal         = linux_client_signal,
    .kill           = linux_client_kill,
    .resize         = linux_client_resize,
    .pause          = linux_client_pause,
    .resume         = linux_client_resume,
    .processes      = linux_client_processes,
    .state          = linux_client_state,
    .next_event     = linux_client_next_event,
    .event_handle   = linux_client_event_handle,
    .copy           = linux_client_copy,
    .snapshot       = linux_client_snapshot,
    .update         = linux_client_update,
    .inspect        = linux_client_inspect,
    .stats          = linux_client_stats,
    .destroy        = linux_client_destroy,
    .reconcile      = linux_client_reconcile,
    .info           = linux_client_info,
    .start          = linux_client_start_again,
    .stop           = linux_client_stop,
    .attach_input   = linux_client_attach_input,
    .close_input    = linux_client_close_input,
    .log_open       = linux_client_log_open,
    .log_read       = linux_client_log_read,
    .log_tail       = linux_client_log_tail,
    .log_handle     = linux_client_log_handle,
    .log_close      = linux_client_log_close,
    .journal_open   = linux_client_journal_open,
    .journal_read   = linux_client_journal_read,
    .journal_handle = linux_client_journal_handle,
    .journal_close  = linux_client_journal_close,
};
