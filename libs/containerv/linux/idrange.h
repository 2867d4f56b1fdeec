/*
 * Ids of the host for one container: LINUX_IDRANGE_SIZE user and group ids from LINUX_IDRANGE_BASE + slot * LINUX_IDRANGE_SIZE.
 *
 * A slot is held by an flock on <run_dir>/ids/<slot>. The kernel frees it when the last descriptor of that open file is closed: when
 * the holder dies. A forked child that keeps the descriptor keeps the slot, so it must close it. The files stay: removing one while
 * another process opens it would let two hold the same slot.
 */
#ifndef CV_LINUX_IDRANGE_H
#define CV_LINUX_IDRANGE_H

#include <stdint.h>

#include <cv/error.h>

#include "linux/idrange-plan.h"

struct linux_idrange {
    uint32_t base, size; /* first id on the host, for users and groups alike; number of ids */
    int      slot;
    int      lock_fd; /* -1: holds nothing */
};

#define LINUX_IDRANGE_INIT                                                                                             \
    {                                                                                                                  \
        .slot = -1, .lock_fd = -1                                                                                      \
    }

/* Take a free slot, beginning at a random one. run_dir is absolute and must exist. CV_ERR_LIMIT when none is free. Thread-safe. */
int linux_idrange_claim(const char* run_dir, struct linux_idrange* range_out, struct cv_error* err);

/* Give it back. Nothing happens when it holds nothing. */
void linux_idrange_release(struct linux_idrange* range);

#endif
