/*
 * Filters that ask somebody else what to do with a call (SCMP_ACT_NOTIFY): the descriptor on which the kernel asks goes to the agent that
 * listens at linux.seccomp.listenerPath. The process that starts installs the filter, says SETUP_SECCOMP with the descriptor over its
 * status socket, and goes on when it hears SETUP_GO: by then the agent has it, so that no call of the program waits for nobody. Linux only.
 */
#ifndef CV_LINUX_SECCOMP_NOTIFY_H
#define CV_LINUX_SECCOMP_NOTIFY_H

#include <sys/types.h>

#include <cv/error.h>

#include "spec/spec.h"

/* All is borrowed. */
struct linux_seccomp_notify {
    const struct cv_spec* spec;  /* linux.seccomp: listenerPath and listenerMetadata */
    const char*           state; /* the state document of the OCI specification */
};

/* Connect to the agent and give it the "container process state" of the process `pid` (as the runtime sees it) with the descriptor. A
 * connection that takes longer than 10 s is given up. CV_ERR_NOT_FOUND, ...: the text names the listenerPath. */
int linux_seccomp_notify(const struct linux_seccomp_notify* notify, pid_t pid, int seccomp_fd, struct cv_error* err);

/* The same, and answer the process that waits at the other end of `status_fd`: it goes on, or ends with that error. `notify` NULL: nobody
 * was named. Closes seccomp_fd. */
int linux_seccomp_notify_answer(
    const struct linux_seccomp_notify* notify, pid_t pid, int seccomp_fd, int status_fd, struct cv_error* err);

#endif
