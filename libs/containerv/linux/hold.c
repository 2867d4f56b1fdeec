#include "linux/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include <cv/banned.h>

enum { ALONE_MS = 500, AGAIN_MS = 5 };

static int lock(int fd, int how, struct cv_error* err)
{
    int result;
    do
        result = flock(fd, how);
    while (result < 0 && errno == EINTR);
    return result < 0 ? cv_error_errno(err, errno, "lock the folder", NULL) : 0;
}

int linux_hold_begin(int above_fd, struct cv_error* err)
{
    return lock(above_fd, LOCK_SH, err);
}

void linux_hold_end(int above_fd)
{
    flock(above_fd, LOCK_UN);
}

int linux_hold(int folder_fd, struct cv_error* err)
{
    return lock(folder_fd, LOCK_SH | LOCK_NB, err);
}

/* A process that is ending closes one descriptor after the other, the container's lock perhaps first. */
int linux_hold_alone(int folder_fd, const char* id, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(ALONE_MS);
    int     result;
    while ((result = flock(folder_fd, LOCK_EX | LOCK_NB)) < 0 && (errno == EINTR || errno == EWOULDBLOCK)
           && cv_clock_left_ms(deadline_ms) > 0)
        poll(NULL, 0, AGAIN_MS);
    if (result == 0)
        return 0;
    if (errno != EWOULDBLOCK && errno != EINTR)
        return cv_error_errno(err, errno, "lock the container's folder", id);
    cv_error_set(err, CV_ERR_STATE, "container '%s' is held by a process whose run folder is another one", id);
    cv_error_object(err, "%s", id);
    return cv_error_hint(err, "use the CONTAINERV_RUN_DIR, or XDG_RUNTIME_DIR, with which it was started");
}

int linux_hold_stop(int above_fd, struct cv_error* err)
{
    return lock(above_fd, LOCK_EX, err);
}

bool linux_hold_look(int above_fd, const char* name, bool* held_out)
{
    CV_CLEANUP(cv_handle_closep) int fd = openat(above_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return false;
    *held_out = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0;
    return true;
}
