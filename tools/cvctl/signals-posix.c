/* Signals as bytes in a pipe, so that one poll loop sees them beside everything else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/macros.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

static int                   signal_pipe[2] = { -1, -1 };
static volatile sig_atomic_t first_stop;

static void on_signal(int number)
{
    int           saved = errno;
    unsigned char byte  = (unsigned char)number;

    if (number != SIGWINCH && first_stop == 0)
        first_stop = number;
    /* a full pipe holds thousands of signals that nobody has taken yet: one more changes nothing */
    if (write(signal_pipe[1], &byte, 1) < 0)
        errno = 0;
    errno = saved;
}

int cvctl_signals_catch(struct cv_error* err)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
    struct sigaction action    = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

    if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return cv_error_errno(err, errno, "make a pipe for signals", NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CV_ARRAY_LEN(numbers); i++) {
        struct sigaction before;

        /* nohup and shells' background jobs ignore some: that stays so */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        if (sigaction(numbers[i], &action, NULL) < 0)
            return cv_error_errno(err, errno, "catch a signal", NULL);
    }
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an error of a write here, not our end */
    return 0;
}

containerv_handle_t cvctl_signals_handle(void)
{
    return signal_pipe[0];
}

int cvctl_signals_take(void)
{
    unsigned char byte;

    return read(signal_pipe[0], &byte, 1) == 1 ? byte : 0;
}

int cvctl_signals_stop(void)
{
    return first_stop;
}

static void end(int number)
{
    _exit(CVCTL_EXIT_SIGNAL + number);
}

void cvctl_signals_end(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action    = { .sa_handler = end };

    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGPIPE, &action, NULL); /* also where a caller had it ignored */
    for (size_t i = 0; i < CV_ARRAY_LEN(numbers); i++) {
        struct sigaction before;

        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(numbers[i], &action, NULL);
    }
}

void cvctl_signals_pause(int64_t milliseconds)
{
    int64_t deadline = cv_clock_deadline_ms(milliseconds);
    int64_t left;

    while ((left = cv_clock_left_ms(deadline)) > 0)
        (void)poll(NULL, 0, left > INT32_MAX ? INT32_MAX : (int)left);
}
