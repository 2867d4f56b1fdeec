/* Environment variables in UTF-8. */
#ifndef CV_ENV_H
#define CV_ENV_H

#include <cv/error.h>

/* *value_out is malloc'ed, or NULL when the variable is unset (that is no error). */
int cv_env_get(const char* name, char** value_out, struct cv_error* err);

/* The same, but unset for a program that runs with more rights than its caller (set-uid, file capabilities): use it
 * for whatever chooses a path or a program. */
int cv_env_get_secure(const char* name, char** value_out, struct cv_error* err);

/* Set it, or unset it with NULL. Only while the program has one thread. CV_ERR_INVALID for a name that is empty or
 * has '='. */
int cv_env_set(const char* name, const char* value, struct cv_error* err);

#endif
