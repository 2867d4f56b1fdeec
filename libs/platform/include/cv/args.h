/* The program's arguments in UTF-8. On Windows those of main() are in a code page that has not every character. */
#ifndef CV_ARGS_H
#define CV_ARGS_H

#include <cv/error.h>
#include <cv/strv.h>

/* What main() got, or better. The caller releases *args_out; at least one item unless the program was started
 * without any. */
int cv_args_get(int argc, char** argv, struct cv_strv* args_out, struct cv_error* err);

#endif
