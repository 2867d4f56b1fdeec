/* The program cv-guardian. */
#include <stdio.h>

#include "linux/guardian.h"

#include <cv/banned.h>

static const char usage[] =
    "usage: cv-guardian\n"
    "\n"
    "Watches over the containers of one process. It is started by libcontainerv, with a socket to it as\n"
    "descriptor 3, and is of no use by itself.\n";

int main(int argc, char** argv)
{
    struct cv_error err = CV_ERROR_INIT;

    if (!guardian_is_started_by_library(argc)) {
        fputs(usage, stderr);
        return 2;
    }
    if (guardian_settle(argv, &err) < 0)
        return 1;
    return guardian_run(GUARDIAN_MAIN_FD, &err) < 0 ? 1 : 0;
}
