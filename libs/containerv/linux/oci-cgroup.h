/*
 * The cgroup of a container that nobody of ours stays with (bare.h): exactly the folder that its caller named, in the version 2 hierarchy
 * and in each one of version 1 that is mounted. All later calls need is its path, so that they can be another process's.
 *
 * Not thread-safe. Timeouts are milliseconds from the call.
 */
#ifndef CV_LINUX_OCI_CGROUP_H
#define CV_LINUX_OCI_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "linux/limits.h"
#include "linux/oci-scope.h"
#include "spec/spec.h"

enum linux_oci_manager {
    LINUX_OCI_FOLDERS, /* we make them */
    LINUX_OCI_SYSTEMD, /* a unit of systemd's: --systemd-cgroup */
    LINUX_OCI_NO_CGROUP
};

struct linux_oci_cgroup {
    char*                  path;     /* "/a/b", below the roots of all hierarchies; NULL: the container has no cgroup */
    bool                   systemd;  /* its last part is a unit, ended by linux_oci_cgroup_remove() */
    int                    group_fd; /* version 2, for CLONE_INTO_CGROUP; -1: it has none */
    struct linux_limits    limits;   /* groups of version 1: linux_limits_join() */
    struct linux_oci_scope scope;    /* of systemd's helper, until linux_oci_cgroup_settled() */
};

void linux_oci_cgroup_init(struct linux_oci_cgroup* cgroup);
void linux_oci_cgroup_release(struct linux_oci_cgroup* cgroup);

/*
 * Make it, for spec->linux_.cgroups_path, with the limits and rules of devices of spec->linux_.resources; on failure nothing is left.
 * Missing folders above are made. CV_ERR_EXISTS: there are processes in it already. Who has no rights over any cgroup gets none, as long
 * as no limit is asked for. `err` must not be NULL.
 */
int linux_oci_cgroup_claim(const struct cv_spec* spec, const char* id, enum linux_oci_manager manager,
    struct linux_oci_cgroup* cgroup_out, struct cv_error* err);

/* The container's first process is in it: what kept a unit alive until then may end. */
void linux_oci_cgroup_settled(struct linux_oci_cgroup* cgroup);

/* Open what linux_oci_cgroup_claim() made, by path (may be NULL). CV_ERR_NOT_FOUND: it is in no hierarchy any more. */
int linux_oci_cgroup_open(const char* path, bool systemd, struct linux_oci_cgroup* cgroup_out, struct cv_error* err);

/* SIGKILL to every process in it and below, frozen or not, those born meanwhile too. */
int linux_oci_cgroup_kill(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err);

/* Another signal: to those that are in it now. */
int linux_oci_cgroup_signal(const struct linux_oci_cgroup* cgroup, int number, struct cv_error* err);

/* CV_ERR_UNSUPPORTED when it has no group that could. */
int linux_oci_cgroup_freeze(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err);
int linux_oci_cgroup_thaw(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err);
int linux_oci_cgroup_is_frozen(const struct linux_oci_cgroup* cgroup, bool* frozen_out, struct cv_error* err);

/* All processes in it and below, malloc'ed; NULL when there is none. */
int linux_oci_cgroup_processes(
    const struct linux_oci_cgroup* cgroup, pid_t** list_out, size_t* count_out, struct cv_error* err);

/*
 * What of `changes` is given is to hold from now on; `now` is what holds, and does again when that fails. CV_ERR_STATE when the memory
 * that is used is more than a new limit, and memory.checkBeforeUpdate says that this matters. Rules of devices can't be changed.
 */
int linux_oci_cgroup_update(struct linux_oci_cgroup* cgroup, const struct cv_spec_resources* now,
    const struct cv_spec_resources* changes, struct cv_error* err);

/* All but the network: linux_counters_add_network() for that. */
struct containerv_stats;
int linux_oci_cgroup_stats(
    const struct linux_oci_cgroup* cgroup, struct containerv_stats* stats_out, struct cv_error* err);

/* How often the kernel had to kill for lack of memory; 0 where nobody counts. */
uint64_t linux_oci_cgroup_oom_kills(const struct linux_oci_cgroup* cgroup);

/* Remove it with what the container made below, and folders above that linux_oci_cgroup_claim() made, as far as they are empty. Waits for
 * processes that are dying. That it is gone is no error. */
int linux_oci_cgroup_remove(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err);

#endif
