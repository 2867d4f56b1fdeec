#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "wide.h"
#include <cv/env.h>
#include <cv/macros.h>

#include <cv/banned.h>

enum { VALUE_MAX = 32767 }; /* Windows' own limit, in UTF-16 units with the NUL */

int cv_env_get(const char* name, char** value_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t* wide  = cv_wide(name, err);
    CV_CLEANUP(cv_freep) wchar_t* value = malloc(VALUE_MAX * sizeof(wchar_t));
    DWORD                         length;

    if (wide == NULL)
        return err != NULL ? err->code : CV_ERR_INVALID;
    if (value == NULL)
        return cv_error_no_memory(err);
    SetLastError(ERROR_SUCCESS);
    length = GetEnvironmentVariableW(wide, value, VALUE_MAX);
    if (length == 0 && GetLastError() == ERROR_ENVVAR_NOT_FOUND) {
        *value_out = NULL;
        return 0;
    }
    if ((length == 0 && GetLastError() != ERROR_SUCCESS) || length >= VALUE_MAX)
        return cv_error_win32(err, GetLastError(), "get the environment variable", name);
    *value_out = cv_utf8(length != 0 ? value : L"", err);
    return *value_out != NULL ? 0 : CV_ERR_NO_MEMORY;
}

/* Windows has no set-uid programs: one that was elevated got its environment from the system. */
int cv_env_get_secure(const char* name, char** value_out, struct cv_error* err)
{
    return cv_env_get(name, value_out, err);
}

int cv_env_set(const char* name, const char* value, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) wchar_t* wide_name  = NULL;
    CV_CLEANUP(cv_freep) wchar_t* wide_value = NULL;

    if (name[0] == '\0' || strchr(name, '=') != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' can't be the name of an environment variable", name);
    wide_name = cv_wide(name, err);
    if (value != NULL)
        wide_value = cv_wide(value, err);
    if (wide_name == NULL || (value != NULL && wide_value == NULL))
        return err != NULL ? err->code : CV_ERR_INVALID;
    if (!SetEnvironmentVariableW(wide_name, wide_value) && !(value == NULL && GetLastError() == ERROR_ENVVAR_NOT_FOUND))
        return cv_error_win32(err, GetLastError(), "set the environment variable", name);
    return 0;
}
