/* What a new tmpfs covers, copied into it ("tmpcopyup"): by descriptor, through no link, bounded. Run in PID 1. */
#ifndef CV_LINUX_COPYUP_H
#define CV_LINUX_COPYUP_H

#include <cv/error.h>

enum { LINUX_COPYUP_MAX_DEPTH = 64, LINUX_COPYUP_MAX_ENTRIES = 262144 };

/*
 * The content of the folder `from_fd`, with owners, modes, times and extended attributes, to the root of the tmpfs `to_fd`. Its size is the filesystem's to bound.
 * Sockets are left out. CV_ERR_LIMIT when it is too deep or too much.
 */
int linux_copyup(int from_fd, int to_fd, struct cv_error* err);

#endif
