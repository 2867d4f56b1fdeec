/*
 * The five capability sets of a process, put on by raw system calls: usable in a fork, no memory, no lock.
 *
 * Order of use in the child, each step needs what the next takes away:
 *   1. linux_caps_parse() in the guardian, before the fork: refuses what this kernel doesn't have
 *   2. linux_caps_apply_bounding()       needs CAP_SETPCAP: while still root of the container's user namespace
 *   3. a seccomp filter without no_new_privs: here, it needs CAP_SYS_ADMIN
 *   4. linux_caps_keep(), setgroups, setresgid, setresuid
 *   5. linux_caps_apply()
 *   6. no_new_privs and then the seccomp filter, when no_new_privs was asked for (the filter must let all that follows through)
 *   7. exec
 *
 * What exec makes of them: user 0 gets the whole bounding set, whatever "permitted" said; every other user gets the ambient set, which
 * is empty unless asked for. The inheritable set is empty unless asked for, in commands started later too.
 */
#ifndef CV_LINUX_CAPS_H
#define CV_LINUX_CAPS_H

#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

/* Bit n is the capability of number n. */
struct linux_caps {
    uint64_t bounding, effective, inheritable, permitted, ambient;
};

/*
 * Names to bits. All empty when "capabilities" was not given. CV_ERR_INVALID for a name that nobody knows, for an effective set that is
 * not within the permitted one and an ambient set that is not within the permitted and the inheritable one (the kernel would refuse);
 * CV_ERR_UNSUPPORTED for a capability that the running kernel doesn't have.
 */
int linux_caps_parse(
    const struct cv_spec_capabilities* capabilities, struct linux_caps* caps_out, struct cv_error* err);

/* The highest capability of the running kernel. Asks the kernel, needs no /proc. */
int linux_caps_last(unsigned* last_out, struct cv_error* err);

/* Take everything else out of the bounding set; nothing can put it back. CV_ERR_PERMISSION names a capability of any set that is not in the
 * caller's own bounding set. */
int linux_caps_apply_bounding(const struct linux_caps* caps, struct cv_error* err);

/* Let the permitted set survive the change from user 0 to another. */
int linux_caps_keep(struct cv_error* err);

/* Permitted, effective, inheritable and ambient set of the calling thread, exactly as given. Ends linux_caps_keep(). */
int linux_caps_apply(const struct linux_caps* caps, struct cv_error* err);

#endif
