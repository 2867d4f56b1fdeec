/*
 * Folders that tell by a lock whether their owner lives: a container's home and its groups have one from their birth to the end of whoever
 * has them open, so that somebody with another run folder, who can't see the container's own lock, leaves them alone.
 *
 * Who makes such a folder is within linux_hold_begin() and linux_hold_end() of the folder above; who looks has linux_hold_stop() of it.
 */
#ifndef CV_LINUX_HOLD_H
#define CV_LINUX_HOLD_H

#include <stdbool.h>

#include <cv/error.h>

int  linux_hold_begin(int above_fd, struct cv_error* err);
void linux_hold_end(int above_fd);

/* The folder is held as long as this descriptor is open in any process. */
int linux_hold(int folder_fd, struct cv_error* err);

/* The same, by us alone: CV_ERR_STATE when another has it, who was given a moment to end. `id` is whose folder it is. */
int linux_hold_alone(int folder_fd, const char* id, struct cv_error* err);

/* Nobody begins until the descriptor is closed; waits for those that have begun. */
int linux_hold_stop(int above_fd, struct cv_error* err);

/* Whether somebody holds the folder `name`; also when that can't be told. False: there is none. */
bool linux_hold_look(int above_fd, const char* name, bool* held_out);

#endif
