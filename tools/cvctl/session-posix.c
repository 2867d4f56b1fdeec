/*
 * One process of a container while it is watched: a poll loop over signals, the container's events and, with -t, two terminals.
 *
 *     standard input  --to_program-->  the container's terminal  --to_user-->  standard output
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <cv/macros.h>
#include <cv/terminal.h>

#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

/* Small, so that a write to a terminal that said it has room does not block. */
enum { CHUNK = 1024 };

struct pump {
    int    from, to; /* -1: nothing more from there */
    char   data[CHUNK];
    size_t length, done;
};

struct session {
    struct containerv_container*    container;
    const struct cvctl_run_options* options;
    int                             events, terminal;
    struct pump                     to_program, to_user;
    int                             signals; /* ending ones that were forwarded */
    int                             stopped; /* the one that killed */
};

static bool pump_full(const struct pump* p)
{
    return p->done < p->length;
}

/* One read into an empty pump. At the end of the data (or a terminal whose other side is closed: EIO) there is no more `from`. */
static void pump_read(struct pump* p)
{
    ssize_t n = read(p->from, p->data, sizeof(p->data));

    p->done = p->length = 0;
    if (n > 0)
        p->length = (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        p->from = -1;
}

/* One write. False: the other side is gone for good. */
static bool pump_write(struct pump* p)
{
    ssize_t n = write(p->to, p->data + p->done, p->length - p->done);

    if (n >= 0)
        p->done += (size_t)n;
    return n >= 0 || errno == EINTR || errno == EAGAIN;
}

static int library_failed(struct cv_error* err, const char* doing)
{
    cvctl_last_error(err);
    return cv_error_wrap(err, "%s", doing);
}

static int resize(struct session* s, struct cv_error* err)
{
    unsigned columns, rows;

    if (s->terminal < 0 || cv_terminal_size(0, &columns, &rows, NULL) < 0)
        return 0;
    if (containerv_resize(s->container, CV_PROCESS_MAIN, (uint16_t)columns, (uint16_t)rows) == 0)
        return 0;
    /* it may have ended a moment ago; its exit is the next event */
    return containerv_error_last()->code == CV_ERR_STATE ? 0 : library_failed(err, "resize the terminal");
}

/* The first ending signal goes to the program, which may clean up; the second kills everything in the container. */
static int forward(struct session* s, int number, struct cv_error* err)
{
    int rc;

    if (number == SIGWINCH)
        return resize(s, err);
    if (s->signals++ > 0) {
        s->stopped = number;
        rc         = containerv_kill(s->container);
    } else {
        rc = containerv_signal(s->container, CV_PROCESS_MAIN, number);
    }
    if (rc == 0 || containerv_error_last()->code == CV_ERR_STATE || containerv_error_last()->code == CV_ERR_NOT_FOUND)
        return 0;
    return library_failed(err, s->stopped != 0 ? "kill the container" : "forward a signal");
}

static int take_signals(struct session* s, struct cv_error* err)
{
    int number;

    while ((number = cvctl_signals_take()) != 0)
        if (forward(s, number, err) < 0)
            return err->code;
    return 0;
}

static void take_events(struct session* s)
{
    struct containerv_event event = { .size = sizeof(event) };

    while (containerv_events(s->container, &event) == 0)
        event.size = sizeof(event);
}

/* 1: it has ended, 0: not yet. */
static int look(struct session* s, struct containerv_exit* exit_out, struct cv_error* err)
{
    exit_out->size = sizeof(*exit_out);
    if (containerv_wait(s->container, CV_PROCESS_MAIN, 0, exit_out) == 0)
        return 1;
    return containerv_error_last()->code == CV_ERR_TIMEOUT ? 0 : library_failed(err, "wait for the program");
}

enum { AT_SIGNALS, AT_EVENTS, AT_INPUT, AT_TERMINAL, AT_OUTPUT, AT_COUNT };

static void prepare_poll(const struct session* s, struct pollfd fds[AT_COUNT])
{
    const struct pump *in = &s->to_program, *out = &s->to_user;

    fds[AT_SIGNALS]  = (struct pollfd){ .fd = cvctl_signals_handle(), .events = POLLIN };
    fds[AT_EVENTS]   = (struct pollfd){ .fd = s->events, .events = POLLIN };
    fds[AT_INPUT]    = (struct pollfd){ .fd = pump_full(in) ? -1 : in->from, .events = POLLIN };
    fds[AT_TERMINAL] = (struct pollfd){ .fd = -1 };
    fds[AT_OUTPUT]   = (struct pollfd){ .fd = pump_full(out) ? out->to : -1, .events = POLLOUT };
    if (pump_full(in))
        fds[AT_TERMINAL].events |= POLLOUT;
    if (!pump_full(out) && out->from >= 0)
        fds[AT_TERMINAL].events |= POLLIN;
    if (fds[AT_TERMINAL].events != 0)
        fds[AT_TERMINAL].fd = s->terminal;
}

static int copy(struct session* s, const struct pollfd fds[AT_COUNT], struct cv_error* err)
{
    struct pump *in = &s->to_program, *out = &s->to_user;

    if (fds[AT_INPUT].revents != 0)
        pump_read(in);
    if (fds[AT_TERMINAL].revents != 0 && pump_full(in) && !pump_write(in))
        in->done = in->length; /* nobody reads there any more; the program's end follows */
    if (fds[AT_TERMINAL].revents != 0 && !pump_full(out) && out->from >= 0)
        pump_read(out);
    if (fds[AT_OUTPUT].revents != 0 && !pump_write(out))
        return cv_error_errno(err, errno, "write the program's output", "standard output");
    return 0;
}

/* What the terminal still holds after the program's end. It does not block: the handle is O_NONBLOCK. */
static int drain(struct session* s, struct cv_error* err)
{
    struct pump* out = &s->to_user;

    while (out->from >= 0) {
        while (pump_full(out))
            if (!pump_write(out))
                return cv_error_errno(err, errno, "write the program's output", "standard output");
        pump_read(out);
        if (out->length == 0)
            break;
    }
    return 0;
}

static int watch(struct session* s, struct containerv_exit* exit_out, struct cv_error* err)
{
    for (;;) {
        struct pollfd fds[AT_COUNT];
        int           ended = look(s, exit_out, err);

        if (ended < 0)
            return err->code;
        if (ended == 1)
            return s->terminal < 0 ? 0 : drain(s, err);
        prepare_poll(s, fds);
        if (poll(fds, AT_COUNT, -1) < 0) {
            if (errno == EINTR)
                continue;
            return cv_error_errno(err, errno, "wait for events", NULL);
        }
        if (fds[AT_SIGNALS].revents != 0 && take_signals(s, err) < 0)
            return err->code;
        if (fds[AT_EVENTS].revents != 0)
            take_events(s);
        if (copy(s, fds, err) < 0)
            return err->code;
    }
}

int cvctl_session_command(const struct cvctl_run_options* options, struct containerv_options* made,
    containerv_handle_t* terminal, struct cv_error* err)
{
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn) };
    unsigned                        columns = 0, rows = 0;

    spawn.argv       = (const char* const*)options->command;
    spawn.timeout_ms = options->timeout_ms;
    if (options->terminal) {
        spawn.flags        = CV_SPAWN_TERMINAL;
        spawn.terminal_out = options->detach ? NULL : terminal;
        (void)cv_terminal_size(0, &columns, &rows, NULL); /* one that does not know its size gets the default */
        spawn.columns = (uint16_t)columns;
        spawn.rows    = (uint16_t)rows;
    } else if (!options->detach) {
        spawn.stdio[0].kind = options->interactive ? CV_STDIO_INHERIT : CV_STDIO_NULL;
        spawn.stdio[1].kind = spawn.stdio[2].kind = CV_STDIO_INHERIT;
    }
    return containerv_options_set_command(made, options->command[0], &spawn) != 0
               ? library_failed(err, "set the command")
               : 0;
}

static int connect_terminal(struct session* s, struct cv_terminal_saved** saved_out, struct cv_error* err)
{
    int flags = fcntl(s->terminal, F_GETFL);

    if (flags < 0 || fcntl(s->terminal, F_SETFL, flags | O_NONBLOCK) < 0)
        return cv_error_errno(err, errno, "prepare the terminal", NULL);
    s->to_user.from = s->terminal;
    s->to_user.to   = 1;
    if (!s->options->interactive)
        return 0;
    s->to_program.from = 0;
    s->to_program.to   = s->terminal;
    return cv_terminal_raw(0, saved_out, err);
}

int cvctl_session_run(struct containerv_container* container, const struct cvctl_run_options* options,
    containerv_handle_t terminal, struct containerv_exit* exit_out, int* stopped_out, struct cv_error* err)
{
    struct session                                             s     = { .container = container,
                                                        .options                    = options,
                                                        .events                     = -1,
                                                        .terminal                   = terminal,
                                                        .to_program                 = { .from = -1, .to = -1 },
                                                        .to_user                    = { .from = -1, .to = -1 } };
    CV_CLEANUP(cv_terminal_restorep) struct cv_terminal_saved* saved = NULL;
    containerv_handle_t                                        events;
    int                                                        rc;

    if (containerv_event_fd(container, &events) != 0) {
        cv_handle_closep(&s.terminal);
        return library_failed(err, "watch the container");
    }
    s.events = events;
    rc       = s.terminal >= 0 ? connect_terminal(&s, &saved, err) : 0;
    if (rc == 0)
        rc = resize(&s, err);
    if (rc == 0)
        rc = watch(&s, exit_out, err);
    cv_handle_closep(&s.terminal);
    *stopped_out = s.stopped;
    return rc;
}
