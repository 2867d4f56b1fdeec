#include <cv/args.h>

#include <cv/banned.h>

int cv_args_get(int argc, char** argv, struct cv_strv* args_out, struct cv_error* err)
{
    (void)argc;
    cv_strv_init(args_out);
    if (cv_strv_append_all(args_out, (const char* const*)argv) < 0) {
        cv_strv_release(args_out);
        return cv_error_no_memory(err);
    }
    return 0;
}
