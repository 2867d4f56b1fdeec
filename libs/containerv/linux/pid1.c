/* PID 1 of a container: sets itself up, starts the main process, then reaps, forwards signals, and ends with the main process's status. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "linux/bare-make.h"
#include "linux/fd.h"
#include "linux/landlock.h"
#include "linux/net.h"
#include "linux/seal.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "linux/timens.h"
#include "linux/unprivileged.h"

static int keep_own_fds(struct linux_setup* setup, struct cv_error* err)
{
    int    keep[3 + 3 + 256];
    size_t n  = 0;
    keep[n++] = setup->control_fd;
    keep[n++] = setup->start_fd;
    keep[n++] = setup->null_fd;
    if (setup->main != NULL) {
        for (int i = 0; i < 3; i++)
            keep[n++] = setup->main->stdio[i];
        if (setup->main->extra_count > 256)
            return cv_error_set(
                err, CV_ERR_INVALID, "%zu descriptors are too many for one program", setup->main->extra_count);
        for (size_t i = 0; i < setup->main->extra_count; i++)
            keep[n++] = setup->main->extra[i];
    }
    return linux_fd_close_others(keep, n, err);
}

/* Take what only the guardian can make. Its death ends us by the signal. */
static int receive_mounts(struct linux_setup* setup, struct cv_error* err)
{
    for (;;) {
        struct setup_message message;
        int                  fd = -1;
        int                  rc = setup_hear(setup->control_fd, &message, &fd, err);
        if (rc < 0)
            return rc;
        switch (message.word) {
        case SETUP_ROOT:
            setup->root_fd = fd;
            break;
        case SETUP_SOURCE:
            setup->source_fds[message.index] = fd;
            break;
        case SETUP_DEVICE:
            setup->device_fds[message.index] = fd;
            break;
        case SETUP_SECRETS:
            setup->secrets_fd = fd;
            break;
        case SETUP_BUILD:
            return 0;
        default:
            return cv_error_set(err, CV_ERR_PROTOCOL, "word %d came during the container's set-up", message.word);
        }
    }
}

int linux_pid1_protect(struct cv_error* err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "protect PID 1", NULL);
    return 0;
}

static int become_root(const struct linux_setup* setup, struct cv_error* err)
{
    if (setup->userns
        && (linux_unprivileged_setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return cv_error_errno(err, errno, "become root in the user namespace", NULL);
    if ((linux_namespace_new_flags(setup->spec) & CLONE_NEWCGROUP) != 0 && unshare(CLONE_NEWCGROUP) < 0)
        return cv_error_errno(err, errno, "make a cgroup namespace", NULL);
    umask(022);
    return linux_pid1_protect(err);
}

static int set_names(const struct linux_setup* setup, struct cv_error* err)
{
    const struct cv_spec* spec = setup->spec;
    if (cv_spec_namespace(spec, "uts") == NULL)
        return 0;
    if (spec->hostname != NULL && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
        return cv_error_errno(err, errno, "set the host name", spec->hostname);
    if (spec->domainname != NULL && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
        return cv_error_errno(err, errno, "set the domain name", spec->domainname);
    return 0;
}

/* Here nothing of the container has run yet that could have changed what a path is. */
static int make_ruleset(struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return cv_error_errno(err, errno, "open the container's root", NULL);
    return linux_landlock_make(setup->spec, &setup->landlock, root_fd, &setup->landlock_fd, err);
}

static int set_up_network(const struct linux_setup* setup, struct cv_error* err)
{
    struct setup_message built = { .word = SETUP_BUILT };
    int                  rc    = 0;
    if (setup->net.mode == CV_SPEC_NETWORK_VETH) { /* the guardian has something to do in between */
        rc = setup_say(setup->control_fd, &built, -1, err);
        if (rc == 0)
            rc = setup_expect(setup->control_fd, SETUP_GO, err);
    }
    if (rc == 0 && (linux_namespace_new_flags(setup->spec) & CLONE_NEWNET) != 0)
        rc = linux_net_container(&setup->net, err);
    return rc;
}

static int set_up(struct linux_setup* setup, struct cv_error* err)
{
    int rc = setup->in_groups ? 0 : linux_limits_join(setup->limits, err);
    if (rc == 0)
        rc = keep_own_fds(setup, err);
    if (rc == 0)
        rc = receive_mounts(setup, err);
    if (rc == 0) /* while the host's /proc is there, and open to the host's root */
        rc = linux_timens_enter(setup->spec, err);
    if (rc == 0 && setup->main != NULL)
        rc = linux_exec_oom_score(
            setup->main->process, (linux_namespace_new_flags(setup->spec) & CLONE_NEWPID) != 0, err);
    if (rc == 0)
        rc = become_root(setup, err);
    if (rc == 0)
        rc = linux_rootfs_build(setup, err);
    if (rc == 0 && setup->seal)
        rc = linux_seal(setup, err);
    if (rc == 0)
        rc = set_names(setup, err);
    if (rc == 0)
        rc = make_ruleset(setup, err);
    return rc == 0 ? set_up_network(setup, err) : rc;
}

static _Noreturn void fail(struct linux_setup* setup, const struct cv_error* error)
{
    struct setup_message message = { .word = SETUP_FAILED, .error = *error };
    setup_say(setup->control_fd, &message, -1, NULL);
    _exit(1);
}

static struct linux_exec exec_of(const struct linux_setup* setup, bool pid1)
{
    return (struct linux_exec){ .spec = setup->spec,
        .start                        = setup->main,
        .seccomp                      = &setup->seccomp,
        .tcp_filter                   = &setup->tcp_filter,
        .landlock_fd                  = setup->landlock_fd,
        .status_fd                    = setup->start_fd,
        .null_fd                      = setup->null_fd,
        .processes                    = setup->limits->processes_rlimit,
        .die_with_parent              = pid1 && setup->bare == NULL,
        .hold                         = setup->bare != NULL ? linux_bare_hold : NULL,
        .hold_context                 = (void*)setup };
}

static pid_t start_main(const struct linux_setup* setup, struct cv_error* err)
{
    struct linux_exec what = exec_of(setup, false);
    pid_t             pid  = fork();
    if (pid == 0) {
        linux_exec(&what, NULL);
        _exit(127);
    }
    if (pid < 0)
        setup_no_process("start the main process", NULL, err);
    return pid;
}

static _Noreturn void end_with(const struct linux_setup* setup, int wait_status, const struct rusage* usage)
{
    struct setup_message message = { .word = SETUP_ENDED };
    struct linux_status* status  = &message.status;
    status->known                = true;
    status->signal               = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    status->code                 = status->signal != 0 ? 128 + status->signal : WEXITSTATUS(wait_status);
    status->cpu_ns               = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000000)
                     + (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * INT64_C(1000);
    status->peak_memory_bytes = (uint64_t)usage->ru_maxrss * 1024;
    setup_say(setup->control_fd, &message, -1, NULL);
    _exit(status->code);
}

static void reap(const struct linux_setup* setup, pid_t main_pid)
{
    int           status;
    struct rusage usage;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;)
        if (pid == main_pid)
            end_with(setup, status, &usage);
}

static _Noreturn void serve(const struct linux_setup* setup, pid_t main_pid, const sigset_t* all)
{
    for (;;) {
        siginfo_t info;
        int       number = sigwaitinfo(all, &info);
        if (number == SIGCHLD)
            reap(setup, main_pid);
        else if (number > 0 && main_pid > 0)
            kill(main_pid, number);
    }
}

static _Noreturn void be_init(struct linux_setup* setup, struct cv_error* err)
{
    sigset_t all;
    pid_t    main_pid = 0;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    (void)prctl(PR_SET_NAME, "containerv-init", 0, 0, 0); /* only ps shows it */
    struct setup_message ready  = { .word = SETUP_READY };
    int                  keep[] = { setup->control_fd, setup->landlock_fd };
    if (setup->main != NULL && (main_pid = start_main(setup, err)) < 0)
        fail(setup, err);
    if (linux_fd_close_others(keep, 2, err) < 0)
        fail(setup, err);
    if (setup_say(setup->control_fd, &ready, setup->landlock_fd, err) < 0)
        _exit(1);
    linux_fd_closep(&setup->landlock_fd);
    serve(setup, main_pid, &all);
}

_Noreturn void linux_pid1(struct linux_setup* setup)
{
    struct cv_error error = CV_ERROR_INIT;
    linux_forget_environment();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        cv_error_errno(&error, errno, "tie PID 1 to the guardian", NULL);
        fail(setup, &error);
    }
    if (set_up(setup, &error) < 0)
        fail(setup, &error);
    if (!setup->spec->ext.no_init)
        be_init(setup, &error);
    struct setup_message ready = { .word = SETUP_READY };
    struct linux_exec    what  = exec_of(setup, true);
    if (setup_say(setup->control_fd, &ready, setup->landlock_fd, &error) < 0)
        _exit(1); /* the guardian is gone */
    linux_exec(&what, &error);
    _exit(127);
}
