#include "linux/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/delegated.h"
#include "linux/hold.h"
#include "linux/mountinfo.h"
#include "linux/rights.h"
#include "linux/unprivileged.h"

#include <cv/banned.h>

#define PARENT_NAME "containerv"

enum {
    NAME_SIZE    = 80, /* "c-" and an id of at most 64 */
    REMOVE_TRIES = 16,
};

static int open_chosen(const char* path, int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int root      = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int delegated = CV_HANDLE_NONE;
    int                              rc = linux_unprivileged()->active ? linux_rights_cgroup(&delegated, NULL, err) : 0;

    if (rc == 0)
        rc = linux_mountinfo_open_cgroup2(&root, err);
    if (rc < 0)
        return rc;
    const struct linux_cgroup_place place = { .path = path, .within_fd = delegated };
    return linux_cgroup_place_make(root, &place, parent_fd_out, err);
}

int linux_cgroup_open_parent(const char* path, int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int root = CV_HANDLE_NONE;
    int                              rc;

    if (path != NULL)
        return open_chosen(path, parent_fd_out, err);
    if (linux_unprivileged()->active)
        return linux_delegated_open_parent(parent_fd_out, err);
    rc = linux_mountinfo_open_cgroup2(&root, err);
    if (rc < 0)
        return rc;
    if (mkdirat(root, PARENT_NAME, 0755) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the cgroup of all containers", PARENT_NAME);
    return linux_cgroup_open_folder(root, PARENT_NAME, parent_fd_out, err);
}

/* An id alone could be the name of a control file ("cgroup.procs"). */
static int group_name(const char* id, char name[NAME_SIZE], struct cv_error* err)
{
    if (id[0] == '\0' || strchr(id, '/') != NULL || cv_snprintf(name, NAME_SIZE, "c-%s", id) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no id", id);
    return 0;
}

int linux_cgroup_create(int parent_fd, const char* id, int* group_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int group = CV_HANDLE_NONE;
    char                             name[NAME_SIZE], depth[16];
    int                              rc = group_name(id, name, err);

    if (rc < 0)
        return rc;
    rc = linux_hold_begin(parent_fd, err);
    if (rc < 0)
        return rc;
    if (mkdirat(parent_fd, name, 0755) < 0) {
        rc = cv_error_errno(err, errno, "make the cgroup", name);
        linux_hold_end(parent_fd);
        return rc;
    }
    cv_snprintf(depth, sizeof(depth), "%d", LINUX_CGROUP_MAX_DEPTH);
    rc = linux_cgroup_open_folder(parent_fd, name, &group, err);
    if (rc == 0)
        rc = linux_hold(group, err);
    linux_hold_end(parent_fd);
    if (rc == 0)
        rc = linux_cgroup_write(group, "cgroup.max.depth", depth, err);
    if (rc < 0) {
        unlinkat(parent_fd, name, AT_REMOVEDIR);
        return rc;
    }
    *group_fd_out = CV_STEAL_HANDLE(group);
    return 0;
}

int linux_cgroup_open(int parent_fd, const char* id, int* group_fd_out, struct cv_error* err)
{
    char name[NAME_SIZE];
    int  rc = group_name(id, name, err);

    return rc < 0 ? rc : linux_cgroup_open_folder(parent_fd, name, group_fd_out, err);
}

int linux_cgroup_attach(int group_fd, pid_t pid, struct cv_error* err)
{
    char number[16];

    cv_snprintf(number, sizeof(number), "%d", (int)pid);
    return linux_cgroup_write(group_fd, "cgroup.procs", number, err);
}

int linux_cgroup_open_events(int group_fd, int* events_fd_out, struct cv_error* err)
{
    int fd = openat(group_fd, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return cv_error_errno(err, errno, "open the cgroup's events", "cgroup.events");
    *events_fd_out = fd;
    return 0;
}

int linux_cgroup_read_events(int events_fd, struct linux_cgroup_state* state_out, struct cv_error* err)
{
    char    text[512];
    ssize_t got;

    do
        got = pread(events_fd, text, sizeof(text), 0);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        return linux_cgroup_parse_events(text, (size_t)got, state_out, err);
    if (errno != ENODEV)
        return cv_error_errno(err, errno, "read the cgroup's events", "cgroup.events");
    /* somebody removed the group: nothing is in it */
    *state_out = (struct linux_cgroup_state){ 0 };
    return 0;
}

/* Wait for the next event of a control file that has just been read. */
static int wait_event(int events_fd, int64_t deadline, const char* what, struct cv_error* err)
{
    struct pollfd event = { .fd = events_fd, .events = POLLPRI };
    int64_t       left  = cv_clock_left_ms(deadline);
    int           count = poll(&event, 1, left > INT_MAX ? INT_MAX : (int)left);

    if (count < 0 && errno != EINTR)
        return cv_error_errno(err, errno, "wait for the cgroup", what);
    if (count == 0) {
        cv_error_set(err, CV_ERR_TIMEOUT, "wait for the cgroup: not %s in time", what);
        cv_error_step(err, "wait for the cgroup");
        return cv_error_hint(
            err, "a process may be in uninterruptible sleep (state D in ps): a device or a file server that hangs");
    }
    return 0;
}

static bool is_empty(const struct linux_cgroup_state* state)
{
    return !state->populated;
}

static bool is_frozen(const struct linux_cgroup_state* state)
{
    return state->frozen;
}

static bool is_thawed(const struct linux_cgroup_state* state)
{
    return !state->frozen;
}

static int wait_until(int events_fd, bool (*reached)(const struct linux_cgroup_state*), const char* what,
    int64_t deadline, struct cv_error* err)
{
    for (;;) {
        struct linux_cgroup_state state = { 0 };
        int                       rc    = linux_cgroup_read_events(events_fd, &state, err);
        if (rc < 0 || reached(&state))
            return rc;
        rc = wait_event(events_fd, deadline, what, err);
        if (rc < 0)
            return rc;
    }
}

int linux_cgroup_wait_empty(int group_fd, int64_t timeout_ms, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int events   = CV_HANDLE_NONE;
    int64_t                          deadline = cv_clock_deadline_ms(timeout_ms);
    int                              rc       = linux_cgroup_open_events(group_fd, &events, err);

    return rc < 0 ? rc : wait_until(events, is_empty, "empty", deadline, err);
}

static int set_frozen(int group_fd, bool frozen, int64_t deadline, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int events = CV_HANDLE_NONE;
    int                              rc     = linux_cgroup_open_events(group_fd, &events, err);

    if (rc == 0)
        rc = linux_cgroup_write(group_fd, "cgroup.freeze", frozen ? "1" : "0", err);
    if (rc == CV_ERR_NOT_FOUND)
        return cv_error_set(err, CV_ERR_UNSUPPORTED, "this kernel can't freeze a version 2 cgroup (Linux 5.2 can)");
    if (rc < 0)
        return rc;
    return frozen ? wait_until(events, is_frozen, "frozen", deadline, err)
                  : wait_until(events, is_thawed, "thawed", deadline, err);
}

int linux_cgroup_freeze(int group_fd, int64_t timeout_ms, struct cv_error* err)
{
    int rc = set_frozen(group_fd, true, cv_clock_deadline_ms(timeout_ms), err);

    if (rc == CV_ERR_TIMEOUT)
        (void)linux_cgroup_write(group_fd, "cgroup.freeze", "0", NULL); /* the error to report is the first one */
    return rc;
}

int linux_cgroup_thaw(int group_fd, int64_t timeout_ms, struct cv_error* err)
{
    return set_frozen(group_fd, false, cv_clock_deadline_ms(timeout_ms), err);
}

static int kill_one(pid_t pid, void* data, struct cv_error* err)
{
    (void)data;
    /* A frozen process ends by nothing but SIGKILL, so this number has hardly been given to another one since it was read. */
    if (kill(pid, SIGKILL) < 0 && errno != ESRCH)
        return cv_error_errno(err, errno, "kill a process of the cgroup", NULL);
    return 0;
}

int linux_cgroup_kill_by_hand(int group_fd, int64_t timeout_ms, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int events   = CV_HANDLE_NONE;
    int64_t                          deadline = cv_clock_deadline_ms(timeout_ms);
    struct linux_cgroup_state        state    = { .populated = true };
    int                              rc       = set_frozen(group_fd, true, deadline, err);

    if (rc == 0)
        rc = linux_cgroup_open_events(group_fd, &events, err);
    while (rc == 0 && state.populated) {
        rc = linux_cgroup_each_process(group_fd, kill_one, NULL, err);
        /* one round reaches all: nothing was born since the freeze, so only their end is left to wait for */
        if (rc == 0)
            rc = wait_until(events, is_empty, "empty", deadline, err);
        if (rc == 0)
            rc = linux_cgroup_read_events(events, &state, err);
    }
    (void)linux_cgroup_write(group_fd, "cgroup.freeze", "0", NULL);
    return rc;
}

int linux_cgroup_kill(int group_fd, int64_t timeout_ms, struct cv_error* err)
{
    int rc = linux_cgroup_write(group_fd, "cgroup.kill", "1", err);

    return rc == CV_ERR_NOT_FOUND ? linux_cgroup_kill_by_hand(group_fd, timeout_ms, err) : rc;
}

static int remove_group(int parent, const char* name, unsigned depth, int64_t deadline, struct cv_error* err);

static int remove_children(int group, unsigned depth, int64_t deadline, struct cv_error* err)
{
    CV_CLEANUP(linux_cgroup_closep) DIR* folder = linux_cgroup_list(group, err);
    const char*                          name;

    if (folder == NULL)
        return err != NULL ? err->code : CV_ERR_SYSTEM;
    while ((name = linux_cgroup_next_child(folder)) != NULL) {
        int rc = remove_group(dirfd(folder), name, depth, deadline, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* What keeps a group from being removed is in it: groups, or a process that has not quite ended. */
static int make_removable(int parent, const char* name, unsigned depth, int64_t deadline, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int group  = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int events = CV_HANDLE_NONE;
    int                              rc     = linux_cgroup_open_folder(parent, name, &group, err);

    if (rc == 0)
        rc = linux_cgroup_open_events(group, &events, err);
    if (rc == CV_ERR_NOT_FOUND)
        return 0; /* the next try finds that out too */
    if (rc == 0)
        rc = wait_until(events, is_empty, "empty", deadline, err);
    return rc < 0 ? rc : remove_children(group, depth + 1, deadline, err);
}

static int remove_group(int parent, const char* name, unsigned depth, int64_t deadline, struct cv_error* err)
{
    if (depth > LINUX_CGROUP_MAX_DEPTH)
        return cv_error_set(err, CV_ERR_LIMIT, "remove the cgroup: nested more than %d deep", LINUX_CGROUP_MAX_DEPTH);
    for (int i = 0; i < REMOVE_TRIES; i++) {
        int rc;
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY)
            return cv_error_errno(err, errno, "remove the cgroup", name);
        rc = make_removable(parent, name, depth, deadline, err);
        if (rc < 0)
            return cv_error_wrap(err, "remove the cgroup '%s'", name);
    }
    return cv_error_errno(err, EBUSY, "remove the cgroup", name);
}

int linux_cgroup_remove(int parent_fd, const char* id, int64_t timeout_ms, struct cv_error* err)
{
    char name[NAME_SIZE];
    int  rc = group_name(id, name, err);

    return rc < 0 ? rc : remove_group(parent_fd, name, 0, cv_clock_deadline_ms(timeout_ms), err);
}

int linux_cgroup_remove_folder(int parent_fd, const char* name, int64_t timeout_ms, struct cv_error* err)
{
    return remove_group(parent_fd, name, 0, cv_clock_deadline_ms(timeout_ms), err);
}

struct process_list {
    pid_t* list;
    size_t capacity, count;
};

static int add_process(pid_t pid, void* data, struct cv_error* err)
{
    struct process_list* processes = data;

    (void)err;
    if (processes->count < processes->capacity)
        processes->list[processes->count] = pid;
    processes->count++;
    return 0;
}

int linux_cgroup_processes(int group_fd, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    struct process_list processes = { .list = list, .capacity = capacity };
    int                 rc        = linux_cgroup_each_process(group_fd, add_process, &processes, err);

    if (rc == 0)
        *count_out = processes.count;
    return rc;
}
