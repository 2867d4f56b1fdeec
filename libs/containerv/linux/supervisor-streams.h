/* Standard streams of a supervised container's main process: what it writes goes to the log, and what is written to it comes from whoever
 * attaches. One of these for each run. Never blocks; holds one buffer. */
#ifndef CV_LINUX_SUPERVISOR_STREAMS_H
#define CV_LINUX_SUPERVISOR_STREAMS_H

#include <stdbool.h>

#include <cv/error.h>

#include "linux/log.h"

enum {
    SUPERVISOR_STREAMS_BUFFER = 128 << 10, /* all the memory that is held */
    SUPERVISOR_STREAMS_PIPE   = 1 << 20,   /* bytes of a pipe, where the system lets us */
    SUPERVISOR_STREAMS_BURST  = 8,
    SUPERVISOR_STREAMS_AGAIN_MS =
        1000 /* to the next try to write the log, or to read a terminal that nobody has open */
};

struct guardian_poll;
struct supervisor_streams;

/*
 * Make the pipes. stdio_out gets the process's ends, which the caller closes once it has started; with a terminal they are all -1, and the
 * terminal comes by supervisor_streams_terminal(). `writer` is borrowed. `open_stdin`: input is a pipe, else -1.
 */
int  supervisor_streams_open(bool terminal, bool open_stdin, struct linux_log_writer* writer,
     struct supervisor_streams** streams_out, int stdio_out[3], struct cv_error* err);
void supervisor_streams_terminal(struct supervisor_streams* streams, int master_fd); /* takes it */

/* In the loop. handle: what poll found, at most SUPERVISOR_STREAMS_BURST reads of each; a log that can't be written is told once by `err`.
 * It is tried again each second, and until then nothing is read: the process waits, nothing is lost. */
int supervisor_streams_collect(
    struct supervisor_streams* streams, struct guardian_poll* poll, int64_t* deadline_ms, struct cv_error* err);
int supervisor_streams_handle(struct supervisor_streams* streams, struct cv_error* err);

/* The main process has ended: all that it wrote goes to the log, without waiting for others that may hold the other ends, however much these
 * write. When the log can't be written, nothing is lost yet: call it again, or close. */
int supervisor_streams_finish(struct supervisor_streams* streams, struct cv_error* err);

/* Another descriptor of the input, blocking; CV_ERR_STATE when there is none (any more). */
int  supervisor_streams_input(struct supervisor_streams* streams, int* fd_out, struct cv_error* err);
void supervisor_streams_close_input(
    struct supervisor_streams* streams); /* a terminal stays, it is just given to nobody any more */
void supervisor_streams_close(struct supervisor_streams* streams); /* NULL is fine */

#endif
