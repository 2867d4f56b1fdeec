#include "linux/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "linux/fd.h"
#include "linux/reap.h"
#include "linux/syscalls.h"

#include <cv/banned.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum {
    CHUNK         = 4096,      /* not above PIPE_BUF: a pipe that can be written to takes as much at once */
    DRAIN_MAX     = 64 * 1024, /* what a pipe holds; who goes on writing after the hook's end isn't waited for */
    TAIL_MAX      = 256,       /* of its stderr, in the error */
    REAP_MS       = 10000,
    FIRST_OWN_FD  = 3,
    MS_PER_SECOND = 1000,
};

/* One hook that runs. */
struct run {
    const struct linux_hooks*  hooks;
    const struct cv_spec_hook* hook;
    pid_t                      pid;
    int                        pidfd;
    int                        stderr_fd; /* our end, not blocking; -1 after its end */
    int                        status_fd; /* our end: what went wrong before execve() */
    int64_t                    deadline_ms;
    char                       tail[TAIL_MAX + 1];
    size_t                     tail_length;
};

/* What the hook gets. */
struct ends {
    int state, error, status;
};

/* --- the hook's side ----------------------------------------------------------------------------------------------------------- */

static int enter(const struct linux_hooks* hooks, struct cv_error* err)
{
    if (hooks->mount_fd >= 0 && setns(hooks->mount_fd, CLONE_NEWNS) < 0)
        return cv_error_errno(err, errno, "enter the hook's mount namespace", NULL);
    if (hooks->folder != NULL && chdir(hooks->folder) < 0)
        return cv_error_errno(err, errno, "enter the hook's working folder", hooks->folder);
    return 0;
}

static int lift(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
}

/* Without a stdout of ours it gets the pipe twice: it shall never have a number free that it doesn't expect to. */
static int wire(const struct ends* ends, int* status_out, struct cv_error* err)
{
    int state = lift(ends->state), error = lift(ends->error), status = lift(ends->status);

    if (state < 0 || error < 0 || status < 0 || dup2(state, STDIN_FILENO) < 0 || dup2(error, STDERR_FILENO) < 0
        || (fcntl(STDOUT_FILENO, F_GETFD) != 0 && dup2(error, STDOUT_FILENO) < 0))
        return cv_error_errno(err, errno, "place the hook's descriptors", NULL);
    *status_out = status;
    if (sys_close_range(FIRST_OWN_FD, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return cv_error_errno(err, errno, "keep descriptors from the hook", NULL);
    return 0;
}

static void reset_signals(void)
{
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int execute(const struct cv_spec_hook* hook, struct cv_error* err)
{
    static char* const none[] = { NULL };
    char* const        only[] = { hook->path, NULL };

    execve(hook->path, hook->args.count > 0 ? hook->args.items : only, hook->env.count > 0 ? hook->env.items : none);
    return cv_error_errno(err, errno, "execute", hook->path);
}

_Noreturn static void be_hook(const struct linux_hooks* hooks, const struct cv_spec_hook* hook, const struct ends* ends)
{
    struct cv_error error  = CV_ERROR_INIT;
    int             status = ends->status;

    setpgid(0, 0);
    if (wire(ends, &status, &error) == 0 && enter(hooks, &error) == 0
        && (hooks->shed == NULL || hooks->shed(hooks->shed_context, &error) == 0)) {
        reset_signals();
        execute(hook, &error);
    }
    signal(SIGPIPE, SIG_IGN);
    _exit(write(status, &error, sizeof(error)) > 0 ? 127 : 126);
}

/* --- starting it --------------------------------------------------------------------------------------------------------------- */

/* One for each hook: what an earlier one left behind holds the place where it reads, too. */
static int open_state(const char* text, int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd     = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    size_t                          length = strlen(text), done = 0;

    if (fd < 0 && errno == EINVAL) /* a kernel before 6.3 */
        fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return cv_error_errno(err, errno, "make a file for the container's state", NULL);
    while (done < length) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0)
            return cv_error_errno(err, errno, "write the container's state", NULL);
        done += (size_t)n;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0
        || lseek(fd, 0, SEEK_SET) != 0)
        return cv_error_errno(err, errno, "finish the file of the container's state", NULL);
    *fd_out = linux_fd_steal(&fd);
    return 0;
}

static int open_pipe(int* read_out, int* write_out, struct cv_error* err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return cv_error_errno(err, errno, "make a pipe for a hook", NULL);
    *read_out  = fds[0];
    *write_out = fds[1];
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
        return cv_error_errno(err, errno, "make a pipe for a hook", NULL);
    return 0;
}

static int start(struct run* run, const struct ends* ends, struct cv_error* err)
{
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&run->pidfd, .exit_signal = SIGCHLD
    };

    run->pid = sys_clone3(&args);
    if (run->pid < 0)
        return cv_error_errno(err, errno, "make a process for a hook", NULL);
    if (run->pid == 0)
        be_hook(run->hooks, run->hook, ends);
    setpgid(run->pid, run->pid); /* both of us do it: whoever is first */
    return 0;
}

static int launch(struct run* run, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int state  = -1;
    CV_CLEANUP(linux_fd_closep) int error  = -1;
    CV_CLEANUP(linux_fd_closep) int status = -1;
    int                             rc     = open_state(run->hooks->state, &state, err);

    if (rc == 0)
        rc = open_pipe(&run->stderr_fd, &error, err);
    if (rc == 0)
        rc = open_pipe(&run->status_fd, &status, err);
    return rc == 0 ? start(run, &(struct ends){ state, error, status }, err) : rc;
}

/* --- while it runs ------------------------------------------------------------------------------------------------------------- */

static int left_ms(const struct run* run)
{
    int64_t left = cv_clock_left_ms(run->deadline_ms);

    return left > INT_MAX ? INT_MAX : (int)left;
}

static void remember(struct run* run, const char* data, size_t length)
{
    size_t kept = length < TAIL_MAX ? TAIL_MAX - length : 0;

    if (length > TAIL_MAX) {
        data += length - TAIL_MAX;
        length = TAIL_MAX;
    }
    if (kept > run->tail_length)
        kept = run->tail_length;
    memmove(run->tail, run->tail + run->tail_length - kept, kept);
    memcpy(run->tail + kept, data, length);
    run->tail_length = kept + length;
}

/* As long as nobody reads our stderr the hook waits as it would if it had that itself; its deadline holds. */
static void pass_on(const struct run* run, const char* data, size_t length)
{
    while (length > 0) {
        struct pollfd entry = { .fd = STDERR_FILENO, .events = POLLOUT };
        int           ready = poll(&entry, 1, left_ms(run));
        ssize_t       n;

        if (ready < 0 && errno == EINTR)
            continue;
        n = ready > 0 ? write(STDERR_FILENO, data, length) : -1;
        if (n <= 0)
            return;
        data += n;
        length -= (size_t)n;
    }
}

/* @return bytes taken; 0: nothing is there now, or it is closed. */
static size_t take(struct run* run)
{
    char    data[CHUNK];
    ssize_t n = run->stderr_fd >= 0 ? read(run->stderr_fd, data, sizeof(data)) : -1;

    if (n == 0) {
        close(run->stderr_fd);
        run->stderr_fd = -1;
    }
    if (n <= 0)
        return 0;
    remember(run, data, (size_t)n);
    pass_on(run, data, (size_t)n);
    return (size_t)n;
}

static bool ended(struct run* run)
{
    for (;;) {
        struct pollfd entries[] = { { .fd = run->pidfd, .events = POLLIN },
            { .fd = run->stderr_fd, .events = POLLIN } };
        int           wait_ms   = left_ms(run);
        int           ready     = poll(entries, CV_ARRAY_LEN(entries), wait_ms);

        if (ready > 0 && entries[0].revents != 0)
            return true;
        if (ready > 0)
            take(run);
        if (wait_ms == 0)
            return false;
    }
}

static void drain(struct run* run)
{
    size_t n, sum = 0;

    while (sum < DRAIN_MAX && (n = take(run)) > 0)
        sum += n;
}

/* --- how it went --------------------------------------------------------------------------------------------------------------- */

/* One line of plain text. */
static const char* tail_text(struct run* run)
{
    while (run->tail_length > 0 && (unsigned char)run->tail[run->tail_length - 1] <= ' ')
        run->tail_length--;
    run->tail[run->tail_length] = '\0';
    for (char* at = run->tail; at < run->tail + run->tail_length; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
            *at = ' ';
    return run->tail;
}

static int failure(struct run* run, int code, const char* how, struct cv_error* err)
{
    const char* tail = tail_text(run);

    cv_error_set(err, code, "%s%s%s", how, tail[0] != '\0' ? ": " : "", tail);
    cv_error_step(err, "run a hook");
    cv_error_object(err, "%s", run->hook->path);
    return code;
}

static int judge(struct run* run, const siginfo_t* info, struct cv_error* err)
{
    char            how[64];
    struct cv_error own;

    ssize_t told = read(run->status_fd, &own, sizeof(own));

    if (told < 0)
        return cv_error_errno(err, errno, "hear whether a hook could be started", run->hook->path);
    if (told == (ssize_t)sizeof(own)) {
        if (err != NULL)
            *err = own;
        return own.code;
    }
    if (info->si_code == CLD_EXITED && info->si_status == 0)
        return 0;
    cv_snprintf(how, sizeof(how), info->si_code == CLD_EXITED ? "it ended with code %d" : "it was killed by signal %d",
        info->si_status);
    return failure(run, CV_ERR_SYSTEM, how, err);
}

static int stop(struct run* run, struct cv_error* err)
{
    char      how[64];
    siginfo_t info;

    kill(-run->pid, SIGKILL);
    sys_pidfd_send_signal(run->pidfd, SIGKILL, NULL, 0); /* it may have gone to another group */
    linux_reap(run->pidfd, REAP_MS, &info, NULL, NULL);
    drain(run);
    cv_snprintf(how, sizeof(how), "it did not end within %lld s", (long long)run->hook->timeout.value);
    return failure(run, CV_ERR_TIMEOUT, how, err);
}

static int run_one(const struct linux_hooks* hooks, const struct cv_spec_hook* hook, struct cv_error* err)
{
    struct run run = { .hooks = hooks, .hook = hook, .pidfd = -1, .stderr_fd = -1, .status_fd = -1 };
    siginfo_t  info;
    int        rc;

    run.deadline_ms = cv_clock_deadline_ms(hook->timeout.set ? hook->timeout.value * MS_PER_SECOND : -1);
    rc              = launch(&run, err);
    if (rc == 0 && ended(&run)) {
        drain(&run);
        rc = linux_reap(run.pidfd, REAP_MS, &info, NULL, err);
        rc = rc == 0 ? judge(&run, &info, err) : rc;
    } else if (rc == 0) {
        rc = stop(&run, err);
    }
    linux_fd_closep(&run.pidfd);
    linux_fd_closep(&run.stderr_fd);
    linux_fd_closep(&run.status_fd);
    return rc;
}

/* --- all of a kind ------------------------------------------------------------------------------------------------------------- */

/* Our stderr may be a pipe without a reader, and our parent may have left SIGCHLD ignored, with which nobody could be waited for. */
struct signals {
    sigset_t         mask;
    struct sigaction child;
    bool             pending;
};

static void hold_signals(struct signals* saved)
{
    sigset_t         set;
    struct sigaction plain = { .sa_handler = SIG_DFL };

    sigpending(&set);
    saved->pending = sigismember(&set, SIGPIPE) == 1;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, &saved->mask);
    sigaction(SIGCHLD, NULL, &saved->child);
    if (saved->child.sa_handler == SIG_IGN || (saved->child.sa_flags & SA_NOCLDWAIT) != 0)
        sigaction(SIGCHLD, &plain, NULL);
}

static void restore_signals(const struct signals* saved)
{
    sigset_t              set;
    const struct timespec now = { 0 };

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (!saved->pending)
        while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
            continue;
    sigaction(SIGCHLD, &saved->child, NULL);
    sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

static int run_all(const struct linux_hooks* hooks, struct cv_error* err)
{
    struct cv_error error;
    size_t          failed = 0;
    int             first  = 0;

    for (size_t i = 0; i < hooks->list->count && (first == 0 || hooks->go_on); i++) {
        const struct cv_spec_hook* hook = &hooks->list->items[i];
        int                        rc   = run_one(hooks, hook, &error);

        if (rc == 0 || failed++ > 0)
            continue;
        first = rc;
        cv_error_wrap(&error, "hooks.%s[%zu] '%s'", hooks->kind, i, hook->path);
        if (err != NULL)
            *err = error;
    }
    if (failed > 1)
        cv_error_wrap(err, "%zu hooks failed, the first", failed);
    return first;
}

int linux_hooks_run(const struct linux_hooks* hooks, struct cv_error* err)
{
    struct signals saved;
    int            rc;

    if (hooks->list->count == 0)
        return 0;
    hold_signals(&saved);
    rc = run_all(hooks, err);
    restore_signals(&saved);
    return rc;
}
