/* Offsets of the clocks in a time namespace, as /proc/PID/timens_offsets takes them. Pure. */
#ifndef CV_LINUX_TIMENS_PLAN_H
#define CV_LINUX_TIMENS_PLAN_H

#include <cv/error.h>

#include "spec/spec.h"

enum { LINUX_TIMENS_TEXT_MAX = 128 };

/* One line for each clock that has an offset; empty when none has. */
int linux_timens_text(const struct cv_spec* spec, char text_out[LINUX_TIMENS_TEXT_MAX], struct cv_error* err);

#endif
