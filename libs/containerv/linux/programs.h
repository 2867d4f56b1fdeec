/* Where the back end's other programs are. */
#ifndef CV_LINUX_PROGRAMS_H
#define CV_LINUX_PROGRAMS_H

#include <cv/error.h>

/*
 * The program that the environment `variable` names, else the one that was installed beside this code. *path_out is malloc'ed.
 * CV_ERR_NOT_FOUND, with the fix, when it can't be run.
 */
int linux_program_find(const char* name, const char* variable, char** path_out, struct cv_error* err);

/* Where the program would be: `relative` (the way between the two folders of the install) from the folder of the file `self`. Looks at
 * nothing. *path_out is malloc'ed. */
int linux_program_beside(const char* self, const char* relative, char** path_out, struct cv_error* err);

#endif
