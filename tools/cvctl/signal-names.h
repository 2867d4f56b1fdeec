/* Signals as they are typed and shown: "TERM", "SIGTERM" or "15". Linux's, which is what containers run. */
#ifndef CVCTL_SIGNAL_NAMES_H
#define CVCTL_SIGNAL_NAMES_H

#include <cv/error.h>

int cvctl_signal_parse(const char* text, int* number_out, struct cv_error* err);

#endif
