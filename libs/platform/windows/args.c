#include <windows.h>

#include <shellapi.h>

#include "wide.h"
#include <cv/args.h>

#include <cv/banned.h>

int cv_args_get(int argc, char** argv, struct cv_strv* args_out, struct cv_error* err)
{
    int       count  = 0;
    wchar_t** wide   = CommandLineToArgvW(GetCommandLineW(), &count);
    int       result = 0;

    (void)argc;
    (void)argv;
    if (wide == NULL)
        return cv_error_win32(err, GetLastError(), "split the command line", NULL);
    cv_strv_init(args_out);
    for (int i = 0; i < count && result == 0; i++)
        result = cv_strv_append_steal(args_out, cv_utf8(wide[i], NULL));
    LocalFree(wide);
    if (result < 0) {
        cv_strv_release(args_out);
        return cv_error_no_memory(err);
    }
    return 0;
}
