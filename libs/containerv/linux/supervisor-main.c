/* The program cv-supervisor. */
#include <stdio.h>

#include "linux/supervisor.h"

#include <cv/banned.h>

static const char usage[] =
    "usage: cv-supervisor\n"
    "\n"
    "Watches over one container that outlives its caller. It is started by libcontainerv, with a socket to it\n"
    "as descriptor 3, and is of no use by itself.\n";

int main(int argc, char** argv)
{
    struct cv_error err = CV_ERROR_INIT;

    if (!guardian_is_started_by_library(argc)) {
        fputs(usage, stderr);
        return 2;
    }
    if (guardian_settle(argv, &err) < 0)
        return 1;
    supervisor_leave_cgroup();
    return supervisor_serve(GUARDIAN_MAIN_FD, &err) < 0 ? 1 : 0;
}
