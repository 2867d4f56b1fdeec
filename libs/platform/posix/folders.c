#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/env.h>
#include <cv/file.h>
#include <cv/str.h>

#include "folders-default.h"

#include <cv/banned.h>

static int give(char* path, char** path_out)
{
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *path_out = path;
    return 0;
}

/* An absolute path in a variable. By the XDG rules a relative one counts as unset. */
static int absolute_variable(const char* name, char** path_out, struct cv_error* err)
{
    int result = cv_env_get_secure(name, path_out, err);
    if (result == 0 && *path_out != NULL && !cv_path_is_absolute(*path_out))
        cv_freep(path_out);
    return result;
}

int cv_folders_default_state(char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* base = NULL;
    CV_CLEANUP(cv_freep) char* home = NULL;
    int                        result;

    if (geteuid() == 0)
        return give(cv_strdup("/var/lib/containerv", err), path_out);
    result = absolute_variable("XDG_STATE_HOME", &base, err);
    if (result == 0)
        result = absolute_variable("HOME", &home, err);
    if (result < 0)
        return result;
    if (base != NULL)
        return give(cv_asprintf(err, "%s/containerv", base), path_out);
    if (home != NULL)
        return give(cv_asprintf(err, "%s/.local/state/containerv", home), path_out);
    cv_error_set(err, CV_ERR_NOT_FOUND, "no folder for containerv's state: HOME is not set");
    cv_error_hint(err, "set HOME, XDG_STATE_HOME or CONTAINERV_STATE_DIR to an absolute path");
    return CV_ERR_NOT_FOUND;
}

/* /tmp is everybody's: what is there must be a folder, ours, and closed to others. */
static int own_folder_in_tmp(char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep)
    char*       path = cv_asprintf(err, "/tmp/containerv-%u", (unsigned)geteuid());
    struct stat info;

    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the folder", path);
    if (lstat(path, &info) < 0)
        return cv_error_errno(err, errno, "look at the folder", path);
    if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 0077) != 0) {
        cv_error_set(err, CV_ERR_PERMISSION, "'%s' is not a folder of ours alone", path);
        cv_error_hint(err, "set XDG_RUNTIME_DIR or CONTAINERV_RUN_DIR");
        return CV_ERR_PERMISSION;
    }
    *path_out = CV_STEAL(path);
    return 0;
}

/* A session's variable often outlives the change to another user (su, sudo); what isn't there or isn't ours counts as unset. */
static bool is_ours(const char* path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 0022) == 0;
}

int cv_folders_default_run(char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* base = NULL;
    int                        result;

    if (geteuid() == 0)
        return give(cv_strdup("/run/containerv", err), path_out);
    result = absolute_variable("XDG_RUNTIME_DIR", &base, err);
    if (result < 0)
        return result;
    if (base != NULL && is_ours(base))
        return give(cv_asprintf(err, "%s/containerv", base), path_out);
    return own_folder_in_tmp(path_out, err);
}
