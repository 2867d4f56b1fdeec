/* Names in archives. Pure. */
#ifndef CV_LINUX_ARCHIVE_NAME_H
#define CV_LINUX_ARCHIVE_NAME_H

#include <cv/error.h>

#include "linux/copy-format.h"

/*
 * A path as an archive has it, without "." and doubled slashes, "" for the top itself. CV_ERR_INVALID for an absolute one and for one with
 * "..", CV_ERR_LIMIT for what is too long or too deep. `name_out` has COPY_PATH_MAX + 1 bytes.
 */
int archive_name_clean(const char* text, char* name_out, struct cv_error* err);

#endif
