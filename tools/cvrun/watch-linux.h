/* A process that is watched until it has ended: its signals, and its terminal. */
#ifndef CVRUN_WATCH_LINUX_H
#define CVRUN_WATCH_LINUX_H

#include <stdbool.h>
#include <sys/types.h>

#include <cv/error.h>

#include "spec/spec.h"

/* From here on signals wait for cvrun_watch(). */
int cvrun_watch_prepare(bool subreaper, struct cv_error* err);

/* A terminal that we are to connect with our own is as large from the start, unless its size is said. */
void cvrun_watch_size(struct cv_spec_process* process);

/*
 * Until the child `pid` has ended: all signals are handed on to it; `terminal` (-1: none, else taken over) is connected with our own
 * standard streams, raw where they are a terminal, and as large. *code_out: its exit code, 128 + n when signal n ended it.
 */
int cvrun_watch(pid_t pid, int terminal, int* code_out, struct cv_error* err);

#endif
