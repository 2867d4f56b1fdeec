/* The part of a spec that is policy: rules that look at more than one field of it. Pure. */
#ifndef CV_SPEC_POLICY_H
#define CV_SPEC_POLICY_H

#include "spec.h"

/* Of cv_spec_validate(): the profile that is named is there and no other, Landlock's rules, what the security level demands. */
int cv_spec_policy_check(const struct cv_spec* spec, struct cv_error* err);

#endif
