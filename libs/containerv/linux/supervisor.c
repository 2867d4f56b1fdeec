/* The program cv-supervisor. */
#include <stdio.h>

#include "linux/supervisor.h"

#include <cv/banned.h>

static const char usage[] =
    "usage: cv-supervisor\n"
    "\n"
    "Watches over one container that outlives its caller. It is started by libcontainerv, with a socket to it\n"
    "as descriptor 3, and is of no use by itself.\n";

static const struct guardian_hooks hooks = {
    .collect = supervisor_collect,
    .handle  = supervisor_handle,
    .event   = supervisor_event,
    .ended   = supervisor_ended,
    .request = supervisor_request,
};

static int supervise(struct cv_error* err)
{
    static struct supervisor supervisor = {
        .home = LINUX_HOME_INIT, .restart_ms = -1, .destroy_by_ms = -1, .oom.fd = -1
    };
    int result;

    supervisor.info.size = sizeof(supervisor.info);
    guardian_init(&supervisor.guardian, GUARDIAN_MAIN_FD);
    supervisor.guardian.hooks      = &hooks;
    supervisor.guardian.supervisor = &supervisor;
    result                         = guardian_loop(&supervisor.guardian, err);
    if (supervisor.claimed)
        linux_home_leave(&supervisor.home, NULL);
    return result;
}

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
    return supervise(&err) < 0 ? 1 : 0;
}
