/*
 * The container that the fault tests make again and again: its description, what it reports from the inside (report.c), and what must be
 * left of it. All functions end the test with a message that has `subject_progress` in it when something is not as it should be.
 */
#ifndef CV_TEST_FAULTS_SUBJECT_H
#define CV_TEST_FAULTS_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include <cv-test/support.h>

#include "linux/container.h"

enum subject_kind {
    SUBJECT_INIT,    /* layers, a network, an init */
    SUBJECT_NO_INIT, /* the same, the program is PID 1 */
    SUBJECT_LIMITS,  /* layers, limits of memory, processes, CPUs and of the upper, rules of devices, a chosen cgroup */
    SUBJECT_GRANTED, /* a folder, SYS_ADMIN, a terminal, another user, a device, limits */
};

extern char subject_progress[128]; /* what is tried */

/* For a test of its own: the folders, and what a guardian makes once. */
int subject_setup(void** state);
int subject_teardown(void** state);

/* `stay`: the program runs until it is killed. */
void subject_make(enum subject_kind kind, bool stay);
void subject_free(void);

struct cv_spec* subject_spec(void);

/* What a start of the program needs; its output can be read once by subject_report(). Not closed before that or subject_no_report(). */
struct linux_start subject_start(void);

/* What the program says, malloc'ed. */
char* subject_report(const struct linux_child* child);
void  subject_no_report(void);

/* The container is as isolated as the other one: the reports are equal. */
void subject_compare(const char* report, const char* reference);

/* With SUBJECT_LIMITS: they are kept. */
void subject_check_limits(const struct linux_container* container);

/* What a process and the host have; equal before and after. */
struct subject_state {
    size_t fds, mounts;
};
struct subject_state subject_state_now(void);
void                 subject_check_state(const struct subject_state* before);

void subject_check_nothing_left(const struct subject_state* before);
bool subject_trash_is_empty(void);

/* Calls that may fail without anybody being told, each with a reason. */
void subject_check_tolerated(const char* call);

/* Every STRIDE-th call is tried with CV_FAULTS_ALL unset, from a random start, so that runs in time cover all. */
unsigned subject_first(void);
unsigned subject_step(void);

#endif
