#define INITGUID
#include <windows.h>

#include <knownfolders.h>
#include <shlobj.h>

#include "folders-default.h"
#include "wide.h"
#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

/* Asked from the system, not from the variable %ProgramData%: that anybody could set for an elevated program. */
static int beneath_program_data(const char* name, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* folder = NULL;
    wchar_t*                   wide   = NULL;
    HRESULT                    status = SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &wide);

    if (status < 0) {
        CoTaskMemFree(wide);
        return cv_error_hresult(err, (uint32_t)status, "find the folder ProgramData", NULL);
    }
    folder = cv_utf8(wide, err);
    CoTaskMemFree(wide);
    *path_out = folder != NULL ? cv_asprintf(err, "%s\\%s", folder, name) : NULL;
    return *path_out != NULL ? 0 : CV_ERR_NO_MEMORY;
}

int cv_folders_default_state(char** path_out, struct cv_error* err)
{
    return beneath_program_data("containerv", path_out, err);
}

int cv_folders_default_run(char** path_out, struct cv_error* err)
{
    return beneath_program_data("containerv\\run", path_out, err);
}
