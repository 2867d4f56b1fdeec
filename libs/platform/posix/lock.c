#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/lock.h>

#include <cv/banned.h>

struct cv_lock {
    int fd;
};

static int open_lock_file(const char* path, int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = -1;
    struct stat                      info;

    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0 || fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "open the lock file", path);
    if (!S_ISREG(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "the lock file '%s' is not a regular file", path);
    *fd_out = CV_STEAL_HANDLE(fd);
    return 0;
}

int cv_lock_acquire(const char* path, unsigned flags, struct cv_lock** lock_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = -1;
    int operation = ((flags & CV_LOCK_SHARED) != 0 ? LOCK_SH : LOCK_EX) | ((flags & CV_LOCK_WAIT) != 0 ? 0 : LOCK_NB);
    struct cv_lock* lock;
    int             result = open_lock_file(path, &fd, err);

    if (result < 0)
        return result;
    if (TEMP_FAILURE_RETRY(flock(fd, operation)) < 0) {
        if (errno == EWOULDBLOCK)
            return cv_error_set(err, CV_ERR_STATE, "somebody else holds the lock '%s'", path);
        return cv_error_errno(err, errno, "take the lock", path);
    }
    lock = malloc(sizeof(*lock));
    if (lock == NULL)
        return cv_error_no_memory(err);
    lock->fd  = CV_STEAL_HANDLE(fd);
    *lock_out = lock;
    return 0;
}

containerv_handle_t cv_lock_handle(const struct cv_lock* lock)
{
    return lock->fd;
}

/* Closing gives it back, unless a child got the same open file: then its end does. */
struct cv_lock* cv_lock_release(struct cv_lock* lock)
{
    if (lock != NULL) {
        cv_handle_closep(&lock->fd);
        free(lock);
    }
    return NULL;
}
