#include <cv/env.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/macros.h>

#include "folders-default.h"

#include <cv/banned.h>

/* *path_out stays NULL when the variable is unset or empty. */
static int find_override(const char* variable, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path   = NULL;
    int                        result = cv_env_get_secure(variable, &path, err);

    if (result < 0 || path == NULL || path[0] == '\0')
        return result;
    if (!cv_path_is_absolute(path))
        return cv_error_set(err, CV_ERR_INVALID, "%s must be an absolute path, not '%s'", variable, path);
    *path_out = CV_STEAL(path);
    return 0;
}

int cv_folders_state(char** path_out, struct cv_error* err)
{
    char* path   = NULL;
    int   result = find_override("CONTAINERV_STATE_DIR", &path, err);

    if (result == 0 && path == NULL)
        result = cv_folders_default_state(&path, err);
    if (result == 0)
        *path_out = path;
    return result;
}

int cv_folders_run(char** path_out, struct cv_error* err)
{
    char* path   = NULL;
    int   result = find_override("CONTAINERV_RUN_DIR", &path, err);

    if (result == 0 && path == NULL)
        result = cv_folders_default_run(&path, err);
    if (result == 0)
        *path_out = path;
    return result;
}
