/* Kills for want of memory, as they happen, in either version of cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/container-internal.h"
#include "linux/fd.h"

/* Readable by POLLPRI when a number in it has changed since it was read. */
static int watch_v2(int group_fd, struct linux_oom_watch* watch_out, struct cv_error* err)
{
    int fd = openat(group_fd, "memory.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return cv_error_errno(err, errno, "watch the container's memory", "memory.events");
    *watch_out = (struct linux_oom_watch){ .fd = fd, .events = POLLPRI };
    (void)linux_oom_watch_read(watch_out);
    return 0;
}

/* The kernel counts up an eventfd before each kill. */
static int watch_v1(int group_fd, struct linux_oom_watch* watch_out, struct cv_error* err)
{
    char                            text[64];
    CV_CLEANUP(linux_fd_closep) int control = openat(group_fd, "memory.oom_control", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    CV_CLEANUP(linux_fd_closep) int fd      = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (control < 0 || fd < 0)
        return cv_error_errno(err, errno, "watch the container's memory", "memory.oom_control");
    cv_snprintf(text, sizeof(text), "%d %d", fd, control);
    int rc = linux_cgroup_write(group_fd, "cgroup.event_control", text, err);
    if (rc == 0)
        *watch_out = (struct linux_oom_watch){ .fd = linux_fd_steal(&fd), .events = POLLIN };
    return rc;
}

int linux_container_watch_oom(
    const struct linux_container* container, struct linux_oom_watch* watch_out, struct cv_error* err)
{
    const struct linux_limits* limits  = &container->limits;
    int                        version = limits->version[LINUX_CONTROLLER_MEMORY];
    int                        of      = limits->of[LINUX_CONTROLLER_MEMORY];
    if (version == 2 && container->group_fd >= 0)
        return watch_v2(container->group_fd, watch_out, err);
    if (version == 1 && of >= 0)
        return watch_v1(limits->groups[of].group_fd, watch_out, err);
    return cv_error_unsupported(err, "to watch the memory of a container that no group counts", "linux");
}

uint64_t linux_oom_watch_read(const struct linux_oom_watch* watch)
{
    char     text[1024];
    uint64_t count = 0;
    if (watch->events != POLLIN)
        return (void)!pread(watch->fd, text, sizeof(text), 0), 0;
    return read(watch->fd, &count, sizeof(count)) == (ssize_t)sizeof(count) ? count : 0;
}
