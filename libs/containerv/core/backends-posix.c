/* The back ends of a build for POSIX systems, in the order in which they are tried. */
#include "core.h"

#include <cv/banned.h>

#ifdef CV_HAVE_LINUX
extern const struct cv_backend cv_backend_linux;
#endif

const struct cv_backend* const cv_backends[] = {
#ifdef CV_HAVE_LINUX
    &cv_backend_linux,
#endif
    NULL,
};
