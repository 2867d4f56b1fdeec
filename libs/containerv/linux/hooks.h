/*
 * Hooks of a configuration: programs of the host's administrator that are told the container's state. Each gets the state on stdin (a
 * file in memory, so that one that doesn't read it holds nobody up), our stdout, and a stderr that we pass on and keep the end of; exactly
 * its own environment; no other descriptor; a process group of its own, which is killed as a whole when its time is over. A process that
 * a hook leaves behind is its own affair, also when it keeps stderr open.
 *
 * For single-threaded programs: what happens between the clone and execve() allocates. Linux only.
 */
#ifndef CV_LINUX_HOOKS_H
#define CV_LINUX_HOOKS_H

#include <stdbool.h>

#include <cv/error.h>

#include "spec/spec.h"

/* Everything is borrowed. */
struct linux_hooks {
    const struct cv_spec_hooks* list;
    const char*                 kind;  /* "prestart", ...: for errors */
    const char*                 state; /* the state document, a NUL-terminated text of any length */
    const char* folder;   /* the working folder: the bundle; NULL: ours, "/" after a change of the mount namespace */
    int         mount_fd; /* mount namespace in which they run and their paths are looked up; -1: ours */
    /* Called in the hook's process, last, to give up rights that it is not to have; NULL: it has ours. */
    int (*shed)(const void* context, struct cv_error* err);
    const void* shed_context;
    bool        go_on; /* one that fails doesn't keep the others from being run (poststart, poststop) */
};

/*
 * Run them in their order and wait for each. A hook fails when it can't be started, ends with another code than 0, dies by a signal, or
 * takes longer than its timeout (CV_ERR_TIMEOUT): the error names kind, index, path, how it ended and the last of its stderr. With
 * `go_on` the first failure is returned after all were run, with how many more there were; the caller warns.
 */
int linux_hooks_run(const struct linux_hooks* hooks, struct cv_error* err);

#endif
