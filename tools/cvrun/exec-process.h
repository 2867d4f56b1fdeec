/* Processes as callers describe them, and as exec changes the container's own by options. Pure. */
#ifndef CVRUN_EXEC_PROCESS_H
#define CVRUN_EXEC_PROCESS_H

#include <cv/error.h>

#include "options.h"
#include "spec/spec.h"

/*
 * A copy of `base` with `argv` and what the options say: variables replace those of the same name, capabilities come to what it has.
 * The copy is checked. CV_ERR_INVALID for words of options that are not right. The caller releases *process_out.
 */
int cvrun_process_make(const struct cv_spec_process* base, const struct cvrun_options* options, const char* const* argv,
    struct cv_spec_process* process_out, struct cv_error* err);

/* Ambient capabilities that are not inheritable and permitted too can't be: the kernel refuses them. runc's and crun's own config.json have
 * such, and both runtimes go on without. They are taken out. */
void cvrun_process_fit(struct cv_spec_process* process);

/* NAME=VALUE, in place of what `env` has for NAME. */
int cvrun_env_set(struct cv_strv* env, const char* entry, struct cv_error* err);

#endif
