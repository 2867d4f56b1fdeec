/*
 * System call filters. One is compiled in the guardian, ahead of the fork, and installed in the child by one system call.
 *
 * ext.seccomp names the profile: NULL or "default" is ours (seccomp-profile.h), "unconfined" none, "spec" linux.seccomp of the document,
 * "docker" ext.docker_seccomp, resolved for this machine.
 * In the guardian only, which is single-threaded: none of this is thread-safe but linux_seccomp_install().
 */
#ifndef CV_LINUX_SECCOMP_H
#define CV_LINUX_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "linux/seccomp-program.h"
#include "spec/spec.h"

/* Owns its program. Empty (count 0): no filter. */
struct linux_seccomp_filter {
    struct seccomp_insn* code; /* laid out as the kernel's struct sock_filter */
    size_t               count;
    uint32_t             flags; /* SECCOMP_FILTER_FLAG_* */
};

void linux_seccomp_release(struct linux_seccomp_filter* filter);

/*
 * Compile the filter that `spec` asks for. `capability_mask` is the bounding set (struct linux_caps): what the programs could ever have;
 * the default profile allows more with some of them.
 *
 * CV_ERR_INVALID for a linux.seccomp that can't be translated, and for one that is given without ext.seccomp saying what shall count;
 * CV_ERR_UNSUPPORTED for an action or a flag that we can't do, and for a listener unless the container is bare; CV_ERR_LIMIT when the program gets too long.
 */
int linux_seccomp_compile(const struct cv_spec* spec, uint64_t capability_mask, struct linux_seccomp_filter* filter_out,
    struct cv_error* err);

/*
 * The same from the cache: in memory, and in files in `folder` (NULL: memory only), which is made with mode 0700 when missing. A file
 * counts only when it and the folder are ours, nobody else can write to them and it repeats the whole key; else it is compiled and
 * written anew. A folder that can't be trusted or written is no error, it isn't used. *filter_out is the caller's own copy.
 */
int linux_seccomp_get(const char* folder, const struct cv_spec* spec, uint64_t capability_mask,
    struct linux_seccomp_filter* filter_out, struct cv_error* err);

/* ext.docker_seccomp as linux.seccomp of this machine and these capabilities. Owned: cv_spec_seccomp_release(). */
int linux_seccomp_resolve_docker(
    const struct cv_spec* spec, uint64_t capability_mask, struct cv_spec_seccomp* seccomp_out, struct cv_error* err);

/* A second filter, which goes with Landlock's rules for TCP: what gets round them (seccomp-tcp.c). Empty without such rules. Install it
 * first: the other one may forbid that. */
int linux_seccomp_compile_tcp(
    const struct cv_spec* spec, struct linux_seccomp_filter* filter_out, struct cv_error* err);

/* Empty the cache in memory. */
void linux_seccomp_forget(void);

/*
 * Whether a program can be started under the filter: what the guardian's child still has to call once it is there. CV_ERR_INVALID names the
 * call. Told ahead, since a child that may not even speak or end can tell nobody.
 */
int linux_seccomp_check_start(const struct linux_seccomp_filter* filter, bool no_new_privileges, struct cv_error* err);

/*
 * Put the filter on the calling thread. For a fork: async-signal-safe, no memory. Needs no_new_privs (set by the caller) or
 * CAP_SYS_ADMIN in its user namespace. An empty filter does nothing. A filter that asks somebody gives *listener_out, close-on-exec, which
 * is the caller's; it is untouched by others.
 */
int linux_seccomp_install(const struct linux_seccomp_filter* filter, int* listener_out, struct cv_error* err);

#endif
