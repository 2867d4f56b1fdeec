/* The session keyring of a container: keys of the kernel that its programs find. Linux only. */
#ifndef CV_LINUX_KEYRING_H
#define CV_LINUX_KEYRING_H

#include <stdbool.h>

#include <cv/error.h>

/*
 * Leave the caller's session keyring for "_ses.<name>", as runc calls it: the first process makes it, those that join the container find
 * it. `label`: SELinux label for it, may be NULL. `users`: it belongs to another user namespace's root, who must be let in by name.
 * A kernel without keyrings is no error.
 */
int linux_keyring_join(const char* name, const char* label, bool users, struct cv_error* err);

#endif
