/* The back ends of a build for Windows: none yet. */
#include "core.h"

#include <cv/banned.h>

const struct cv_backend* const cv_backends[] = { NULL };
