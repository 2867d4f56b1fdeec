/* linux.intelRdt as what is written to the resctrl filesystem. Pure. */
#ifndef CV_LINUX_INTEL_RDT_PLAN_H
#define CV_LINUX_INTEL_RDT_PLAN_H

#include <stdbool.h>

#include <cv/error.h>

#include "spec/spec.h"

/* The group's folder: closID, else the container's id. Borrowed. */
const char* linux_rdt_group(const struct cv_spec* spec, const char* id);

/* Does the container say what shall be in the group's schemata? */
bool linux_rdt_has_schemata(const struct cv_spec* spec);

/*
 * The text for the schemata file, each line with its end. A line "MB:..." of l3CacheSchema gives way to memBwSchema. NULL: no memory.
 * malloc'ed.
 */
char* linux_rdt_schemata(const struct cv_spec* spec, struct cv_error* err);

/*
 * Does `present`, a schemata file's content, have what each line of `wanted` says? Numbers count, not how they are written: the kernel
 * pads. Other resources and domains may be there too. CV_ERR_INVALID names the line that differs.
 */
int linux_rdt_compare(const char* wanted, const char* present, struct cv_error* err);

/* A word of mon_features (one a line) that monitoring which was asked for needs, and that is missing; NULL: none. */
const char* linux_rdt_missing_feature(const struct cv_spec* spec, const char* features);

#endif
