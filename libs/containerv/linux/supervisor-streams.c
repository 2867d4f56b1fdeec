#include "linux/supervisor-streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chef/containerv/supervised.h>
#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/guardian.h"

#include <cv/banned.h>

enum { SOURCES = 2 };

/* What a terminal has not told yet is in the kernel's buffers, which are smaller than this. */
#define TERMINAL_REST (UINT64_C(1) << 20)

struct source {
    int      fd; /* -1: none, or it has ended */
    short    ready;
    uint32_t stream;
    int64_t  again_ms; /* not read before; -1: now */
};

struct supervisor_streams {
    struct linux_log_writer* writer;
    struct source            sources[SOURCES];
    bool                     is_terminal; /* sources[0] is its master */
    int                      input_fd;
    bool                     no_input;
    uint32_t                 pending_stream;
    size_t                   pending; /* bytes in the buffer that could not be written */
    int64_t                  again_ms;
    bool                     told; /* that the log can't be written */
    uint8_t                  buffer[SUPERVISOR_STREAMS_BUFFER];
};

/* --- making --- */

static int make_pipe(int* ours, int* theirs, int our_end, struct cv_error* err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cv_error_errno(err, errno, "make a pipe", NULL);
    fcntl(ends[0], F_SETPIPE_SZ, SUPERVISOR_STREAMS_PIPE); /* a smaller one does as well */
    *ours   = ends[our_end];
    *theirs = ends[1 - our_end];
    return 0;
}

static int make_pipes(struct supervisor_streams* streams, bool open_stdin, int theirs[3], struct cv_error* err)
{
    int rc = open_stdin ? make_pipe(&streams->input_fd, &theirs[0], 1, err) : 0;
    for (int i = 0; i < SOURCES && rc == 0; i++) {
        rc = make_pipe(&streams->sources[i].fd, &theirs[i + 1], 0, err);
        if (rc == 0 && fcntl(streams->sources[i].fd, F_SETFL, O_NONBLOCK) < 0)
            rc = cv_error_errno(err, errno, "make a pipe that is not waited for", NULL);
    }
    return rc;
}

int supervisor_streams_open(bool terminal, bool open_stdin, struct linux_log_writer* writer,
    struct supervisor_streams** streams_out, int stdio_out[3], struct cv_error* err)
{
    struct supervisor_streams* streams   = malloc(sizeof(*streams)); /* the buffer costs nothing until it is used */
    int                        theirs[3] = { -1, -1, -1 };
    int                        rc;

    if (streams == NULL)
        return cv_error_no_memory(err);
    streams->writer      = writer;
    streams->sources[0]  = (struct source){ .fd = -1, .stream = CV_STREAM_OUTPUT, .again_ms = -1 };
    streams->sources[1]  = (struct source){ .fd = -1, .stream = CV_STREAM_ERROR, .again_ms = -1 };
    streams->is_terminal = terminal;
    streams->input_fd    = -1;
    streams->no_input    = !terminal && !open_stdin;
    streams->pending     = 0;
    streams->again_ms    = -1;
    streams->told        = false;
    rc                   = terminal ? 0 : make_pipes(streams, open_stdin, theirs, err);
    if (rc < 0) {
        for (int i = 0; i < 3; i++)
            cv_handle_closep(&theirs[i]);
        supervisor_streams_close(streams);
        return cv_error_wrap(err, "make the main process's standard streams");
    }
    for (int i = 0; i < 3; i++)
        stdio_out[i] = theirs[i];
    *streams_out = streams;
    return 0;
}

void supervisor_streams_terminal(struct supervisor_streams* streams, int master_fd)
{
    cv_handle_closep(&streams->sources[0].fd);
    streams->sources[0].fd = master_fd;
}

/* --- the log --- */

/* What is in the buffer. It stays there on failure. */
static int write_pending(struct supervisor_streams* streams, struct cv_error* err)
{
    int rc = linux_log_write(streams->writer, streams->pending_stream, streams->buffer, streams->pending, err);
    if (rc < 0) {
        streams->again_ms = cv_clock_deadline_ms(SUPERVISOR_STREAMS_AGAIN_MS);
        return rc;
    }
    streams->pending  = 0;
    streams->again_ms = -1;
    streams->told     = false;
    return 0;
}

static int tell_once(struct supervisor_streams* streams, int rc)
{
    bool told     = streams->told;
    streams->told = rc < 0;
    return told ? 0 : rc;
}

/* --- reading --- */

enum outcome { READ_SOME, READ_ALL, READ_END }; /* all: of what is there now */

/*
 * A terminal's master is the same open file for those who attach, so it is not made non-blocking for them: it is asked first. One that is
 * only hung up is not read: the container may open it again before that, and have us wait for as long as it likes.
 */
static short ask(const struct supervisor_streams* streams, const struct source* source)
{
    struct pollfd at = { .fd = source->fd, .events = POLLIN };
    if (!streams->is_terminal)
        return POLLIN;
    return poll(&at, 1, 0) == 1 ? at.revents : 0;
}

/* A terminal that nobody has open may be opened again. */
static enum outcome end_source(struct supervisor_streams* streams, struct source* source)
{
    if (streams->is_terminal)
        source->again_ms = cv_clock_deadline_ms(SUPERVISOR_STREAMS_AGAIN_MS);
    else
        cv_handle_closep(&source->fd);
    return READ_END;
}

/* One read of at most `most` bytes into the empty buffer, and to the log. */
static int read_once(
    struct supervisor_streams* streams, struct source* source, uint64_t most, size_t* length_out, struct cv_error* err)
{
    size_t  size = most < sizeof(streams->buffer) ? (size_t)most : sizeof(streams->buffer);
    ssize_t got  = -1;
    int     rc;

    *length_out = 0;
    short there = ask(streams, source);
    if ((there & POLLIN) == 0)
        return there == 0 ? READ_ALL : end_source(streams, source);
    do
        got = read(source->fd, streams->buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return READ_ALL;
    if (got < 0 && !streams->is_terminal) { /* a terminal's end is an error, too */
        rc = cv_error_errno(err, errno, "read what the process writes", NULL);
        (void)end_source(streams, source);
        return rc;
    }
    if (got <= 0)
        return end_source(streams, source);
    *length_out             = (size_t)got;
    streams->pending        = (size_t)got;
    streams->pending_stream = source->stream;
    rc                      = write_pending(streams, err);
    if (rc < 0)
        return rc;
    return (size_t)got < size && !streams->is_terminal ? READ_ALL : READ_SOME;
}

static int read_burst(struct supervisor_streams* streams, struct source* source, struct cv_error* err)
{
    size_t length;
    int    rc = READ_SOME;
    for (int i = 0; i < SUPERVISOR_STREAMS_BURST && rc == READ_SOME; i++)
        rc = read_once(streams, source, SUPERVISOR_STREAMS_BUFFER, &length, err);
    return rc < 0 ? rc : 0;
}

int supervisor_streams_collect(
    struct supervisor_streams* streams, struct guardian_poll* poll, int64_t* deadline_ms, struct cv_error* err)
{
    int rc = 0;
    guardian_sooner(deadline_ms, streams->again_ms);
    for (int i = 0; i < SOURCES && rc == 0; i++) {
        struct source* source = &streams->sources[i];
        if (source->again_ms >= 0 && cv_clock_left_ms(source->again_ms) == 0)
            source->again_ms = -1;
        guardian_sooner(deadline_ms, source->again_ms);
        rc = guardian_poll_add(
            poll, streams->pending > 0 || source->again_ms >= 0 ? -1 : source->fd, POLLIN, &source->ready, err);
    }
    return rc;
}

int supervisor_streams_handle(struct supervisor_streams* streams, struct cv_error* err)
{
    int rc = 0;
    if (streams->pending > 0) {
        if (cv_clock_left_ms(streams->again_ms) > 0)
            return 0;
        rc = write_pending(streams, err);
    }
    for (int i = 0; i < SOURCES && rc == 0; i++)
        if (streams->sources[i].fd >= 0 && streams->sources[i].ready != 0)
            rc = read_burst(streams, &streams->sources[i], err);
    return rc < 0 ? tell_once(streams, rc) : 0;
}

/* --- the end --- */

/* What was there when the process ended, and not what others add meanwhile. */
static uint64_t rest_of(const struct supervisor_streams* streams, const struct source* source)
{
    int count = 0;
    if (streams->is_terminal)
        return TERMINAL_REST;
    return ioctl(source->fd, FIONREAD, &count) == 0 && count > 0 ? (uint64_t)count : 0;
}

static int drain(struct supervisor_streams* streams, struct source* source, struct cv_error* err)
{
    uint64_t rest = source->fd < 0 ? 0 : rest_of(streams, source);
    int      rc   = READ_SOME;
    while (rest > 0 && (rc == READ_SOME || rc == READ_ALL)) {
        size_t length = 0;
        rc            = read_once(streams, source, rest, &length, err);
        rest -= length;
        if (length == 0)
            break;
    }
    return rc < 0 ? rc : 0;
}

int supervisor_streams_finish(struct supervisor_streams* streams, struct cv_error* err)
{
    int rc = streams->pending > 0 ? write_pending(streams, err) : 0;
    for (int i = 0; i < SOURCES && rc == 0; i++)
        rc = drain(streams, &streams->sources[i], err);
    return rc < 0 ? cv_error_wrap(err, "write the last output to the log") : 0;
}

/* --- input --- */

int supervisor_streams_input(struct supervisor_streams* streams, int* fd_out, struct cv_error* err)
{
    int from = streams->is_terminal ? streams->sources[0].fd : streams->input_fd;
    int fd;
    if (streams->no_input || from < 0) {
        cv_error_set(err, CV_ERR_STATE, "the main process has no input that could be written to");
        return cv_error_hint(err, "make the container with an open input or a terminal");
    }
    fd = fcntl(from, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return cv_error_errno(err, errno, "duplicate the input's descriptor", NULL);
    *fd_out = fd;
    return 0;
}

void supervisor_streams_close_input(struct supervisor_streams* streams)
{
    streams->no_input = true;
    cv_handle_closep(&streams->input_fd);
}

void supervisor_streams_close(struct supervisor_streams* streams)
{
    if (streams == NULL)
        return;
    for (int i = 0; i < SOURCES; i++)
        cv_handle_closep(&streams->sources[i].fd);
    cv_handle_closep(&streams->input_fd);
    free(streams);
}
