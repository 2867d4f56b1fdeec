/*
 * Waiting for the end of a child, for so long and no longer: the kernel keeps a process that was killed as long as it is inside a
 * filesystem that doesn't answer, and whose filesystem that is can be up to the container.
 */
#ifndef CV_LINUX_REAP_H
#define CV_LINUX_REAP_H

#include <signal.h>
#include <stdint.h>

#include <cv/error.h>

struct rusage;

/* By pidfd. The outputs may be NULL. CV_ERR_TIMEOUT: it has not ended; then it is nobody's until it is reaped by somebody else. */
int linux_reap(int pidfd, int64_t timeout_ms, siginfo_t* info_out, struct rusage* usage_out, struct cv_error* err);

#endif
