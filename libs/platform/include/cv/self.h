/* Where our own code was loaded from, to find the files that were installed beside it. */
#ifndef CV_SELF_H
#define CV_SELF_H

#include <cv/error.h>

/*
 * The absolute path of the program or shared library whose memory has `address` (take that of one of your
 * functions). *path_out is malloc'ed. CV_ERR_NOT_FOUND when no file is mapped there or it was removed since.
 */
int cv_self_path(const void* address, char** path_out, struct cv_error* err);

#endif
