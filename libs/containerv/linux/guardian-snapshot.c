/* Diffs and commits: each is a child of ours, as a copy's helper is. One that pauses the container ends that when it ends, however. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/guardian.h"

#include <cv/banned.h>

static int pause_for_it(struct guardian_container* container, struct cv_error* err)
{
    if (container->copies.pauses)
        return cv_error_set(
            err, CV_ERR_STATE, "container '%s' is being committed already", linux_container_id(container->linux_));
    if (container->state != CV_STATE_RUNNING)
        return 0;
    int rc = linux_container_pause(container->linux_, err);
    if (rc == CV_ERR_UNSUPPORTED)
        cv_error_hint(err, "commit without pausing: what is written meanwhile may be in the layer in part");
    if (rc < 0)
        return rc;
    container->state           = CV_STATE_PAUSED;
    container->copies.pauses   = true;
    container->copies.pause_fd = -1;
    guardian_event(container, CV_EVENT_PAUSED, NULL);
    return 0;
}

void guardian_snapshot_forget(struct guardian_container* container)
{
    if (container->copies.pauses)
        cv_handle_closep(&container->copies.pause_fd);
    container->copies.pauses = false;
}

void guardian_snapshot_ended(struct guardian_container* container)
{
    bool pauses = container->copies.pauses;
    guardian_snapshot_forget(container);
    if (!pauses || container->state != CV_STATE_PAUSED || linux_container_resume(container->linux_, NULL) < 0)
        return;
    container->state = container->processes != NULL ? CV_STATE_RUNNING : CV_STATE_CREATED;
    guardian_event(container, CV_EVENT_RESUMED, NULL);
}

int guardian_snapshot_start(
    struct guardian_container* container, const struct linux_snapshot* snapshot, bool pause, struct cv_error* err)
{
    int pidfd = -1;
    int rc    = guardian_copies_check(container, err);
    if (rc == 0 && pause)
        rc = pause_for_it(container, err);
    if (rc < 0)
        return rc;
    rc = linux_container_snapshot(container->linux_, snapshot, &pidfd, err);
    if (rc == 0)
        guardian_copies_add(container, pidfd);
    if (!pause || !container->copies.pauses)
        return rc;
    if (rc == 0)
        container->copies.pause_fd = fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
    if (container->copies.pause_fd < 0) /* nobody would tell that it has ended */
        guardian_snapshot_ended(container);
    return rc;
}
