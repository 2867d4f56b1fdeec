#include <cv/process.h>

#include <cv/banned.h>

int cv_process_run(const struct cv_process_spec* spec, int64_t timeout_ms, int* exit_code_out, struct cv_error* err)
{
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    int                                             result, ignored;

    result = cv_process_start(spec, &process, err);
    if (result < 0)
        return result;
    result = cv_process_wait(process, timeout_ms, exit_code_out, err);
    if (result == CV_ERR_TIMEOUT && cv_process_kill(process, NULL) == 0)
        cv_process_wait(process, -1, &ignored, NULL);
    return result;
}
