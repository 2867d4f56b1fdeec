/* Becoming the program: from a fork of the guardian that is already in the container's namespaces to execve(). */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "linux/exec-internal.h"
#include "linux/nodes.h"
#include "linux/users.h"

static void reset_signals(void)
{
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int finish(const struct linux_exec* what, const struct linux_identity* who, int status_fd, struct cv_error* err)
{
    if (what->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "tie PID 1 to the guardian", NULL);
    reset_signals();
    if (what->start->process->no_new_privileges) {
        int rc = linux_exec_filters(what, status_fd, err);
        if (rc < 0)
            return rc;
    }
    return linux_exec_run(what->start->process, who->home, err);
}

/* As the user that the program has. */
static int become_user(const struct linux_exec* what, const struct linux_identity* who,
    const struct linux_exec_kept* kept, struct cv_error* err)
{
    int rc = linux_exec_attributes(what, err);
    if (rc == 0)
        rc = linux_exec_drop_privileges(what, who, kept, err);
    if (rc == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) /* a change of user may have changed that */
        rc = cv_error_errno(err, errno, "protect a process that starts", NULL);
    return rc;
}

/* Who waits long does so without more rights than the program: who may trace processes that he shares a PID namespace with would get them.
 * A filter that only CAP_SYS_ADMIN may install would be in the way of waiting. */
static bool waits_as_user(const struct linux_exec* what)
{
    return what->hold != NULL && (what->start->process->no_new_privileges || what->seccomp->count == 0);
}

static int hold(
    const struct linux_exec* what, const struct linux_identity* who, struct linux_exec_kept* kept, struct cv_error* err)
{
    const char* cwd = what->start->process->cwd;
    int         rc  = linux_exec_enter(cwd != NULL ? cwd : "/", err);
    if (rc == 0)
        rc = linux_exec_find(what->start->process, err);
    return rc == 0 ? what->hold(&(struct linux_holding){ what, who, waits_as_user(what) }, &kept->status, err) : rc;
}

static int become_program(const struct linux_exec* what, struct linux_identity* who, struct cv_error* err)
{
    int                    slave = -1;
    struct linux_exec_kept kept  = { -1, -1 };
    int                    rc    = linux_exec_identity(what->start, who, err);
    if (rc == 0)
        rc = linux_exec_home(what, who, err);
    if (rc == 0 && setsid() < 0 && errno != EPERM) /* EPERM: PID 1 leads its session already */
        rc = cv_error_errno(err, errno, "start a session", NULL);
    if (rc == 0 && what->start->keyring != NULL)
        rc = linux_exec_keyring(what, err);
    if (rc == 0 && what->start->terminal)
        rc = linux_exec_terminal(what, who, &slave, err);
    if (rc == 0 && slave >= 0 && what->hold != NULL)
        rc = linux_nodes_console(slave, err);
    if (rc == 0)
        rc = linux_exec_wire(what, slave, &kept, err);
    if (rc == 0) /* after the descriptors are in place: RLIMIT_NOFILE would be in the way */
        rc = linux_exec_limits(what->start->process, what->processes, err);
    if (rc == 0 && waits_as_user(what))
        rc = become_user(what, who, &kept, err);
    if (rc == 0 && what->hold != NULL)
        rc = hold(what, who, &kept, err);
    if (rc == 0 && !waits_as_user(what))
        rc = become_user(what, who, &kept, err);
    if (rc == 0)
        rc = linux_exec_enter(what->start->process->cwd != NULL ? what->start->process->cwd : "/", err);
    if (rc == 0)
        rc = finish(what, who, kept.status, err);
    struct setup_message message = { .word = SETUP_FAILED, .error = *err };
    setup_say(kept.status >= 0 ? kept.status : what->status_fd, &message, -1, NULL);
    return rc;
}

int linux_exec(const struct linux_exec* what, struct cv_error* err)
{
    struct cv_error       own = CV_ERROR_INIT;
    struct linux_identity who = { 0 };
    int                   rc  = become_program(what, &who, &own);
    linux_identity_release(&who);
    if (err != NULL)
        *err = own;
    return rc;
}
