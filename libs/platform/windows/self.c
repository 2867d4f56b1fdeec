#include <stdlib.h>
#include <windows.h>

#include "wide.h"
#include <cv/file.h>
#include <cv/macros.h>
#include <cv/self.h>

#include <cv/banned.h>

enum { PATH_UNITS_MAX = 32768 };

int cv_self_path(const void* address, char** path_out, struct cv_error* err)
{
    const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    CV_CLEANUP(cv_freep) wchar_t* wide = malloc(PATH_UNITS_MAX * sizeof(wchar_t));
    HMODULE                       module;
    DWORD                         length;
    char*                         path;

    if (wide == NULL)
        return cv_error_no_memory(err);
    if (!GetModuleHandleExW(flags, address, &module))
        return cv_error_set(err, CV_ERR_NOT_FOUND, "no program or library has code at that address");
    length = GetModuleFileNameW(module, wide, PATH_UNITS_MAX);
    if (length == 0 || length >= PATH_UNITS_MAX)
        return cv_error_win32(err, GetLastError(), "find the file of a module", NULL);
    path = cv_utf8(wide, err);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *path_out = path;
    return 0;
}
