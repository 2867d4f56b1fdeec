#include <errno.h>
#include <sys/random.h>

#include <cv/random.h>

#include <cv/banned.h>

int cv_random_bytes(void* buffer, size_t length, struct cv_error* err)
{
    char* at = buffer;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cv_error_errno(err, errno, "get random bytes", NULL);
        at += got;
        length -= (size_t)got;
    }
    return 0;
}
