/* Signals as they are typed and shown: "TERM", "SIGTERM", "15" or "SIGRTMIN+3". Linux's, which is what containers run. */
#ifndef CV_TEXT_SIGNAL_NAMES_H
#define CV_TEXT_SIGNAL_NAMES_H

#include <cv/error.h>

int cv_signal_parse(const char* text, int* number_out, struct cv_error* err);

#endif
