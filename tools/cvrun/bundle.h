/* What is read from a bundle, and from files of options: OCI's documents, as far as this runtime takes them. Pure. */
#ifndef CVRUN_BUNDLE_H
#define CVRUN_BUNDLE_H

#include <cv/error.h>

#include "spec/spec.h"

/*
 * The config.json of the bundle at `bundle`, absolute: read and checked, with the root and the sources of bind mounts as absolute paths.
 * CV_ERR_UNSUPPORTED: it has our extension object, which is for our own front doors. `path` is for errors.
 */
int cvrun_config_parse(const char* bundle, const char* path, const char* text, size_t length, struct cv_spec** spec_out,
    struct cv_error* err);

/* linux.resources alone, for update; nothing else than resources may be in it. Released by cv_spec_resources_release(). */
int cvrun_resources_parse(
    const char* path, const char* text, size_t length, struct cv_spec_resources* resources_out, struct cv_error* err);

#endif
