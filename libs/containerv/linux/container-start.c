/* Hearing of a program that starts until it has reached its exec. */
#include <errno.h>
#include <poll.h>

#include <cv/clock.h>

#include "linux/container-internal.h"
#include "linux/fd.h"
#include "linux/seccomp-notify.h"

enum { HEAR_TRIES = 3 };

static void note(
    int start_fd, const struct setup_message* message, int fd, struct linux_child* child, struct cv_error* failure)
{
    if (message->word == SETUP_TERMINAL) {
        child->terminal_fd = fd;
    } else if (message->word == SETUP_CHILD) {
        child->pid   = message->pid;
        child->pidfd = fd;
        child->ours  = true;
    } else if (message->word == SETUP_SECCOMP) {
        linux_seccomp_notify_answer(child->notify, child->pid, fd, start_fd, failure);
    } else {
        linux_fd_closep(&fd);
        if (message->word == SETUP_FAILED) {
            *failure   = message->error;
            child->pid = message->pid > 0 ? message->pid : child->pid;
        } else {
            cv_error_set(failure, CV_ERR_PROTOCOL, "word %d came from a program that starts", message->word);
        }
    }
}

/* Between its clone and its exec a program can be stopped by those that are in the container already: they must not stop us, too. */
static int hear_in_time(
    int start_fd, int64_t deadline_ms, struct setup_message* message, int* fd_out, struct cv_error* err)
{
    struct pollfd entry = { .fd = start_fd, .events = POLLIN };
    int           got;
    do
        got = poll(&entry, 1, (int)cv_clock_left_ms(deadline_ms));
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return setup_hear(start_fd, message, fd_out, err);
    if (got < 0)
        return cv_error_errno(err, errno, "wait for a program to start", NULL);
    cv_error_set(err, CV_ERR_TIMEOUT, "the program has not started within %d ms", (int)LINUX_CONTAINER_START_MS);
    cv_error_step(err, "wait for a program to start");
    return cv_error_hint(err, "a process of the container may have stopped it, or its file can't be read");
}

/* All that is said, in whatever order, until the exec (or the end) of everybody who could speak has closed the channel, or the program
 * of an OCI runtime waits. */
int linux_container_hear_start(int start_fd, struct linux_child* child, struct cv_error* err)
{
    struct cv_error failure     = CV_ERROR_INIT;
    int             unheard     = 0;
    int64_t         deadline_ms = cv_clock_deadline_ms(LINUX_CONTAINER_START_MS);
    for (;;) {
        struct setup_message message;
        int                  fd = -1;
        message.word            = SETUP_NOTHING;
        int rc                  = hear_in_time(start_fd, deadline_ms, &message, &fd, err);
        if (rc == CV_ERR_LOST || (rc == 0 && message.word == SETUP_HELD))
            break;
        if (rc == 0 || message.word == SETUP_CHILD) /* that one is known even if its pidfd found no room */
            note(start_fd, &message, fd, child, &failure);
        if (rc == CV_ERR_TIMEOUT || (rc < 0 && ++unheard == HEAR_TRIES))
            return rc;
        if (rc < 0) /* go on: it may be the word about a process that nobody else knows of */
            failure = *err;
    }
    if (failure.code < 0)
        *err = failure;
    return failure.code;
}
