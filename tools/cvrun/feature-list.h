/* The features document of OCI: what this build does, whatever the host has. Pure. */
#ifndef CVRUN_FEATURE_LIST_H
#define CVRUN_FEATURE_LIST_H

#include <cv/error.h>

#define CVRUN_OCI_VERSION_MIN "1.0.0"
#define CVRUN_OCI_VERSION_MAX "1.3.0"

/* malloc'ed, NULL with err. */
char* cvrun_features_print(const char* version, struct cv_error* err);

#endif
