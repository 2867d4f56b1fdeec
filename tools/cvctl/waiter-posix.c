#include "waiter-posix.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cv/handle.h>

#include "cvctl.h"

#include <cv/banned.h>

static void* wait_for(void* context)
{
    struct cvctl_waiter* waiter = context;

    waiter->exit.size = sizeof(waiter->exit);
    waiter->rc        = containerv_wait(waiter->container, waiter->process, -1, &waiter->exit);
    if (waiter->rc != 0)
        cvctl_last_error(&waiter->err); /* each thread has its own */
    cv_handle_closep(&waiter->pipe[1]);
    return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(struct cvctl_waiter* waiter)
{
    sigset_t all, before;
    int      rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&waiter->thread, NULL, wait_for, waiter);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int cvctl_waiter_start(
    struct cvctl_waiter* waiter, struct containerv_container* container, process_handle_t process, struct cv_error* err)
{
    int rc;

    waiter->container = container;
    waiter->process   = process;
    if (cv_handle_pipe(&waiter->pipe[0], &waiter->pipe[1], err) < 0)
        return err->code;
    rc = start_thread(waiter);
    if (rc == 0)
        return 0;
    cv_handle_closep(&waiter->pipe[0]);
    cv_handle_closep(&waiter->pipe[1]);
    return cv_error_errno(err, rc, "start a thread", NULL);
}

int cvctl_waiter_take(struct cvctl_waiter* waiter, struct containerv_exit* exit_out, struct cv_error* err)
{
    pthread_join(waiter->thread, NULL);
    cv_handle_closep(&waiter->pipe[0]);
    if (waiter->rc != 0) {
        *err = waiter->err;
        return err->code;
    }
    *exit_out = waiter->exit;
    return 0;
}
