/* Inside the platform library: the system's own answer when no CONTAINERV_*_DIR overrides it (posix/folders.c,
 * windows/folders.c). */
#ifndef CV_FOLDERS_DEFAULT_H
#define CV_FOLDERS_DEFAULT_H

#include <cv/error.h>

int cv_folders_default_state(char** path_out, struct cv_error* err);
int cv_folders_default_run(char** path_out, struct cv_error* err);

#endif
