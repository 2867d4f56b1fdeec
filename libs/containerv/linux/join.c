/*
 * A further process in a container. A fork of the guardian joins the namespaces, clones once more (only a new process gets into a PID
 * namespace) as a child of the guardian, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/container-internal.h"
#include "linux/fd.h"
#include "linux/intel-rdt.h"
#include "linux/reap.h"
#include "linux/schedule.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"

struct join {
    const struct linux_container* container;
    const struct linux_start*     start;
    int                           status_fd;
};

static int keep_own_fds(const struct join* join, struct cv_error* err)
{
    int    keep[3 + 4 + 256];
    size_t n = 0;
    if (join->start->extra_count > 256)
        return cv_error_set(
            err, CV_ERR_INVALID, "%zu descriptors are too many for one program", join->start->extra_count);
    keep[n++] = join->status_fd;
    keep[n++] = join->container->null_fd;
    keep[n++] = join->container->pidfd;
    keep[n++] = join->container->landlock_fd;
    for (int i = 0; i < 3; i++)
        keep[n++] = join->start->stdio[i];
    for (size_t i = 0; i < join->start->extra_count; i++)
        keep[n++] = join->start->extra[i];
    return linux_fd_close_others(keep, n, err);
}

int linux_join_namespaces(const struct linux_container* container, unsigned long mask, struct cv_error* err)
{
    unsigned long flags = linux_namespace_flags(container->spec) & mask;
    if (setns(container->pidfd, (int)flags) < 0)
        return cv_error_errno(err, errno, "join the container's namespaces", container->home.id);
    if (chdir("/") < 0)
        return cv_error_errno(err, errno, "enter the container's root", NULL);
    return 0;
}

/* A program that is in the container already must not get at this process, which still is the guardian. */
static int protect(struct cv_error* err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "protect a process that starts", NULL);
    return 0;
}

int linux_join_become_root(const struct linux_container* container, struct cv_error* err)
{
    if (container->userns
        && (linux_unprivileged_setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return cv_error_errno(err, errno, "become root in the user namespace", NULL);
    return protect(err);
}

static _Noreturn void be_program(const struct join* join)
{
    struct cv_error   error = CV_ERROR_INIT;
    struct linux_exec what  = { .spec = join->container->spec,
         .start                       = join->start,
         .further                     = true,
         .seccomp                     = &join->container->seccomp,
         .tcp_filter                  = &join->container->tcp_filter,
         .landlock_fd                 = join->container->landlock_fd,
         .status_fd                   = join->status_fd,
         .null_fd                     = join->container->null_fd,
         .processes                   = join->container->limits.processes_rlimit };
    linux_forget_environment();
    if (linux_join_become_root(join->container, &error) < 0) {
        struct setup_message message = { .word = SETUP_FAILED, .error = error };
        setup_say(join->status_fd, &message, -1, NULL);
    } else {
        linux_exec(&what, &error);
    }
    _exit(127);
}

/* On failure *pid_out may have become that of a process that is killed, and not waited for: it is the guardian's. */
static int clone_program(const struct join* join, pid_t* pid_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int pidfd   = -1;
    struct setup_message            message = { .word = SETUP_CHILD };
    struct clone_args args = { .flags = CLONE_PARENT | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd };
    message.pid            = sys_clone3(&args);
    if (message.pid == 0)
        be_program(join);
    if (message.pid < 0)
        return setup_no_process("start a process in the container", join->container->home.id, err);
    int rc   = setup_say(join->status_fd, &message, pidfd, err);
    *pid_out = message.pid;
    if (rc < 0) /* nobody would know of it */
        sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    return rc;
}

static _Noreturn void joiner(const struct join* join)
{
    struct setup_message message = { .word = SETUP_FAILED, .error = CV_ERROR_INIT };
    int                  rc      = protect(&message.error);
    linux_exec_raise_limits(0, join->start->process);
    if (rc == 0)
        rc = linux_exec_oom_score(
            join->start->process, cv_spec_namespace(join->container->spec, "pid") != NULL, &message.error);
    if (rc == 0)
        rc = linux_limits_join(&join->container->limits, &message.error);
    if (rc == 0)
        rc = linux_rdt_enter(join->container->spec, join->container->home.id, 0, &message.error);
    if (rc == 0)
        rc = keep_own_fds(join, &message.error);
    if (rc == 0)
        rc = linux_join_namespaces(join->container, ~0UL, &message.error);
    if (rc == 0)
        rc = clone_program(join, &message.pid, &message.error);
    if (rc < 0)
        setup_say(join->status_fd, &message, -1, NULL);
    _exit(rc < 0 ? 1 : 0);
}

/* It has not become its program: one that does not end in time stays in the guardian's process group, as a stray. */
void linux_join_give_up(struct linux_child* child)
{
    if (child->pid > 0) /* ours and not waited for: nobody else has its number */
        kill(child->pid, SIGKILL);
    if (child->pid > 0 && child->pidfd < 0) /* it found no room */
        child->pidfd = sys_pidfd_open(child->pid, 0);
    if (child->pid > 0 && child->pidfd >= 0)
        linux_reap(child->pidfd, LINUX_CONTAINER_REAP_MS, NULL, NULL, NULL);
    linux_fd_closep(&child->pidfd);
    linux_fd_closep(&child->terminal_fd);
}

static pid_t clone_joiner(const struct join* join, int* pidfd_out, struct cv_error* err)
{
    struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd_out, .exit_signal = SIGCHLD };
    struct linux_cpus home;
    const char*       cpus = join->start->process->exec_cpu_affinity.initial; /* ours, until it is in the cgroup */
    if (linux_affinity_leave(cpus, &home, err) < 0)
        return -1;
    pid_t pid = linux_container_clone(join->container, &args);
    if (pid == 0)
        joiner(join);
    if (pid < 0)
        setup_no_process("start a process in the container", join->container->home.id, err);
    linux_affinity_return(cpus, &home);
    return pid;
}

int linux_container_spawn(struct linux_container* container, const struct linux_start* start,
    struct linux_child* child_out, bool* is_main_out, struct cv_error* err)
{
    int                pair[2];
    struct cv_error    own   = CV_ERROR_INIT;
    struct linux_child child = { .pidfd = -1, .terminal_fd = -1, .notify = start->notify };
    err                      = err != NULL ? err : &own;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return cv_error_errno(err, errno, "make a socket pair", NULL);
    struct join                     join   = { .container = container, .start = start, .status_fd = pair[1] };
    CV_CLEANUP(linux_fd_closep) int joiner = -1;
    pid_t                           pid    = clone_joiner(&join, &joiner, err);
    close(pair[1]);
    int rc = pid < 0 ? err->code : linux_container_hear_start(pair[0], &child, err);
    close(pair[0]);
    if (pid > 0 && rc == CV_ERR_TIMEOUT)
        kill(pid, SIGKILL); /* what keeps it may keep it for ever */
    if (pid > 0 && linux_reap(joiner, LINUX_CONTAINER_REAP_MS, NULL, NULL, rc == 0 ? err : NULL) < 0 && rc == 0)
        rc = err->code;
    if (rc == 0 && child.pid == 0)
        rc = cv_error_set(err, CV_ERR_LOST, "the process that joins the container '%s' was killed", container->home.id);
    if (rc < 0) {
        linux_join_give_up(&child);
        return rc;
    }
    *child_out   = child;
    *is_main_out = false;
    return 0;
}
