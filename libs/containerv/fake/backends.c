/* The back ends of the library that unit tests link. */
#include "fake.h"

#include <cv/banned.h>

const struct cv_backend* const cv_backends[] = { &cv_backend_bare, &cv_backend_fake, NULL };
