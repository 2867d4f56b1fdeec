#include "linux/supervisor.h"

#include <cv/banned.h>

static const struct guardian_hooks hooks = {
    .collect = supervisor_collect,
    .handle  = supervisor_handle,
    .event   = supervisor_event,
    .ended   = supervisor_ended,
    .request = supervisor_request,
};

int supervisor_serve(int main_fd, struct cv_error* err)
{
    static struct supervisor supervisor = {
        .home = LINUX_HOME_INIT, .restart_ms = -1, .destroy_by_ms = -1, .oom.fd = -1
    };
    int result;

    supervisor.info.size = sizeof(supervisor.info);
    guardian_init(&supervisor.guardian, main_fd);
    supervisor.guardian.hooks      = &hooks;
    supervisor.guardian.supervisor = &supervisor;
    result                         = guardian_loop(&supervisor.guardian, err);
    if (supervisor.claimed)
        linux_home_leave(&supervisor.home, NULL);
    return result;
}
