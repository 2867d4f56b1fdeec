/* A process that is watched until it has ended: its signals, and its terminal. */
#ifndef CVRUN_WATCH_LINUX_H
#define CVRUN_WATCH_LINUX_H

#include <stdbool.h>
#include <sys/types.h>

#include <cv/error.h>

/* From here on signals wait for cvrun_watch(). */
int cvrun_watch_prepare(bool subreaper, struct cv_error* err);

/*
 * Until the child `pid` has ended: all signals are handed on to it; `terminal` (-1: none, else taken over) is connected with our own
 * standard streams, raw where they are a terminal, and as large. *code_out: its exit code, 128 + n when signal n ended it.
 */
int cvrun_watch(pid_t pid, int terminal, int* code_out, struct cv_error* err);

#endif
