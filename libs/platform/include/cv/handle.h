/*
 * A handle is what the system gives for an open file, pipe, socket or terminal: a file descriptor, or a HANDLE on
 * Windows. CV_HANDLE_NONE is none. Handles that this library makes are never inherited by accident (O_CLOEXEC,
 * bInheritHandle = FALSE).
 */
#ifndef CV_HANDLE_H
#define CV_HANDLE_H

#include <chef/containerv/platform.h>
#include <cv/error.h>
#include <cv/native.h>

/* CV_STEAL for handles: take the value out of a variable whose cleanup shall find none. */
#define CV_STEAL_HANDLE(handle)                                                                                        \
    __extension__({                                                                                                    \
        containerv_handle_t cv_handle_ = (handle);                                                                     \
        (handle)                       = CV_HANDLE_NONE;                                                               \
        cv_handle_;                                                                                                    \
    })

/* The program's own stdin (0), stdout (1), stderr (2). Borrowed. CV_HANDLE_NONE when there is none or for another
 * number. */
containerv_handle_t cv_handle_standard(int number);

/* A pipe; neither end is inherited. The caller closes both. Nothing is written to the parameters on failure. */
int cv_handle_pipe(containerv_handle_t* read_out, containerv_handle_t* write_out, struct cv_error* err);

/* Read at most `size` bytes, waiting for the first. *length_out is 0 at the end (the other side closed). */
int cv_handle_read(containerv_handle_t handle, void* buffer, size_t size, size_t* length_out, struct cv_error* err);

/* Write all of it, waiting as long as it takes. */
int cv_handle_write(containerv_handle_t handle, const void* data, size_t length, struct cv_error* err);

/* Close *handle if there is one and set it to CV_HANDLE_NONE. For CV_CLEANUP too. Keeps errno. */
void cv_handle_closep(containerv_handle_t* handle);

#endif
