/* Copies: the container's end of each is a child of ours, which ends with the container. What it says goes to the caller alone. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/guardian.h"

#include <cv/banned.h>

static bool has_ended(int pidfd)
{
    struct pollfd entry = { .fd = pidfd, .events = POLLIN };
    return poll(&entry, 1, 0) > 0;
}

/* It is reaped as any stray is; what is kept is the means to kill it. */
static void forget_ended(struct guardian_copies* copies)
{
    for (size_t i = 0; i < copies->count;) {
        if (has_ended(copies->pidfds[i])) {
            close(copies->pidfds[i]);
            copies->pidfds[i] = copies->pidfds[--copies->count];
        } else {
            i++;
        }
    }
}

int guardian_copies_check(struct guardian_container* container, struct cv_error* err)
{
    forget_ended(&container->copies);
    return container->copies.count < GUARDIAN_MAX_COPIES
               ? 0
               : cv_error_set(err, CV_ERR_LIMIT, "more than %d copies at a time", (int)GUARDIAN_MAX_COPIES);
}

void guardian_copies_add(struct guardian_container* container, int pidfd)
{
    container->copies.pidfds[container->copies.count++] = pidfd;
}

int guardian_copy_start(
    struct guardian_container* container, const struct linux_copy* copy, int socket_fd, struct cv_error* err)
{
    int pidfd = -1;
    int rc    = guardian_copies_check(container, err);
    if (rc == 0)
        rc = linux_container_copy(container->linux_, copy, socket_fd, &pidfd, err);
    if (rc == 0)
        guardian_copies_add(container, pidfd);
    return rc;
}

void guardian_copies_kill(struct guardian_container* container)
{
    struct guardian_copies* copies = &container->copies;
    for (size_t i = 0; i < copies->count; i++)
        syscall(SYS_pidfd_send_signal, copies->pidfds[i], SIGKILL, NULL, 0);
}

void guardian_copies_end(struct guardian_container* container, int64_t deadline_ms)
{
    struct guardian_copies* copies = &container->copies;
    guardian_snapshot_forget(container);
    while (copies->count > 0) {
        struct pollfd entry = { .fd = copies->pidfds[copies->count - 1], .events = POLLIN };
        while (poll(&entry, 1, (int)cv_clock_left_ms(deadline_ms)) < 0 && errno == EINTR) {}
        close(copies->pidfds[--copies->count]);
    }
}
