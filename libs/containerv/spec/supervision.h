/* Supervision and secrets: rules that look at more than one field of them. Pure. */
#ifndef CV_SPEC_SUPERVISION_H
#define CV_SPEC_SUPERVISION_H

#include "spec.h"

#define CV_SPEC_SECRETS_FOLDER "/run/secrets"

enum {
    CV_SPEC_MAX_SECRETS  = 64,
    CV_SPEC_MIN_LOG_FILE = 64 << 10, /* bytes: each file costs more than its content */
};

/* Of cv_spec_validate(). */
int cv_spec_supervision_check(const struct cv_spec* spec, struct cv_error* err);
int cv_spec_secrets_check(const struct cv_spec* spec, struct cv_error* err);

#endif
