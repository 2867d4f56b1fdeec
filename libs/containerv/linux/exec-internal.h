/* The steps of linux_exec(), in the order in which exec.c takes them. */
#ifndef CV_LINUX_EXEC_INTERNAL_H
#define CV_LINUX_EXEC_INTERNAL_H

#include "linux/setup.h"

struct linux_identity;

/* What is still needed after the program's descriptors are in their places. */
struct linux_exec_kept {
    int status, landlock; /* landlock -1: no ruleset */
};

/* exec-identity.c: the user by name or number. The caller releases *who. */
int linux_exec_identity(const struct linux_start* start, struct linux_identity* who, struct cv_error* err);

/* exec-identity.c: who->home, for a program of an OCI runtime's caller that was given no HOME; else it stays NULL. */
int linux_exec_home(const struct linux_exec* what, struct linux_identity* who, struct cv_error* err);

/* exec-identity.c: the container's session keyring, while still root there. */
int linux_exec_keyring(const struct linux_exec* what, struct cv_error* err);

/* exec-streams.c: a terminal of the container's devpts; its master is said over the status socket. */
int linux_exec_terminal(
    const struct linux_exec* what, const struct linux_identity* who, int* slave_out, struct cv_error* err);

/* Each descriptor to its number, *kept high above them, all others closed. */
int linux_exec_wire(const struct linux_exec* what, int slave, struct linux_exec_kept* kept, struct cv_error* err);

/* exec-limits.c. `processes`: RLIMIT_NPROC unless the process has its own; 0: none. */
int linux_exec_limits(const struct cv_spec_process* process, uint64_t processes, struct cv_error* err);

/* exec-limits.c: what else the specification says about the process: personality, scheduling, CPUs, labels. */
int linux_exec_attributes(const struct linux_exec* what, struct cv_error* err);

/* exec-identity.c: all that goes before the user's own working folder is entered. */
int linux_exec_drop_privileges(const struct linux_exec* what, const struct linux_identity* who,
    const struct linux_exec_kept* kept, struct cv_error* err);

/* exec-identity.c: become what the program will be, in another process that starts a program of the container's own before it. Who
 * would be asked by its filter isn't: what that would be about fails. */
int linux_exec_restrict(const struct linux_holding* holding, struct cv_error* err);

/* With one that asks somebody, its descriptor has been given to the agent when this returns; status_fd -1: nobody is asked. */
int linux_exec_filters(const struct linux_exec* what, int status_fd, struct cv_error* err);

/* exec-run.c. find: whoever makes a container is to hear of a program that isn't there, not whoever starts it. */
int linux_exec_find(const struct cv_spec_process* process, struct cv_error* err);
int linux_exec_enter(const char* path, struct cv_error* err);

/* Returns only on failure. `home`: what HOME is, besides the process's environment; NULL: as that has it. */
int linux_exec_run(const struct cv_spec_process* process, const char* home, struct cv_error* err);

#endif
