/*
 * The version 2 cgroup of a container: <cgroup2 mount>/<place>/c-<id>, "containerv" being the place unless another is chosen. It is how all processes of a container are found, frozen and
 * killed, also when limits are kept by version 1 hierarchies beside it.
 *
 * Everything goes by descriptor of the group's folder. Descriptors handed out are O_CLOEXEC; those of groups can be given to clone3
 * (CLONE_INTO_CGROUP). Timeouts are milliseconds from the call; a wait ends by the kernel's event, CV_ERR_TIMEOUT when it is too late.
 * Thread-safe as far as different groups go.
 */
#ifndef CV_LINUX_CGROUP_H
#define CV_LINUX_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "linux/cgroup-parse.h"
#include "spec/spec.h"

/* Of groups that a container makes below its own; the kernel refuses deeper ones, so that they can always be removed. */
enum { LINUX_CGROUP_MAX_DEPTH = 64 };

/*
 * Open (make when missing) the folder that holds containers' groups: PATH of cgroup-place.h, or NULL. CV_ERR_UNSUPPORTED where no cgroup2
 * is mounted, or nothing is delegated to a user; CV_ERR_PERMISSION when PATH is not in what is.
 */
int linux_cgroup_open_parent(const char* path, int* parent_fd_out, struct cv_error* err);

/* Make the group of a container and open it. CV_ERR_EXISTS when there is one: leftovers of a dead owner are to be removed first. */
int linux_cgroup_create(int parent_fd, const char* id, int* group_fd_out, struct cv_error* err);

/* Open a group that is there; CV_ERR_NOT_FOUND. */
int linux_cgroup_open(int parent_fd, const char* id, int* group_fd_out, struct cv_error* err);

/* Move a process into the group. A process started by clone3 with CLONE_INTO_CGROUP needs no such move. */
int linux_cgroup_attach(int group_fd, pid_t pid, struct cv_error* err);

/*
 * SIGKILL to every process in it and below, those that are born meanwhile too, frozen or not. With the kernel's cgroup.kill (5.14) it
 * returns at once; without, it is linux_cgroup_kill_by_hand().
 */
int linux_cgroup_kill(int group_fd, int64_t timeout_ms, struct cv_error* err);

/* The same for older kernels: freezes, so that nothing can be born, kills each process, and returns when none is left, thawed. */
int linux_cgroup_kill_by_hand(int group_fd, int64_t timeout_ms, struct cv_error* err);

/*
 * Stop or continue all processes, return when they all are. A frozen group that has no process counts as frozen. When not all stop in
 * time, those that did go on again.
 */
int linux_cgroup_freeze(int group_fd, int64_t timeout_ms, struct cv_error* err);
int linux_cgroup_thaw(int group_fd, int64_t timeout_ms, struct cv_error* err);

/* Return when no process is left in it or below. Zombies don't count. */
int linux_cgroup_wait_empty(int group_fd, int64_t timeout_ms, struct cv_error* err);

/*
 * Remove the group of a container with all groups that were made below it, deepest first. It must have no process but dying ones: for
 * their end it waits, at most `timeout_ms`. That it is gone already is no error.
 */
int linux_cgroup_remove(int parent_fd, const char* id, int64_t timeout_ms, struct cv_error* err);

/* The same for a group by the name of its folder. */
int linux_cgroup_remove_folder(int parent_fd, const char* name, int64_t timeout_ms, struct cv_error* err);

/*
 * Processes in it and below, as pids of this process's PID namespace (0 for those that have none there are left out). At most
 * `capacity` are written to list (NULL with 0), *count_out is how many there are.
 */
int linux_cgroup_processes(int group_fd, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err);

/*
 * For an event loop: a descriptor of cgroup.events. poll() it for POLLPRI; after each event, and once at the start, read the state,
 * which also arms it again.
 */
int linux_cgroup_open_events(int group_fd, int* events_fd_out, struct cv_error* err);
int linux_cgroup_read_events(int events_fd, struct linux_cgroup_state* state_out, struct cv_error* err);

#endif
