/* What the files bare*.c share. */
#ifndef CV_LINUX_BARE_INTERNAL_H
#define CV_LINUX_BARE_INTERNAL_H

#include <cv/lock.h>

#include "linux/bare-make.h"
#include "linux/bare-state.h"
#include "linux/bare.h"
#include "linux/container-internal.h"
#include "linux/oci-cgroup.h"
#include "linux/seccomp-notify.h"

struct linux_bare {
    char*                   root;
    int                     folder_fd;
    struct linux_bare_state state;
    struct linux_bare_info  info;
    struct linux_oci_cgroup cgroup; /* opened when it is asked for */
    bool                    has_cgroup;
    int                     pidfd;   /* of PID 1; -1: it has ended */
    struct cv_error         warning; /* of late hooks */
    bool                    zombie;  /* ended, and its parent has not noticed */
};

/* The specification as it counts for a container of an OCI runtime: absolute root, what our extension has to say. */
int linux_bare_spec(const struct cv_spec* given, const char* bundle, struct cv_spec** spec_out, struct cv_error* err);

/* Ambient capabilities that the kernel would not take. */
void linux_bare_drop_ambient(struct cv_spec_capabilities* caps);

/* CV_ERR_STATE with what it is. */
int linux_bare_wrong_state(const struct linux_bare* bare, const char* what, struct cv_error* err);

/* Hooks whose failure changes nothing: linux_bare_warning(). */
void linux_bare_late_hooks(struct linux_bare* bare, enum linux_bare_hook kind, pid_t pid);

/* Its cgroup, opened once: CV_ERR_NOT_FOUND when it is gone. *cgroup_out is NULL when it never had one. */
int linux_bare_cgroup(struct linux_bare* bare, struct linux_oci_cgroup** cgroup_out, struct cv_error* err);

/* For what can't be done without one: CV_ERR_UNSUPPORTED that says `what`. */
int linux_bare_need_cgroup(
    struct linux_bare* bare, const char* what, struct linux_oci_cgroup** cgroup_out, struct cv_error* err);

/* What is written down now, in place of what was read before. */
int linux_bare_read_spec(struct linux_bare* bare, struct cv_error* err);

/* Whom the filter of a process in it asks; *notify_out borrows the malloc'ed *state_out. Without a listenerPath both are empty: NULL. */
int linux_bare_notify(const struct linux_bare* bare, const char* status, struct linux_seccomp_notify* notify_out,
    char** state_out, struct cv_error* err);

/* Of a container's folder: CV_ERR_PERMISSION when another user could have written what is in it. */
int linux_bare_check_owner(int folder_fd, const char* path, struct cv_error* err);

/* "<root>/<id>", made by nobody else. */
int linux_bare_make_folder(const char* root, const char* id, int* folder_fd_out, struct cv_error* err);
int linux_bare_remove_folder(const char* root, const char* id, struct cv_error* err);
/* Folders where the back end looks for a home. Freed by linux_home_release(). */
int linux_bare_home(const char* root, const char* id, int folder_fd, struct linux_home* home_out, struct cv_error* err);

/* A terminal's other end goes to whoever listens at the console socket, or to *terminal_fd_out. */
int linux_bare_pass_terminal(int console_fd, struct linux_child* child, int* terminal_fd_out, struct cv_error* err);
int linux_bare_write_pid(const char* path, pid_t pid, struct cv_error* err);

/* bare-settle.c: what went wrong there. */
int linux_bare_settled(struct cv_error* err);

/* Start the program anew, as it was started; returns only on failure. */
int linux_bare_start_anew(struct cv_error* err);

/* bare-user.c: what went wrong there, and that its containers have their own user namespace. */
int linux_bare_check_user(const struct cv_spec* spec, struct cv_error* err);

/* Start time and state of a process; CV_ERR_NOT_FOUND when there is none. */
int linux_bare_read_stat(pid_t pid, uint64_t* start_out, char* state_out, struct cv_error* err);

#endif
