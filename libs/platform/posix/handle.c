#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cv/handle.h>

#include <cv/banned.h>

containerv_handle_t cv_handle_standard(int number)
{
    return number >= 0 && number <= 2 && fcntl(number, F_GETFD) >= 0 ? number : CV_HANDLE_NONE;
}

int cv_handle_pipe(containerv_handle_t* read_out, containerv_handle_t* write_out, struct cv_error* err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cv_error_errno(err, errno, "make a pipe", NULL);
    *read_out  = ends[0];
    *write_out = ends[1];
    return 0;
}

int cv_handle_read(containerv_handle_t handle, void* buffer, size_t size, size_t* length_out, struct cv_error* err)
{
    ssize_t length = TEMP_FAILURE_RETRY(read(handle, buffer, size));
    if (length < 0)
        return cv_error_errno(err, errno, "read", NULL);
    *length_out = (size_t)length;
    return 0;
}

int cv_handle_write(containerv_handle_t handle, const void* data, size_t length, struct cv_error* err)
{
    const char* at = data;
    while (length > 0) {
        ssize_t written = TEMP_FAILURE_RETRY(write(handle, at, length));
        if (written < 0)
            return cv_error_errno(err, errno, "write", NULL);
        at += written;
        length -= (size_t)written;
    }
    return 0;
}

/* close() must not be repeated on EINTR: Linux has closed it all the same. */
void cv_handle_closep(containerv_handle_t* handle)
{
    int saved = errno;
    if (*handle >= 0)
        close(*handle);
    *handle = CV_HANDLE_NONE;
    errno   = saved;
}
