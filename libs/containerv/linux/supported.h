/* What a specification may ask that this back end does not do yet: refused at create, never dropped. Pure. */
#ifndef CV_LINUX_SUPPORTED_H
#define CV_LINUX_SUPPORTED_H

#include <stdbool.h>

#include <cv/error.h>

#include "spec/spec.h"

int linux_supported(const struct cv_spec* spec, bool has_command, struct cv_error* err);

#endif
