/* How a program's start or end becomes an exit code, and is told when it was not its own doing. */
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>
#include <cv/terminal.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

int cvctl_start_failed(const struct cv_error* err)
{
    bool program = strcmp(err->step, "run the program") == 0; /* else something else was not found */

    cvctl_print_error(err);
    if (program && err->code == CV_ERR_NOT_FOUND)
        return CVCTL_EXIT_NOT_FOUND;
    return program && err->code == CV_ERR_NOT_EXECUTABLE ? CVCTL_EXIT_NOT_EXECUTABLE : CVCTL_EXIT_OURS;
}

int cvctl_end_code(const char* id, const char* program, const struct containerv_exit* end, const char* limit)
{
    static const char* const reasons[] = {
        [CV_EXIT_OOM]        = "was killed: out of memory",
        [CV_EXIT_PIDS_LIMIT] = "ended: it reached its limit of processes",
        [CV_EXIT_TIMEOUT]    = "was killed: its time was over",
        [CV_EXIT_SECCOMP]    = "was killed: it made a forbidden system call",
        [CV_EXIT_UPPER_FULL] = "ended: no room was left in its root",
        [CV_EXIT_LOST]       = "was lost: how it ended is not known",
    };
    struct cv_error err = CV_ERROR_INIT;

    if (end->reason < CV_ARRAY_LEN(reasons) && reasons[end->reason] != NULL) {
        cv_error_set(&err, end->reason == CV_EXIT_TIMEOUT ? CV_ERR_TIMEOUT : CV_ERR_LOST, "container '%s': '%s' %s%s",
            id, program, reasons[end->reason], limit);
        cv_error_step(&err, "wait for the program");
        cv_error_object(&err, "%s", program);
        cvctl_print_error(&err);
    }
    return end->reason == CV_EXIT_LOST ? CVCTL_EXIT_OURS : end->code;
}

int cvctl_check_terminal(struct cv_error* err)
{
    if (cv_terminal_is(cv_handle_standard(0)))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "the input device is not a TTY");
    cv_error_step(err, "connect the terminal");
    cv_error_object(err, "standard input");
    return cv_error_hint(err, "leave out -t, or run cvctl on a terminal");
}
