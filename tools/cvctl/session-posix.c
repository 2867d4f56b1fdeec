/*
 * One process of a container while it is watched: a poll loop over signals, its end, and what is typed and written.
 *
 *     standard input  --to_program-->  the container's terminal  --to_user-->  standard output
 *     standard input  --to_program-->  input of the container,   its log  --to_user-->  standard output and error
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
#include "waiter-posix.h"

#include <cv/banned.h>

/* Small, so that a write to a terminal that said it has room does not block. */
enum { CHUNK = 1024, MOMENT_MS = 50 };

struct pump {
    int         from, to; /* -1: nothing more from there */
    char        buffer[CHUNK + CVCTL_DETACH_KEYS_MAX];
    const char* data; /* `buffer`, or a record of the log */
    size_t      length, done;
};

struct session {
    struct cvctl_session*    with;
    int                      events; /* -1: looked for no more */
    struct cvctl_waiter*     waiter;
    struct pump              to_program, to_user;
    int                      signals; /* ending ones that were forwarded */
    bool                     log_ended;
    struct containerv_exit   waited; /* what the waiter told */
    bool                     has_waited;
    struct cvctl_session_end end;
};

static bool pump_full(const struct pump* p)
{
    return p->done < p->length;
}

/* One read into an empty pump. At the end of the data (or a terminal whose other side is closed: EIO) there is no more `from`. */
static void pump_read(struct pump* p)
{
    ssize_t n = read(p->from, p->buffer, CHUNK);

    p->data = p->buffer;
    p->done = p->length = 0;
    if (n > 0)
        p->length = (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        p->from = -1;
}

/* One write. False: the other side is gone for good. */
static bool pump_write(struct pump* p)
{
    size_t  left = p->length - p->done;
    ssize_t n    = write(p->to, p->data + p->done, left < CHUNK ? left : CHUNK);

    if (n >= 0)
        p->done += (size_t)n;
    return n >= 0 || errno == EINTR || errno == EAGAIN;
}

static int library_failed(struct cv_error* err, const char* doing)
{
    cvctl_last_error(err);
    return cv_error_wrap(err, "%s", doing);
}

static bool is_terminal(const struct session* s)
{
    return s->with->terminal >= 0 || s->with->is_terminal;
}

static int resize(struct session* s, struct cv_error* err)
{
    unsigned columns, rows;

    if (!is_terminal(s) || cv_terminal_size(0, &columns, &rows, NULL) < 0)
        return 0;
    if (containerv_resize(s->with->container, s->with->process, (uint16_t)columns, (uint16_t)rows) == 0)
        return 0;
    /* it may have ended a moment ago; its exit is the next event */
    return containerv_error_last()->code == CV_ERR_STATE || containerv_error_last()->code == CV_ERR_NOT_FOUND
               ? 0
               : library_failed(err, "resize the terminal");
}

/* The first ending signal goes to the program, which may clean up; the second kills. Who only looks passes all of them on. */
static int forward(struct session* s, int number, struct cv_error* err)
{
    const struct cvctl_session* with = s->with;
    int                         rc;

    if (number == SIGWINCH)
        return resize(s, err);
    if (with->no_signals) {
        s->end.stopped  = number;
        s->end.detached = true;
        return 0;
    }
    if (s->signals++ == 0 || with->only_looks) {
        rc = containerv_signal(with->container, with->process, number);
    } else {
        s->end.stopped = number;
        rc             = with->kills_all ? containerv_kill(with->container)
                                         : containerv_signal(with->container, with->process, SIGKILL);
    }
    if (rc == 0 || containerv_error_last()->code == CV_ERR_STATE || containerv_error_last()->code == CV_ERR_NOT_FOUND)
        return 0;
    return library_failed(err, s->end.stopped != 0 ? "kill the container" : "forward a signal");
}

static int take_signals(struct session* s, struct cv_error* err)
{
    int number;

    while ((number = cvctl_signals_take()) != 0)
        if (forward(s, number, err) < 0)
            return err->code;
    return 0;
}

/* --- the end ---------------------------------------------------------------------------------------------------------------------- */

static void take_events(struct session* s)
{
    struct containerv_event event = { .size = sizeof(event) };

    while (containerv_events(s->with->container, &event) == 0)
        event.size = sizeof(event);
}

static bool uses_waiter(const struct session* s)
{
    return s->with->log != NULL || s->with->process != CV_PROCESS_MAIN;
}

/* The waiter has told. Its failure counts only where nothing else tells: an attached container may be taken away at its end. */
static int take_waiter(struct session* s, struct cv_error* err)
{
    int rc = cvctl_waiter_take(s->waiter, &s->waited, err);

    s->events     = -1;
    s->has_waited = rc == 0;
    return rc < 0 && s->with->log == NULL ? cv_error_wrap(err, "wait for the program") : 0;
}

/* Of a container that was started again meanwhile, the last end counts. */
static int end_of_log(struct session* s, struct cv_error* err)
{
    struct containerv_exit last = { .size = sizeof(last) };

    if (containerv_wait(s->with->container, CV_PROCESS_MAIN, 0, &last) == 0)
        s->end.exit = last;
    else if (s->has_waited)
        s->end.exit = s->waited;
    else
        return library_failed(err, "wait for the container");
    return 1;
}

/* 1: it has ended, 0: not yet. */
static int look(struct session* s, struct cv_error* err)
{
    if (s->with->log != NULL)
        return s->log_ended && !pump_full(&s->to_user) ? end_of_log(s, err) : 0;
    if (uses_waiter(s)) {
        s->end.exit = s->waited;
        return s->has_waited ? 1 : 0;
    }
    s->end.exit.size = sizeof(s->end.exit);
    if (containerv_wait(s->with->container, CV_PROCESS_MAIN, 0, &s->end.exit) == 0)
        return 1;
    return containerv_error_last()->code == CV_ERR_TIMEOUT ? 0 : library_failed(err, "wait for the program");
}

static int watch_end(struct session* s, struct cv_error* err)
{
    containerv_handle_t events;

    if (uses_waiter(s)) {
        if (cvctl_waiter_start(s->waiter, s->with->container, s->with->process, err) < 0)
            return err->code;
        s->events = s->waiter->pipe[0];
        return 0;
    }
    if (containerv_event_fd(s->with->container, &events) != 0)
        return library_failed(err, "watch the container");
    s->events = events;
    return 0;
}

/* --- what is typed and written ---------------------------------------------------------------------------------------------------- */

/* Keys that may mean to leave are held back. */
static void take_typed(struct session* s)
{
    struct pump* in = &s->to_program;
    char         typed[CHUNK];

    pump_read(in);
    if (s->with->keys == NULL || in->length == 0)
        return;
    memcpy(typed, in->buffer, in->length);
    s->end.detached = cvctl_detach_keys_scan(s->with->keys, typed, in->length, in->buffer, &in->length);
}

/* The caller's input is at its end. */
static void end_input(struct session* s)
{
    if (s->with->input_ends && s->with->input >= 0)
        (void)containerv_close_input(s->with->container); /* where that fails, it ends with the container */
    cv_handle_closep(&s->with->input);
}

/* The next record, unless one is being written. */
static int take_record(struct session* s, struct cv_error* err)
{
    struct containerv_log_record record = { .size = sizeof(record) };
    struct pump*                 out    = &s->to_user;
    int                          rc;

    if (s->with->log == NULL || s->log_ended || pump_full(out))
        return 0;
    rc = containerv_log_read(s->with->log, 0, &record);
    if (rc == CV_ERR_TIMEOUT)
        return 0;
    if (rc < 0)
        return library_failed(err, "read the container's log");
    s->log_ended = rc == 1;
    out->done    = 0;
    out->length  = rc == 0 ? record.length : 0;
    out->data    = record.data;
    out->to      = record.stream == CV_STREAM_ERROR ? 2 : 1;
    return 0;
}

/* A reader of a log that has gone leaves the container alone, and quietly. */
static int output_failed(struct session* s, struct cv_error* err)
{
    if (s->with->log == NULL || errno != EPIPE)
        return cv_error_errno(err, errno, "write the program's output", "standard output");
    s->end.detached = true;
    s->end.stopped  = SIGPIPE;
    return 0;
}

enum { AT_SIGNALS, AT_EVENTS, AT_INPUT, AT_TO_PROGRAM, AT_FROM_PROGRAM, AT_LOG, AT_OUTPUT, AT_COUNT };

static void prepare_poll(const struct session* s, struct pollfd fds[AT_COUNT])
{
    const struct pump * in = &s->to_program, *out = &s->to_user;
    containerv_handle_t log = CV_HANDLE_NONE;

    if (s->with->log != NULL && !pump_full(out) && containerv_log_handle(s->with->log, &log) != 0)
        log = CV_HANDLE_NONE;
    fds[AT_SIGNALS]      = (struct pollfd){ .fd = cvctl_signals_handle(), .events = POLLIN };
    fds[AT_EVENTS]       = (struct pollfd){ .fd = s->events, .events = POLLIN };
    fds[AT_INPUT]        = (struct pollfd){ .fd = pump_full(in) ? -1 : in->from, .events = POLLIN };
    fds[AT_TO_PROGRAM]   = (struct pollfd){ .fd = pump_full(in) ? in->to : -1, .events = POLLOUT };
    fds[AT_FROM_PROGRAM] = (struct pollfd){ .fd = pump_full(out) ? -1 : out->from, .events = POLLIN };
    fds[AT_LOG]          = (struct pollfd){ .fd = log, .events = POLLIN };
    fds[AT_OUTPUT]       = (struct pollfd){ .fd = pump_full(out) ? out->to : -1, .events = POLLOUT };
}

static int copy(struct session* s, const struct pollfd fds[AT_COUNT], struct cv_error* err)
{
    struct pump *in = &s->to_program, *out = &s->to_user;

    if (fds[AT_INPUT].revents != 0)
        take_typed(s);
    if (fds[AT_TO_PROGRAM].revents != 0 && !pump_write(in))
        in->done = in->length; /* nobody reads there any more; the program's end follows */
    if (in->from < 0 && !pump_full(in))
        end_input(s);
    if (fds[AT_FROM_PROGRAM].revents != 0)
        pump_read(out);
    if (fds[AT_OUTPUT].revents != 0 && !pump_write(out))
        return output_failed(s, err);
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

/* In a child of its own, which has nothing else of ours: read what nobody looks at, until the program ends. */
static void swallow(int terminal)
{
    char data[CHUNK];
    int  null = open("/dev/null", O_RDWR);

    for (int fd = 0; fd < 3; fd++)
        (void)dup2(null, fd);
    (void)dup2(terminal, 3);
    (void)close_range(4, ~0U, 0);
    (void)fcntl(3, F_SETFL, 0); /* waits */
    setsid();
    while (read(3, data, sizeof(data)) > 0 || errno == EINTR)
        errno = 0;
    _exit(0);
}

/* A terminal whose other side is closed hangs up on its program, and one that nobody reads stops it. */
static int hold_terminal(int terminal, struct cv_error* err)
{
    pid_t child = fork(); /* only system calls are made in it: there is another thread */

    if (child == 0)
        swallow(terminal);
    return child > 0 ? 0 : cv_error_errno(err, errno, "leave the program's terminal open", NULL);
}

/* What was typed before the keys that leave still arrives, when there is room for it. */
static int leave(struct session* s, struct cv_error* err)
{
    if (pump_full(&s->to_program) && s->to_program.to >= 0)
        (void)pump_write(&s->to_program);
    return s->with->terminal >= 0 ? hold_terminal(s->with->terminal, err) : 0;
}

static int turn(struct session* s, struct cv_error* err)
{
    struct pollfd fds[AT_COUNT];

    prepare_poll(s, fds);
    if (poll(fds, AT_COUNT, -1) < 0)
        return errno == EINTR ? 0 : cv_error_errno(err, errno, "wait for events", NULL);
    if (fds[AT_SIGNALS].revents != 0 && take_signals(s, err) < 0)
        return err->code;
    if (fds[AT_EVENTS].revents != 0 && uses_waiter(s) && take_waiter(s, err) < 0)
        return err->code;
    if (fds[AT_EVENTS].revents != 0 && !uses_waiter(s))
        take_events(s);
    return copy(s, fds, err);
}

static int watch(struct session* s, struct cv_error* err)
{
    for (;;) {
        int ended = take_record(s, err) < 0 ? err->code : look(s, err);

        if (ended < 0)
            return err->code;
        if (ended == 1)
            return drain(s, err);
        if (turn(s, err) < 0)
            return err->code;
        if (s->end.detached)
            return leave(s, err);
    }
}

void cvctl_session_streams(bool interactive, containerv_handle_t* terminal, struct containerv_spawn_options* spawn)
{
    unsigned columns = 0, rows = 0;

    if (terminal != NULL) {
        spawn->flags |= CV_SPAWN_TERMINAL;
        spawn->terminal_out = terminal;
        (void)cv_terminal_size(0, &columns, &rows, NULL); /* one that does not know its size gets the default */
        spawn->columns = (uint16_t)columns;
        spawn->rows    = (uint16_t)rows;
        return;
    }
    spawn->stdio[0].kind = interactive ? CV_STDIO_INHERIT : CV_STDIO_NULL;
    spawn->stdio[1].kind = spawn->stdio[2].kind = CV_STDIO_INHERIT;
}

int cvctl_session_command(const struct cvctl_run_options* options, struct containerv_options* made,
    containerv_handle_t* terminal, struct cv_error* err)
{
    struct containerv_spawn_options spawn = { .size = sizeof(spawn) };

    spawn.argv       = (const char* const*)options->command;
    spawn.timeout_ms = options->timeout_ms;
    if (options->terminal || !options->detach)
        cvctl_session_streams(options->interactive, options->terminal ? terminal : NULL, &spawn);
    if (options->detach)
        spawn.terminal_out = NULL; /* the supervisor has it */
    return containerv_options_set_command(made, options->command[0], &spawn) != 0
               ? library_failed(err, "set the command")
               : 0;
}

/* Both ends of the container's terminal, or of its input. Raw only where what is typed goes to a terminal. */
static int connect_streams(struct session* s, struct cv_terminal_saved** saved_out, struct cv_error* err)
{
    const struct cvctl_session* with  = s->with;
    int                         flags = with->terminal >= 0 ? fcntl(with->terminal, F_GETFL) : 0;

    if (flags < 0 || (with->terminal >= 0 && fcntl(with->terminal, F_SETFL, flags | O_NONBLOCK) < 0))
        return cv_error_errno(err, errno, "prepare the terminal", NULL);
    s->to_user.from  = with->terminal;
    s->to_user.to    = 1;
    s->to_program.to = with->terminal >= 0 ? with->terminal : with->input;
    if (!with->interactive || s->to_program.to < 0)
        return 0;
    s->to_program.from = 0;
    return is_terminal(s) && cv_terminal_is(0) ? cv_terminal_raw(0, saved_out, err) : 0;
}

/*
 * Most programs end soon, and the waiter's thread costs more than many of them: where nothing is to be copied, it comes after a moment only.
 * A signal is forwarded at the end of that, at the latest. 1: it has ended, 0: not yet.
 */
static int wait_a_moment(struct session* s, struct cv_error* err)
{
    int rc;

    if (!uses_waiter(s) || s->with->log != NULL || s->with->terminal >= 0 || s->with->input >= 0)
        return 0;
    s->end.exit.size = sizeof(s->end.exit);
    rc               = containerv_wait(s->with->container, s->with->process, MOMENT_MS, &s->end.exit);
    if (rc == 0)
        return 1;
    return rc == CV_ERR_TIMEOUT ? 0 : library_failed(err, "wait for the program");
}

static int run_session(struct session* s, struct cv_error* err)
{
    CV_CLEANUP(cv_terminal_restorep) struct cv_terminal_saved* saved = NULL;
    int                                                        rc    = wait_a_moment(s, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (watch_end(s, err) < 0 || connect_streams(s, &saved, err) < 0 || resize(s, err) < 0)
        return err->code;
    return watch(s, err);
}

struct cvctl_session cvctl_session_of(struct containerv_container* container, bool interactive)
{
    return (struct cvctl_session){ .container = container,
        .process                              = CV_PROCESS_MAIN,
        .interactive                          = interactive,
        .terminal                             = CV_HANDLE_NONE,
        .input                                = CV_HANDLE_NONE };
}

int cvctl_session_run(struct cvctl_session* session, struct cvctl_session_end* end_out, struct cv_error* err)
{
    static struct cvctl_waiter waiter = CVCTL_WAITER_INIT; /* its thread may still be there when we leave */
    struct session             s      = { .with = session,
                         .events                = -1,
                         .waiter                = &waiter,
                         .to_program            = { .from = -1, .to = -1 },
                         .to_user               = { .from = -1, .to = -1 } };
    int                        rc     = run_session(&s, err);

    cv_handle_closep(&session->terminal);
    cv_handle_closep(&session->input);
    containerv_log_close(session->log);
    session->log = NULL;
    *end_out     = s.end;
    return rc;
}
