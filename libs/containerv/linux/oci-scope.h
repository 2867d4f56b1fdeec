/*
 * Containers' units of systemd. Our programs are static, and systemd's library is not there for those: the helper cv-scope, which is
 * linked to it, does one call each time. CV_ERR_UNSUPPORTED, with the fix, when it or systemd is not there.
 */
#ifndef CV_LINUX_OCI_SCOPE_H
#define CV_LINUX_OCI_SCOPE_H

#include <stdbool.h>

#include <cv/error.h>
#include <cv/strv.h>

#include "linux/oci-cgroup-path.h"

struct cv_process;

/* The helper, which is in the unit until somebody else is: an empty one ends. */
struct linux_oci_scope {
    struct cv_process* process; /* NULL: none runs */
    int                end_fd;
};

/* Before the program starts itself from a place that tells nothing of where it was installed: where the helper is, for after that. */
void linux_oci_scope_remember(void);

/* Start the unit; *path_out is where systemd has it, malloc'ed. `user`: the caller's own systemd. */
int linux_oci_scope_start(const struct linux_oci_unit* unit, bool user, const struct cv_strv* properties,
    struct linux_oci_scope* scope_out, char** path_out, struct cv_error* err);

/* The helper may end. */
void linux_oci_scope_settled(struct linux_oci_scope* scope);

int linux_oci_scope_stop(const char* name, bool user, struct cv_error* err); /* gone is fine */
int linux_oci_scope_set(const char* name, bool user, const struct cv_strv* properties, struct cv_error* err);

#endif
