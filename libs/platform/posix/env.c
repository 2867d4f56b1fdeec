#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cv/env.h>
#include <cv/str.h>

#include <cv/banned.h>

static int copy_value(const char* value, char** value_out, struct cv_error* err)
{
    char* copy = value != NULL ? cv_strdup(value, err) : NULL;
    if (value != NULL && copy == NULL)
        return CV_ERR_NO_MEMORY;
    *value_out = copy;
    return 0;
}

int cv_env_get(const char* name, char** value_out, struct cv_error* err)
{
    return copy_value(getenv(name), value_out, err);
}

int cv_env_get_secure(const char* name, char** value_out, struct cv_error* err)
{
    return copy_value(secure_getenv(name), value_out, err);
}

int cv_env_set(const char* name, const char* value, struct cv_error* err)
{
    int result;

    if (name[0] == '\0' || strchr(name, '=') != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' can't be the name of an environment variable", name);
    result = value != NULL ? setenv(name, value, 1) : unsetenv(name);
    if (result < 0)
        return cv_error_errno(err, errno, "set the environment variable", name);
    return 0;
}
