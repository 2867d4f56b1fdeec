/*
 * Secrets: files of the host that a container gets in a small memory file system of its own, read-only at /run/secrets. The guardian makes
 * it: the file system belongs to the host's user namespace, so that no process inside can change what it allows, and the content is
 * nowhere else than in it. It ends with the container's mounts.
 */
#ifndef CV_LINUX_SECRETS_H
#define CV_LINUX_SECRETS_H

#include <cv/error.h>

struct linux_setup;
struct linux_source_context;

enum { LINUX_SECRET_MAX = 1 << 20 /* bytes of one */ };

/* In the guardian: all secrets of the specification in a detached mount. CV_ERR_NOT_FOUND, CV_ERR_INVALID (no regular file; an owner that
 * the container has not), CV_ERR_LIMIT. */
int linux_secrets_make(const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err);

/* In PID 1: put it in its place, where there are some. */
int linux_secrets_place(const struct linux_setup* setup, struct cv_error* err);

#endif
