/* Namespaces that are given by a path: a process joins them, clones PID 1 as a child of the runtime, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/bare-make.h"
#include "linux/container-internal.h"
#include "linux/fd.h"
#include "linux/reap.h"
#include "linux/syscalls.h"

/* In the order in which they are joined: with the user namespace come the rights over those that belong to it. */
static const struct {
    const char* type;
    int         flag;
} joined[] = {
    { "user", CLONE_NEWUSER },
    { "pid", CLONE_NEWPID },
    { "ipc", CLONE_NEWIPC },
    { "uts", CLONE_NEWUTS },
    { "network", CLONE_NEWNET },
    { "cgroup", CLONE_NEWCGROUP },
    { "time", CLONE_NEWTIME },
};

enum { JOINED = sizeof(joined) / sizeof(joined[0]) };

static const char* path_of(const struct cv_spec* spec, const char* type)
{
    const struct cv_spec_namespace* entry = cv_spec_namespace(spec, type);
    return entry != NULL ? entry->path : NULL;
}

bool linux_bare_joins(const struct cv_spec* spec)
{
    for (size_t i = 0; i < JOINED; i++)
        if (path_of(spec, joined[i].type) != NULL)
            return true;
    return false;
}

/* All are opened before the first is joined: afterwards the paths may not be ours to open. */
static int open_all(const struct cv_spec* spec, int fds[JOINED], struct cv_error* err)
{
    for (size_t i = 0; i < JOINED; i++) {
        const char* path = path_of(spec, joined[i].type);
        fds[i]           = -1;
        if (path == NULL)
            continue;
        fds[i] = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fds[i] < 0) {
            cv_error_errno(err, errno, "open the given namespace", path);
            return cv_error_wrap(err, "namespace '%s'", joined[i].type);
        }
    }
    return 0;
}

static int join_all(const struct cv_spec* spec, const int fds[JOINED], struct cv_error* err)
{
    for (size_t i = 0; i < JOINED; i++) {
        if (fds[i] < 0 || setns(fds[i], joined[i].flag) == 0)
            continue;
        int number = errno;
        cv_error_errno(err, number, "join the given namespace", path_of(spec, joined[i].type));
        if (number == EINVAL)
            cv_error_hint(err,
                "the path must lead to a namespace of type '%s', other than the caller's own if it is "
                "a user namespace",
                joined[i].type);
        return cv_error_wrap(err, "namespace '%s'", joined[i].type);
    }
    return 0;
}

struct joining {
    struct linux_container*  container;
    struct linux_setup*      setup;
    const struct clone_args* args;
    int                      status_fd;
};

static int clone_pid1(const struct joining* joining, pid_t* pid_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int pidfd   = -1;
    struct setup_message            message = { .word = SETUP_CHILD };
    struct clone_args               args    = { .flags =
                                                    (joining->args->flags & ~(uint64_t)CLONE_INTO_CGROUP) | CLONE_PARENT | CLONE_PIDFD,
                         .pidfd = (uint64_t)(uintptr_t)&pidfd };
    message.pid                             = sys_clone3(&args);
    if (message.pid == 0)
        linux_pid1(joining->setup);
    if (message.pid < 0)
        return cv_error_errno(err, errno, "make the container's namespaces", joining->container->home.id);
    *pid_out = message.pid;
    return setup_say(joining->status_fd, &message, pidfd, err);
}

static _Noreturn void join(const struct joining* joining)
{
    struct setup_message  message = { .word = SETUP_FAILED, .error = CV_ERROR_INIT };
    const struct cv_spec* spec    = joining->container->spec;
    int                   fds[JOINED];
    int                   rc  = linux_limits_join(&joining->container->limits, &message.error);
    joining->setup->in_groups = true;
    if (rc == 0)
        rc = open_all(spec, fds, &message.error);
    if (rc == 0)
        rc = join_all(spec, fds, &message.error);
    /* a change of user namespace may have made us readable to those that are in it */
    if (rc == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        rc = cv_error_errno(&message.error, errno, "protect a process that starts", NULL);
    if (rc == 0)
        rc = clone_pid1(joining, &message.pid, &message.error);
    if (rc < 0)
        setup_say(joining->status_fd, &message, -1, NULL);
    _exit(rc < 0 ? 1 : 0);
}

static int hear_child(struct linux_container* c, int start_fd, struct cv_error* err)
{
    struct setup_message message;
    int                  fd = -1;
    int                  rc = setup_hear(start_fd, &message, &fd, err);
    if (rc < 0)
        return rc;
    if (message.word == SETUP_CHILD && fd >= 0) {
        c->pid   = message.pid;
        c->pidfd = fd;
        return 0;
    }
    linux_fd_closep(&fd);
    if (message.word != SETUP_FAILED)
        return cv_error_set(err, CV_ERR_PROTOCOL, "word %d came from a process that joins namespaces", message.word);
    if (message.pid > 0) /* our child, that nobody else knows of */
        kill(message.pid, SIGKILL), waitpid(message.pid, NULL, 0);
    *err = message.error;
    return message.error.code;
}

int linux_bare_clone(struct linux_container* c, struct linux_setup* setup, const struct clone_args* args,
    const int start[2], struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int pidfd   = -1;
    struct joining                  joining = { .container = c, .setup = setup, .args = args, .status_fd = start[1] };
    struct clone_args own = { .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD };
    pid_t             pid = linux_container_clone(c, &own);
    if (pid == 0)
        join(&joining);
    if (pid < 0)
        return setup_no_process("start a process that joins namespaces", c->home.id, err);
    linux_reap(pidfd, LINUX_CONTAINER_START_MS, NULL, NULL, NULL);
    return hear_child(c, start[0], err);
}
