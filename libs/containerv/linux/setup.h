/*
 * Making one container, seen from its PID 1. The guardian fills this in, clones, and hands over the mounts that only it can make; the
 * clone has a copy of all of it. Not on the wire, never outlives the create.
 */
#ifndef CV_LINUX_SETUP_H
#define CV_LINUX_SETUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "linux/caps.h"
#include "linux/container.h"
#include "linux/landlock-plan.h"
#include "linux/limits.h"
#include "linux/net-plan.h"
#include "linux/seccomp.h"

struct linux_cgroup_mounts;

enum { SETUP_DEVICES = 6 };

/* What the guardian and PID 1 say over the control socket, one datagram each. */
enum setup_word {
    SETUP_NOTHING  = 0,
    SETUP_ROOT     = 1,  /* guardian: here is the root, detached */
    SETUP_SOURCE   = 2,  /* guardian: here is the source of mount `index`, detached */
    SETUP_DEVICE   = 3,  /* guardian: device `index` of the extension, detached */
    SETUP_BUILD    = 4,  /* guardian: that was all, the id maps are written */
    SETUP_BUILT    = 5,  /* PID 1: the root is in place, the last namespaces are made */
    SETUP_GO       = 6,  /* guardian: the network is there */
    SETUP_FAILED   = 7,  /* PID 1 or a process that starts: error */
    SETUP_READY    = 8,  /* PID 1: complete; with Landlock's ruleset for further programs, if there is one */
    SETUP_TERMINAL = 9,  /* a process that starts: its terminal's other end */
    SETUP_CHILD    = 10, /* the one that joins: pid and pidfd of the process */
    SETUP_ENDED    = 11, /* PID 1: how the main process ended */
    SETUP_SECRETS  = 12, /* guardian: the secrets, detached */
    SETUP_HELD     = 13, /* PID 1 of an OCI runtime: it only has to be started */
    SETUP_SECCOMP  = 14, /* a process that starts: where its filter asks; it waits for SETUP_GO */
};

struct setup_message {
    enum setup_word     word;
    unsigned            index;
    pid_t               pid;
    struct linux_status status;
    struct cv_error     error;
};

int setup_say(int socket_fd, const struct setup_message* message, int fd, struct cv_error* err);

/* CV_ERR_LOST when the other end is gone. *fd_out is -1 if none came. */
int setup_hear(int socket_fd, struct setup_message* message_out, int* fd_out, struct cv_error* err);

/* The same, for one expected word: SETUP_FAILED becomes this function's own error, anything else CV_ERR_PROTOCOL. */
int setup_expect(int socket_fd, enum setup_word word, struct cv_error* err);

/* The same with the descriptor that may come along, -1 without. */
int setup_expect_fd(int socket_fd, enum setup_word word, int* fd_out, struct cv_error* err);

struct linux_bare_make;

struct linux_setup {
    const struct cv_spec*         spec;
    const struct linux_start*     main; /* NULL: none */
    const char*                   id;
    struct net_plan               net;
    struct linux_caps             caps; /* largest set that any process may have */
    struct linux_seccomp_filter   seccomp, tcp_filter;
    struct landlock_plan          landlock;
    int                           landlock_fd; /* the ruleset that PID 1 has made; -1 */
    const struct linux_limits*    limits;      /* groups to go into first of all */
    bool                          userns;      /* own user namespace */
    uint32_t                      ids;         /* that it has, from 0 on; 0: the host's */
    const struct linux_bare_make* bare;        /* of an OCI runtime; NULL */
    bool                          in_groups;   /* it is in its groups already */
    bool                          seal;        /* SYS_ADMIN is granted: lock the mounts in a nested user namespace */
    int                           control_fd;  /* PID 1's end; the guardian's own is closed in the clone */
    int                           start_fd;   /* where the main process tells that it can't start; closed by its exec */
    int                           null_fd;    /* the host's null device */
    int*                          source_fds; /* one a mount of the spec, -1 */
    int*                          device_fds; /* one a device of the extension */
    int                           secrets_fd; /* -1: none */
    int                           root_fd;
    bool                          no_pivot;    /* the host's root is an initramfs: move and chroot */
    int                           view_fds[2]; /* of enum setup_view, while the root is built; -1 */
    int                           dev_fd;      /* what is mounted on /dev, while the root is built; -1 */
    bool                          dev_bound;   /* it is the host's: a bind mount */
    struct linux_cgroup_mounts*   cgroups;     /* while the root is built; NULL: no mount needs it */
};

/* Mounts whose content the host trusts: what is done in them goes by their own descriptor, since their place in the root can be moved. */
enum setup_view { SETUP_PROC, SETUP_SYS };

/* No process could be made, for the reason in errno: with a hint when that is a limit. */
int setup_no_process(const char* step, const char* object, struct cv_error* err);

/* PID 1 from its first instruction on. */
_Noreturn void linux_pid1(struct linux_setup* setup);

/* End with the guardian, and let nobody look into our memory. A change of ids forgets both, so it is said again after each. */
int linux_pid1_protect(struct cv_error* err);

/* rootfs.c: build the root from the descriptors, pivot into it. Step by step, the error names the mount. */
int linux_rootfs_build(struct linux_setup* setup, struct cv_error* err);

/* The set of flags that a list of namespaces means. PID 1 makes its cgroup and its time namespace itself: those two are not for clone. */
unsigned long linux_namespace_flags(const struct cv_spec* spec);
unsigned long linux_namespace_new_flags(const struct cv_spec* spec); /* without those that are given by a path */

struct linux_holding;
struct linux_identity;

/* exec.c: become the program, in the container. Returns only on failure. */
struct linux_exec {
    const struct cv_spec*              spec; /* of the container */
    const struct linux_start*          start;
    const struct linux_seccomp_filter *seccomp, *tcp_filter;
    int                                landlock_fd; /* -1: none */
    int                                status_fd;   /* gets SETUP_TERMINAL; close-on-exec */
    int                                null_fd;
    uint64_t                           processes;       /* RLIMIT_NPROC unless the process has its own; 0: none */
    bool                               die_with_parent; /* it is PID 1 itself */
    bool                               further;         /* one that joins: not the container's first */
    /* Called when its streams are in place and the program was found, NULL: not. Gives what becomes the status channel. */
    int (*hold)(const struct linux_holding* holding, int* status_fd, struct cv_error* err);
    void* hold_context;
};
/* What waits to become a program, and as whom. */
struct linux_holding {
    const struct linux_exec*     what;
    const struct linux_identity* who;
    bool                         is_user; /* it is that user already, and has his rights */
};

int linux_exec(const struct linux_exec* what, struct cv_error* err);

/* exec-limits.c: the score of the calling process, which its children inherit. To be called while it still is the host's user and sees the
 * host's /proc: in a user namespace its files there are not its own. `unseen`: no process of a container can look into it yet. */
int linux_exec_oom_score(const struct cv_spec_process* process, bool unseen, struct cv_error* err);

/* exec-limits.c: hard limits that the process wants higher than they are, while that is still allowed: of PID 1 (0: the calling process). What
 * does not succeed is told when the limits are set. */
void linux_exec_raise_limits(pid_t pid, const struct cv_spec_process* process);

#endif
