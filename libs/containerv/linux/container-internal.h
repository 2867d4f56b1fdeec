/* What the files container*.c and join.c share. */
#ifndef CV_LINUX_CONTAINER_INTERNAL_H
#define CV_LINUX_CONTAINER_INTERNAL_H

#include "linux/container.h"
#include "linux/home.h"
#include "linux/idrange.h"
#include "linux/limits.h"
#include "linux/oci-cgroup.h"
#include "linux/setup.h"

struct clone_args;
struct linux_bare_make;
struct linux_net_devices;

enum {
    LINUX_CONTAINER_KILL_MS  = 10000,
    LINUX_CONTAINER_REAP_MS  = 2000, /* at least, for a process that was killed to be gone */
    LINUX_CONTAINER_START_MS = 20000 /* for a program to reach its exec */
};

struct linux_container {
    struct linux_home             home;
    struct linux_idrange          range; /* lock_fd -1: no user namespace */
    struct linux_seccomp_filter   seccomp, tcp_filter;
    int                           landlock_fd; /* the ruleset for programs; -1 */
    struct cv_spec*               spec;
    int                           parent_fd, group_fd; /* cgroup */
    struct linux_limits           limits;
    enum linux_oci_manager        cgroup_manager; /* of a bare one */
    struct linux_oci_cgroup       oci;      /* of a bare one: where its cgroup is. The groups are group_fd and limits */
    int                           upper_fd; /* of limited size, -1: it has none */
    int                           null_fd;
    pid_t                         pid; /* PID 1, 0 before it is there */
    int                           pidfd;
    int                           control_fd;
    bool                          claimed, has_link, in_rdt, reaped;
    bool                          userns;     /* it has a user namespace of its own, or a given one */
    bool                          borrowed;   /* the home is somebody else's, who gives it back himself */
    int64_t                       gone_by_ms; /* 0: it was not killed yet */
    const struct linux_bare_make* bare;       /* while an OCI runtime makes it */
    struct linux_net_devices*     devices;    /* the host's that it got; NULL: none */
    int                           start_fd;   /* then: where PID 1 says that it waits to be started; -1 */
    struct linux_container*       next_left;
};

/* container.c */
void linux_container_free(struct linux_container* c);

/* container-cgroup.c: its groups with their limits, and the end of those. */
int linux_container_claim_cgroup(struct linux_container* c, struct cv_error* err);
int linux_container_remove_group(const struct linux_container* c, struct cv_error* err);
int linux_container_kill_group(struct linux_container* c, struct cv_error* err); /* one that has none: nothing */

/* For a bare one that another process has made: its groups by path (NULL: it has none). CV_ERR_NOT_FOUND. */
int linux_container_open_cgroup(struct linux_container* c, const char* path, bool systemd, struct cv_error* err);

/* container-provide.c: all that PID 1 can't make itself is handed to it over its control socket. */
int linux_container_provide(struct linux_container* c, int control_fd, struct cv_error* err);
int linux_container_hand_over(int control_fd, enum setup_word word, size_t index, int fd, struct cv_error* err);
int linux_container_open_namespace(
    const struct linux_container* c, const char* name, int* fd_out, struct cv_error* err);

/* container-life.c: from the first time that it is killed, how long it may still take. */
int64_t linux_container_patience_ms(struct linux_container* c);

/* join.c: for a fork of the guardian. Of the container's namespaces those of `mask` are joined, and its root is entered. */
int linux_join_namespaces(const struct linux_container* container, unsigned long mask, struct cv_error* err);
int linux_join_become_root(const struct linux_container* container, struct cv_error* err);

/* As linux_container_create_in(), for an OCI runtime: up to where PID 1 waits to be started. `make` is borrowed for the call. */
int linux_container_create_bare(const struct linux_home* home, const struct cv_spec* spec,
    const struct linux_start* main, const struct linux_bare_make* make, struct linux_container** container_out,
    struct linux_child* main_out, struct cv_error* err);

/* End and reap a process that was started, and close what belongs to it. */
void linux_join_give_up(struct linux_child* child);

/* An empty one, to be filled and freed. NULL: no memory. */
struct linux_container* linux_container_new(struct cv_error* err);

/* clone3(2) into the container's cgroup where it has one. */
pid_t linux_container_clone(const struct linux_container* container, struct clone_args* args);

/* Wait until a program that starts has reached its exec; *err must not be NULL. */
int linux_container_hear_start(int start_fd, struct linux_child* child, struct cv_error* err);

#endif
