/* What is done with an OCI container's cgroup while it is there: by version 2 where it has such a group, else by version 1's freezer. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup.h"
#include "linux/oci-cgroup-internal.h"

#include <cv/banned.h>

enum { LOOK_EVERY_MS = 1, STATE_SIZE = 32 };

/* Version 1 tells nobody when a group has become empty or frozen: it has to be looked at again. CV_ERR_TIMEOUT after the deadline. */
static int look_again(int64_t deadline, const char* what, struct cv_error* err)
{
    if (cv_clock_left_ms(deadline) > 0) {
        (void)poll(NULL, 0, LOOK_EVERY_MS);
        return 0;
    }
    cv_error_set(err, CV_ERR_TIMEOUT, "wait for the cgroup: not %s in time", what);
    cv_error_step(err, "wait for the cgroup");
    return cv_error_hint(
        err, "a process may be in uninterruptible sleep (state D in ps): a device or a file server that hangs");
}

/* --- remove, version 1 --------------------------------------------------------------------------------------------------------- */

static int remove_v1(int parent, const char* name, unsigned depth, int64_t deadline, struct cv_error* err);

static int remove_below(int parent, const char* name, unsigned depth, int64_t deadline, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int group = CV_HANDLE_NONE;
    const char*                      child = NULL;
    int                              rc    = linux_cgroup_open_folder(parent, name, &group, err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? 0 : rc;
    CV_CLEANUP(linux_cgroup_closep) DIR* folder = linux_cgroup_list(group, err);
    if (folder == NULL)
        return err->code;
    while (rc == 0 && (child = linux_cgroup_next_child(folder)) != NULL)
        rc = remove_v1(dirfd(folder), child, depth + 1, deadline, err);
    return rc;
}

static int remove_v1(int parent, const char* name, unsigned depth, int64_t deadline, struct cv_error* err)
{
    if (depth > LINUX_CGROUP_MAX_DEPTH)
        return cv_error_set(err, CV_ERR_LIMIT, "remove the cgroup: nested more than %d deep", LINUX_CGROUP_MAX_DEPTH);
    while (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
        if (errno != EBUSY)
            return cv_error_errno(err, errno, "remove the cgroup", name);
        int rc = remove_below(parent, name, depth, deadline, err);
        if (rc < 0)
            return rc;
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        rc = look_again(deadline, "empty", err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int linux_oci_v1_remove(int parent_fd, const char* name, int64_t timeout_ms, struct cv_error* err)
{
    return remove_v1(parent_fd, name, 0, cv_clock_deadline_ms(timeout_ms), err);
}

/* --- processes ----------------------------------------------------------------------------------------------------------------- */

/* A group in which all processes are; -1: none. */
static int any_group(const struct linux_oci_cgroup* cgroup)
{
    static const enum linux_controller preferred[] = { LINUX_CONTROLLER_FREEZER, LINUX_CONTROLLER_PIDS };
    if (cgroup->group_fd >= 0)
        return cgroup->group_fd;
    for (size_t i = 0; i < CV_ARRAY_LEN(preferred); i++)
        if (cgroup->limits.of[preferred[i]] >= 0)
            return cgroup->limits.groups[cgroup->limits.of[preferred[i]]].group_fd;
    return cgroup->limits.group_count > 0 ? cgroup->limits.groups[0].group_fd : CV_HANDLE_NONE;
}

static int no_group(const char* what, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_UNSUPPORTED, "%s is not possible: the container has no cgroup that can do it", what);
    return cv_error_step(err, "%s", what);
}

struct list {
    pid_t* pids;
    size_t count, capacity;
};

static int add_pid(pid_t pid, void* data, struct cv_error* err)
{
    struct list* list = data;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        pid_t* pids     = realloc(list->pids, capacity * sizeof(*pids));
        if (pids == NULL)
            return cv_error_no_memory(err);
        list->pids     = pids;
        list->capacity = capacity;
    }
    list->pids[list->count++] = pid;
    return 0;
}

int linux_oci_cgroup_processes(
    const struct linux_oci_cgroup* cgroup, pid_t** list_out, size_t* count_out, struct cv_error* err)
{
    struct list list = { .pids = NULL };
    int         fd   = any_group(cgroup);
    int         rc = fd < 0 ? no_group("list the processes", err) : linux_cgroup_each_process(fd, add_pid, &list, err);
    if (rc < 0) {
        free(list.pids);
        return rc;
    }
    *list_out  = list.pids;
    *count_out = list.count;
    return 0;
}

/* --- freeze -------------------------------------------------------------------------------------------------------------------- */

static int freezer(const struct linux_oci_cgroup* cgroup)
{
    int of = cgroup->limits.of[LINUX_CONTROLLER_FREEZER];
    return of >= 0 ? cgroup->limits.groups[of].group_fd : CV_HANDLE_NONE;
}

/* A group that is FREEZING is asked again: what was born meanwhile may have been missed. */
static int set_v1_state(int fd, const char* wanted, int64_t deadline, struct cv_error* err)
{
    for (;;) {
        char state[STATE_SIZE];
        int  rc = linux_cgroup_write(fd, "freezer.state", wanted, err);
        if (rc == 0)
            rc = linux_cgroup_read(fd, "freezer.state", state, sizeof(state), err);
        if (rc < 0)
            return rc;
        state[strcspn(state, "\n")] = '\0';
        if (strcmp(state, wanted) == 0)
            return 0;
        rc = look_again(deadline, wanted, err);
        if (rc < 0)
            return rc;
    }
}

int linux_oci_cgroup_freeze(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err)
{
    if (cgroup->group_fd >= 0)
        return linux_cgroup_freeze(cgroup->group_fd, timeout_ms, err);
    int fd = freezer(cgroup);
    if (fd < 0)
        return no_group("pause", err);
    int rc = set_v1_state(fd, "FROZEN", cv_clock_deadline_ms(timeout_ms), err);
    if (rc < 0)
        (void)linux_cgroup_write(fd, "freezer.state", "THAWED", NULL);
    return rc;
}

int linux_oci_cgroup_thaw(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err)
{
    if (cgroup->group_fd >= 0)
        return linux_cgroup_thaw(cgroup->group_fd, timeout_ms, err);
    int fd = freezer(cgroup);
    return fd >= 0 ? set_v1_state(fd, "THAWED", cv_clock_deadline_ms(timeout_ms), err) : no_group("resume", err);
}

int linux_oci_cgroup_is_frozen(const struct linux_oci_cgroup* cgroup, bool* frozen_out, struct cv_error* err)
{
    char                      text[STATE_SIZE];
    struct linux_cgroup_state state  = { 0 };
    int                       events = CV_HANDLE_NONE, rc = 0;
    if (cgroup->group_fd >= 0) {
        rc = linux_cgroup_open_events(cgroup->group_fd, &events, err);
        if (rc == 0)
            rc = linux_cgroup_read_events(events, &state, err);
        cv_handle_closep(&events);
    } else if (freezer(cgroup) >= 0) {
        rc           = linux_cgroup_read(freezer(cgroup), "freezer.state", text, sizeof(text), err);
        state.frozen = rc == 0 && strcmp(text, "FROZEN\n") == 0;
    }
    if (rc == 0)
        *frozen_out = state.frozen;
    return rc;
}

/* --- kill ---------------------------------------------------------------------------------------------------------------------- */

static int signal_one(pid_t pid, void* data, struct cv_error* err)
{
    if (kill(pid, *(const int*)data) < 0 && errno != ESRCH)
        return cv_error_errno(err, errno, "signal a process of the cgroup", NULL);
    return 0;
}

int linux_oci_cgroup_signal(const struct linux_oci_cgroup* cgroup, int number, struct cv_error* err)
{
    int fd = any_group(cgroup);
    return fd < 0 ? no_group("signal all processes", err) : linux_cgroup_each_process(fd, signal_one, &number, err);
}

/* Frozen, nothing is born while it is killed; a frozen process ends when it is thawed. Without a freezer: until none is left. */
static int kill_v1(const struct linux_oci_cgroup* cgroup, int64_t deadline, struct cv_error* err)
{
    for (;;) {
        pid_t* list   = NULL;
        size_t count  = 0;
        int    number = SIGKILL, freezer_fd = freezer(cgroup);
        if (freezer_fd >= 0) /* what does not stop in time is killed all the same, and looked for again */
            (void)set_v1_state(freezer_fd, "FROZEN", cv_clock_deadline_ms(100), NULL);
        int rc = linux_cgroup_each_process(any_group(cgroup), signal_one, &number, err);
        if (freezer_fd >= 0)
            (void)linux_cgroup_write(freezer_fd, "freezer.state", "THAWED", NULL);
        if (rc == 0)
            rc = linux_oci_cgroup_processes(cgroup, &list, &count, err);
        free(list);
        if (rc == 0 && count > 0)
            rc = look_again(deadline, "empty", err);
        if (rc < 0 || count == 0)
            return rc;
    }
}

int linux_oci_cgroup_kill(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err)
{
    struct cv_error own = CV_ERROR_INIT;
    err                 = err != NULL ? err : &own;
    if (cgroup->group_fd >= 0)
        return linux_cgroup_kill(cgroup->group_fd, timeout_ms, err);
    if (any_group(cgroup) < 0)
        return no_group("kill all processes", err);
    return kill_v1(cgroup, cv_clock_deadline_ms(timeout_ms), err);
}
