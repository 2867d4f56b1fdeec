/* Who "user:group" is in a container: by the container's own etc/passwd and etc/group, which are read as a stranger's files. */
#ifndef CV_LINUX_USERS_H
#define CV_LINUX_USERS_H

#include <cv/error.h>
#include <cv/strv.h>

#include "linux/users-parse.h"

/*
 * Resolve `user` (linux_users_parse) and `extra_groups` (names or numbers, may be NULL) below the folder `root_fd`. Never leaves it, never
 * blocks: symbolic links are followed within it, anything but a regular file of at most LINUX_USERS_FILE_MAX bytes is refused. A file
 * that is missing counts as empty.
 *
 * CV_ERR_INVALID for a text that is no user or a file that is no regular one, CV_ERR_NOT_FOUND for a name that is not there,
 * CV_ERR_LIMIT for a file that is too large. identity_out is released by linux_identity_release().
 */
int linux_users_resolve(int root_fd, const char* user, const struct cv_strv* extra_groups,
    struct linux_identity* identity_out, struct cv_error* err);

#endif
