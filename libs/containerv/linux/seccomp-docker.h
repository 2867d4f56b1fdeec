/* A profile in Docker's form, made one of OCI's for one machine. Pure. */
#ifndef CV_LINUX_SECCOMP_DOCKER_H
#define CV_LINUX_SECCOMP_DOCKER_H

#include <stdint.h>

#include <cv/error.h>

#include "spec/spec.h"

struct seccomp_docker_machine {
    const char* arch; /* its own, as OCI calls it: "SCMP_ARCH_X86_64" */
    unsigned    kernel_major, kernel_minor;
    uint64_t    capabilities; /* granted, bits by number */
};

/*
 * A rule counts when `arch` is in includes.arches, all of includes.caps are granted and the kernel is not older than includes.minKernel
 * (what is not given holds), and none of excludes' holds: the architecture is listed, one of the capabilities is granted, the kernel is not
 * older. A rule that doesn't count stays in its place with the default action, so that the indices are those of the profile. Of archMap, the
 * entry of `arch` gives the architectures.
 *
 * *seccomp_out owns its strings: cv_spec_seccomp_release(). Not yet checked like one that was read: seccomp_oci_translate() does that.
 */
int seccomp_docker_resolve(const struct cv_spec_docker_seccomp* profile, const struct seccomp_docker_machine* machine,
    struct cv_spec_seccomp* seccomp_out, struct cv_error* err);

#endif
