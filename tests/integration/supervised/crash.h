/* What the parts of the crash tests share: one life of a supervised container, and what is looked at when somebody was killed in it. */
#ifndef CRASH_H
#define CRASH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "suite.h"

/* How far the caller has come. */
enum crash_step {
    CRASH_BEGUN,
    CRASH_CREATED,
    CRASH_STARTED,
    CRASH_EXECUTED,
    CRASH_COPIED,
    CRASH_STOPPED,
    CRASH_DESTROYED,
    CRASH_STEPS
};

extern const char* const crash_step_names[CRASH_STEPS];
extern char              crash_id[32];   /* not that of another such test which runs */
extern char              crash_base[64]; /* folder of the test: run, state, file */

const char* crash_path(const char* name); /* in it; a few are valid at a time */

/* crash-life.c: a child that creates, starts, enters, copies, stops and destroys the container; each step it has done is a byte in the pipe. It
 * ends with 0, or with 1 as soon as something fails. */
struct crash_caller {
    pid_t           pid;
    int             steps_fd;
    enum crash_step step; /* so far */
};
void crash_start(struct crash_caller* caller);
void crash_look(struct crash_caller* caller); /* read what has come */
/* Until it has ended; false: it hangs. */
bool crash_reap(struct crash_caller* caller, int64_t timeout_ms);

/* crash-find.c: processes. 0: there is none. */
pid_t crash_supervisor(void);
pid_t crash_init(void);         /* the container's first process */
void  crash_reap_orphans(void); /* what a killed caller had started and has ended: ours, as we are a subreaper */

/* What may be lost by the kill. */
enum crash_loss {
    CRASH_NOTHING,
    CRASH_CAUSE, /* how the main process ended: its parent was killed */
    CRASH_OUTPUT /* that, and what the supervisor had not read yet */
};

/* crash-check.c: after the kill. `reached`: the last step that the caller had done. Ends the test with what is wrong; afterwards nothing is
 * left. */
extern struct crash_logs {
    unsigned long checked, lines, known; /* lines of logs, lines that programs are known to have written */
} crash_logs;

void crash_check(enum crash_step reached, enum crash_loss loss);
/* What a test that failed has left must not be the next one's. */
void crash_clear(void);

#endif
