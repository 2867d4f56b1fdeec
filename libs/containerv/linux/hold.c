#include "linux/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cv/handle.h>

#include <cv/banned.h>

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
