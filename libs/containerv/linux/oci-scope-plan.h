/*
 * What systemd is told of a container's limits, so that it keeps them when it writes the files of its units anew. Pure.
 *
 * A property is a text "NAME=TYPE:VALUE", as the helper cv-scope takes it: type 't' is a number, 'x' bytes in hexadecimal digits.
 */
#ifndef CV_LINUX_OCI_SCOPE_PLAN_H
#define CV_LINUX_OCI_SCOPE_PLAN_H

#include <cv/error.h>
#include <cv/strv.h>

#include "spec/spec.h"

enum { LINUX_OCI_SCOPE_CPUS_MAX = 8192 }; /* numbers of CPUs and memory nodes are below */

/*
 * Added to the list. Systemd has whole percents of CPU time only, rounded up. It has no word for what is left out: realtime, weights and
 * limits by device, huge pages, RDMA, network classes; and of linux.resources.unified nothing is translated. CV_ERR_INVALID for a list of
 * CPUs that is none.
 */
int linux_oci_scope_properties(
    const struct cv_spec_resources* resources, struct cv_strv* properties, struct cv_error* err);

#endif
