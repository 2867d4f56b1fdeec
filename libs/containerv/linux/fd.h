/* Descriptors: closing at the end of the scope, keeping only some, handing them over. */
#ifndef CV_LINUX_FD_H
#define CV_LINUX_FD_H

#include <stddef.h>

#include <cv/error.h>
#include <cv/macros.h>

/* CV_CLEANUP(linux_fd_closep) int fd = -1; */
void linux_fd_closep(const int* fd);
int  linux_fd_steal(int* fd);

/* Close every descriptor but these. For a fresh child: it must not hold what belongs to other containers. Sorts `keep`. */
int linux_fd_close_others(int* keep, size_t count, struct cv_error* err);

/* For a fresh child, which shows its environment to those who may look at it: that is its caller's, and nobody's business. */
void linux_forget_environment(void);

/* One datagram with at most one descriptor (-1: none), as the guardian and its own forks say to each other. */
int linux_fd_send(int socket_fd, const void* data, size_t length, int fd, struct cv_error* err);

/* @return bytes received, 0 at the end; -1 with err. *fd_out is -1 if none came. One that came and finds no room (no number is free) is a
 * failure, never "none": it may be what keeps a program in its bounds. The data is there then, too. */
long linux_fd_receive(int socket_fd, void* data, size_t size, int* fd_out, struct cv_error* err);

#endif
