/*
 * The part of the cgroup version 2 tree that was delegated to a user: his containers' groups are in "containerv" below the group that
 * the program was started in. Where that was is noted in each container's run folder, since who sweeps may run elsewhere.
 */
#ifndef CV_LINUX_DELEGATED_H
#define CV_LINUX_DELEGATED_H

#include <cv/error.h>

/* Open (make when missing) the folder that holds the groups. CV_ERR_UNSUPPORTED, with the fix, when nothing was delegated. */
int linux_delegated_open_parent(int* parent_fd_out, struct cv_error* err);

/* Note it in the container's run folder; and open what was noted. CV_ERR_NOT_FOUND: nothing was, or it is gone. */
int linux_delegated_note(int run_folder_fd, struct cv_error* err);
int linux_delegated_open_noted(int run_folder_fd, int* parent_fd_out, struct cv_error* err);

/*
 * A group that has processes can't hand controllers on. Where the delegated one has none but the guardian and its caller, both move to
 * one below. `caller_socket`: connected to the caller. CV_ERR_STATE, with the fix, when others are in it.
 */
int linux_delegated_make_room(int caller_socket, struct cv_error* err);

#endif
