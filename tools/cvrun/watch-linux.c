/*
 * A process while it is watched: one poll loop over signals, its end, and its terminal.
 *
 *     our standard input  --to_program-->  the process's terminal  --to_user-->  our standard output
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/terminal.h>

#include "cvrun.h"
#include "watch-linux.h"

#include <cv/banned.h>

enum { CHUNK = 4096 };

struct pump {
    int    from, to; /* -1: nothing more from there */
    char   buffer[CHUNK];
    size_t length, done;
};

struct watch {
    pid_t       pid;
    int         terminal, signals;
    struct pump to_program, to_user;
    bool        ended;
    int         status;
};

static bool full(const struct pump* p)
{
    return p->done < p->length;
}

/* One read. At the end, or when the other side of a terminal is closed (EIO), there is no more `from`. */
static void fill(struct pump* p)
{
    ssize_t n = read(p->from, p->buffer, sizeof(p->buffer));

    p->done = p->length = 0;
    if (n > 0)
        p->length = (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        p->from = -1;
}

/* One write. Whoever reads no more is written to no more. */
static void drain(struct pump* p)
{
    ssize_t n = write(p->to, p->buffer + p->done, p->length - p->done);

    if (n >= 0)
        p->done += (size_t)n;
    else if (errno != EINTR && errno != EAGAIN)
        p->done = p->length;
}

/* --- signals ---------------------------------------------------------------------------------------------------------------------- */

/* All but those that are about us: our own children, our faults, our writes, and stops by our terminal. */
static void handed_on(sigset_t* set)
{
    static const int ours[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGTTIN, SIGTTOU };

    sigfillset(set);
    for (size_t i = 0; i < CV_ARRAY_LEN(ours); i++)
        sigdelset(set, ours[i]);
}

int cvrun_watch_prepare(bool subreaper, struct cv_error* err)
{
    sigset_t set;

    handed_on(&set);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return cv_error_errno(err, errno, "hold signals back", NULL);
    if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "become the parent of orphans", NULL);
    return 0;
}

/* Of the first of our streams that is a terminal. */
static bool own_size(struct winsize* size_out)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (ioctl(fd, TIOCGWINSZ, size_out) == 0)
            return size_out->ws_row > 0 && size_out->ws_col > 0;
    return false;
}

void cvrun_watch_size(struct cv_spec_process* process)
{
    struct winsize size;

    if (process->console_size_set || !own_size(&size))
        return;
    process->console_size_set = true;
    process->console_height   = size.ws_row;
    process->console_width    = size.ws_col;
}

static void resize(const struct watch* w)
{
    struct winsize size;

    if (w->terminal >= 0 && own_size(&size))
        (void)ioctl(w->terminal, TIOCSWINSZ, &size);
}

static void reap(struct watch* w)
{
    int   status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == w->pid) {
            w->ended  = true;
            w->status = status;
        }
}

static void take_signals(struct watch* w)
{
    struct signalfd_siginfo info;

    while (read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            reap(w);
        else if (info.ssi_signo == SIGWINCH)
            resize(w);
        else if (!w->ended && info.ssi_signo != SIGURG) /* not reaped yet: the number is still its own */
            (void)kill(w->pid, (int)info.ssi_signo);
    }
}

/* --- the loop --------------------------------------------------------------------------------------------------------------------- */

static int open_signals(struct watch* w, struct cv_error* err)
{
    sigset_t set;

    handed_on(&set);
    signal(SIGPIPE, SIG_IGN);
    w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (w->signals < 0)
        return cv_error_errno(err, errno, "wait for signals", NULL);
    reap(w); /* it may have ended before we looked */
    return 0;
}

static int connect_terminal(struct watch* w, struct cv_terminal_saved** saved_out, struct cv_error* err)
{
    int flags = w->terminal >= 0 ? fcntl(w->terminal, F_GETFL) : 0;

    if (w->terminal < 0)
        return 0;
    if (flags < 0 || fcntl(w->terminal, F_SETFL, flags | O_NONBLOCK) < 0)
        return cv_error_errno(err, errno, "prepare the terminal", NULL);
    w->to_program.from = STDIN_FILENO;
    w->to_program.to = w->to_user.from = w->terminal;
    w->to_user.to                      = STDOUT_FILENO;
    return cv_terminal_is(STDIN_FILENO) ? cv_terminal_raw(STDIN_FILENO, saved_out, err) : 0;
}

static int turn(struct watch* w, struct cv_error* err)
{
    struct pump * in = &w->to_program, *out = &w->to_user;
    struct pollfd fds[] = {
        { .fd = w->signals, .events = POLLIN },
        { .fd = full(in) ? -1 : in->from, .events = POLLIN },
        { .fd = full(in) ? in->to : -1, .events = POLLOUT },
        { .fd = full(out) ? -1 : out->from, .events = POLLIN },
        { .fd = full(out) ? out->to : -1, .events = POLLOUT },
    };

    if (poll(fds, CV_ARRAY_LEN(fds), -1) < 0)
        return errno == EINTR ? 0 : cv_error_errno(err, errno, "wait for events", NULL);
    if (fds[0].revents != 0)
        take_signals(w);
    if (fds[1].revents != 0)
        fill(in);
    if (fds[2].revents != 0)
        drain(in);
    if (fds[3].revents != 0)
        fill(out);
    if (fds[4].revents != 0)
        drain(out);
    return 0;
}

/* What the terminal still holds after the end; others of the container may go on writing, which is not waited for. */
static void empty_terminal(struct pump* out)
{
    for (;;) {
        while (full(out))
            drain(out);
        if (out->from < 0)
            return;
        fill(out);
        if (out->length == 0)
            return;
    }
}

static int watch(struct watch* w, struct cv_error* err)
{
    CV_CLEANUP(cv_terminal_restorep) struct cv_terminal_saved* saved = NULL;

    if (connect_terminal(w, &saved, err) < 0)
        return err->code;
    while (!w->ended)
        if (turn(w, err) < 0)
            return err->code;
    if (w->terminal >= 0)
        empty_terminal(&w->to_user);
    return 0;
}

int cvrun_watch(pid_t pid, int terminal, int* code_out, struct cv_error* err)
{
    struct watch w  = { .pid = pid,
         .terminal           = terminal,
         .signals            = -1,
         .to_program         = { .from = -1, .to = -1 },
         .to_user            = { .from = -1, .to = -1 } };
    int          rc = open_signals(&w, err) < 0 ? err->code : watch(&w, err);

    cv_handle_closep(&w.signals);
    cv_handle_closep(&w.terminal);
    if (rc == 0)
        *code_out = WIFEXITED(w.status) ? WEXITSTATUS(w.status) : CVRUN_EXIT_SIGNAL + WTERMSIG(w.status);
    return rc;
}
