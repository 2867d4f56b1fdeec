/*
 * Giving a tree of the host to the container's user, for good: what a mount with x-containerv.chown asks for. Runs in the guardian, which
 * is the host's root, on folders that others may change meanwhile: so everything goes by descriptor, no name is resolved twice, no
 * symbolic link is followed (the link itself changes its owner), and what is mounted below is left alone.
 */
#ifndef CV_LINUX_CHOWN_H
#define CV_LINUX_CHOWN_H

#include <stdint.h>

#include <cv/error.h>

enum {
    LINUX_CHOWN_DEPTH_MAX = 256,  /* folders in each other; each is an open descriptor */
    LINUX_CHOWN_MS        = 60000 /* the guardian does nothing else meanwhile */
};

/*
 * All that is in the tree of `root_fd` (O_PATH will do; a file counts too). `name` is what errors call it. What has these owners already is
 * not touched, so that a second attempt goes on where the first one ended: with CV_ERR_LIMIT or CV_ERR_TIMEOUT by the numbers above, or
 * at a file that the kernel refused, which the error names.
 */
int linux_chown_tree(int root_fd, uint32_t uid, uint32_t gid, const char* name, struct cv_error* err);

#endif
