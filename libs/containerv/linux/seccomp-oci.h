/* linux.seccomp of an OCI document as rules. */
#ifndef CV_LINUX_SECCOMP_OCI_H
#define CV_LINUX_SECCOMP_OCI_H

#include <cv/error.h>

#include "linux/seccomp-names.h"
#include "spec/spec.h"

/* Rules out of a document; *conditions_out (malloc'ed) must live until the program is made. */
struct seccomp_oci {
    struct filter_sections    sections;
    struct seccomp_condition* conditions;
    uint32_t                  flags; /* SECCOMP_FILTER_FLAG_* */
};

void seccomp_oci_release(struct seccomp_oci* oci);

/*
 * Where several entries match one call, the strictest action counts, in the kernel's own order; an entry that says the default is passed
 * over, as by other runtimes. This machine's own architecture is always in; those it can't run are passed over.
 *
 * `runtime`: for an OCI runtime. Then SCMP_ACT_NOTIFY may be there (with a listenerPath; the flags have SECCOMP_FILTER_FLAG_NEW_LISTENER),
 * and an entry with two conditions on one argument is one rule for each of its conditions, as others have it.
 *
 * CV_ERR_INVALID for words and numbers that are none, CV_ERR_UNSUPPORTED for a refused name that libseccomp is too old for (nothing would
 * be refused); without `runtime` also for listeners (SCMP_ACT_NOTIFY, listenerPath), and for two conditions on one argument.
 */
int seccomp_oci_translate(
    const struct cv_spec_seccomp* seccomp, bool runtime, struct seccomp_oci* oci_out, struct cv_error* err);

#endif
