#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup.h"
#include "linux/supervisor.h"
#include "linux/unprivileged.h"

#include <cv/banned.h>

#define SUPERVISORS "supervisors"

/* Whoever ends a session or a service ends all that is in its group. */
void supervisor_leave_cgroup(void)
{
    CV_CLEANUP(cv_handle_closep) int parent_fd = -1;
    CV_CLEANUP(cv_handle_closep) int group_fd  = -1;

    if (linux_unprivileged()->active || linux_cgroup_open_parent(NULL, &parent_fd, NULL) < 0)
        return;
    if (mkdirat(parent_fd, SUPERVISORS, 0755) < 0 && errno != EEXIST)
        return;
    if (linux_cgroup_open_folder(parent_fd, SUPERVISORS, &group_fd, NULL) == 0)
        (void)linux_cgroup_write(group_fd, "cgroup.procs", "0", NULL);
}
