#include "linux/programs.h"

#include <string.h>
#include <unistd.h>

#include <cv/env.h>
#include <cv/macros.h>
#include <cv/self.h>
#include <cv/str.h>

#include <cv/banned.h>

int linux_program_beside(const char* library, const char* relative, char** path_out, struct cv_error* err)
{
    const char* slash = strrchr(library, '/');
    char*       path;

    if (slash == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no absolute path", library);
    path = cv_asprintf(err, "%.*s/%s", (int)(slash - library), library, relative);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *path_out = path;
    return 0;
}

/* From the folder of the file that this code is in: the library, or a program that is linked statically. */
static const char* const ways[] = { CV_PROGRAMS_FROM_LIBRARY, CV_PROGRAMS_FROM_PROGRAM };

/* An install tree works from wherever it is; else where it was to be. */
static int find_installed(const char* name, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* self = NULL;

    (void)cv_self_path((const void*)&linux_program_find, &self, NULL);
    for (size_t i = 0; self != NULL && i < CV_ARRAY_LEN(ways); i++) {
        CV_CLEANUP(cv_freep) char* relative = cv_asprintf(err, "%s/%s", ways[i], name);
        CV_CLEANUP(cv_freep) char* path     = NULL;

        if (relative != NULL && linux_program_beside(self, relative, &path, err) == 0 && access(path, X_OK) == 0) {
            *path_out = CV_STEAL(path);
            return 0;
        }
    }
    *path_out = cv_asprintf(err, "%s/%s", CV_PROGRAMS_INSTALLED, name);
    return *path_out != NULL ? 0 : CV_ERR_NO_MEMORY;
}

static int not_found(const char* path, const char* variable, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_NOT_FOUND, "the program '%s' is not there or can't be run", path);
    cv_error_object(err, "%s", path);
    cv_error_hint(err, "install containerv completely, or name the program in %s", variable);
    return CV_ERR_NOT_FOUND;
}

int linux_program_find(const char* name, const char* variable, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path   = NULL;
    int                        result = cv_env_get_secure(variable, &path, err);

    if (result == 0 && path == NULL)
        result = find_installed(name, &path, err);
    if (result < 0)
        return result;
    if (access(path, X_OK) < 0)
        return not_found(path, variable, err);
    *path_out = CV_STEAL(path);
    return 0;
}
