/*
 * Where things are kept. State survives a reboot, run does not.
 *
 * state:  CONTAINERV_STATE_DIR     the override, an absolute path
 *         /var/lib/containerv      root
 *         $XDG_STATE_HOME/containerv, ~/.local/state/containerv     other users
 *         %ProgramData%\containerv                                  Windows
 *
 * run:    CONTAINERV_RUN_DIR       the override, an absolute path
 *         /run/containerv          root
 *         $XDG_RUNTIME_DIR/containerv, /tmp/containerv-UID          other users
 *                                  the second when the first is not set, not there, or not the user's own
 *         %ProgramData%\containerv\run                              Windows
 *
 * The variables are ignored in programs with more rights than their caller. An override that is not absolute is
 * CV_ERR_INVALID, a user without HOME CV_ERR_NOT_FOUND with a hint. Nothing is made here but the one below /tmp:
 * mode 0700, and CV_ERR_PERMISSION when somebody else was there first. *path_out is malloc'ed.
 */
#ifndef CV_FOLDERS_H
#define CV_FOLDERS_H

#include <cv/error.h>

int cv_folders_state(char** path_out, struct cv_error* err);
int cv_folders_run(char** path_out, struct cv_error* err);

#endif
