/* Waiting for a process of a container beside a poll loop: a thread that waits, and a descriptor that tells. */
#ifndef CVCTL_WAITER_POSIX_H
#define CVCTL_WAITER_POSIX_H

#include <pthread.h>
#include <stdbool.h>

#include <chef/containerv.h>
#include <cv/error.h>

struct cvctl_waiter {
    struct containerv_container* container;
    process_handle_t             process;
    pthread_t                    thread;
    int                          pipe[2]; /* [0] is readable once it has ended; -1: not started */
    int                          rc;
    struct containerv_exit       exit;
    struct cv_error              err;
};

#define CVCTL_WAITER_INIT                                                                                              \
    {                                                                                                                  \
        .pipe = { -1, -1 }                                                                                             \
    }

/* The container must live until cvctl_waiter_take(), or until cvctl ends. */
int cvctl_waiter_start(struct cvctl_waiter* waiter, struct containerv_container* container, process_handle_t process,
    struct cv_error* err);

/* After its descriptor was readable: how the process ended, or why that can't be known. */
int cvctl_waiter_take(struct cvctl_waiter* waiter, struct containerv_exit* exit_out, struct cv_error* err);

#endif
