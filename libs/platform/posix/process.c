/*
 * A child is made by clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD): no page tables are copied, however large the
 * calling program, and the pidfd exists before anybody could reap the child. Until it execs, the child runs in our
 * memory while the calling thread waits, so it makes only system calls on what launch_prepare() has laid out, and a
 * failed exec is told through plain memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/env.h>
#include <cv/process.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { CHILD_STACK_SIZE = 64 * 1024, FD_COUNT_MAX = 3 + CV_PROCESS_PASS_MAX };

struct cv_process {
    pid_t pid;
    int   pidfd;
    bool  ended;
    int   exit_code;
};

/* What the child reads, and where it tells what failed. */
struct launch {
    const struct cv_process_spec* spec;
    const char*                   program;
    int                           null_fd;
    int                           fds[FD_COUNT_MAX]; /* the child's fd i is our fds[i] */
    int                           fd_count;
    int                           error_number; /* 0: it runs */
    const char*                   step;
};

static int is_program(const char* path)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return errno;
    if (!S_ISREG(info.st_mode))
        return EACCES;
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* Along PATH; *program_out stays NULL when it is nowhere. An empty entry means the working folder: nobody wants
 * that, so it is skipped. */
static int search_path(const char* name, char** program_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path   = NULL;
    int                        result = cv_env_get("PATH", &path, err);
    const char*                at;

    if (result < 0)
        return result;
    at = path != NULL ? path : "/usr/local/bin:/usr/bin:/bin";
    for (size_t length; *at != '\0'; at += length + (at[length] == ':')) {
        CV_CLEANUP(cv_freep) char* candidate = NULL;
        length                               = strcspn(at, ":");
        if (length == 0)
            continue;
        candidate = cv_asprintf(err, "%.*s/%s", (int)length, at, name);
        if (candidate == NULL)
            return CV_ERR_NO_MEMORY;
        if (is_program(candidate) == 0) {
            *program_out = CV_STEAL(candidate);
            return 0;
        }
    }
    return 0;
}

static int find_program(const struct cv_process_spec* spec, char** program_out, struct cv_error* err)
{
    const char* name = spec->program != NULL ? spec->program : spec->argv[0];
    int         result;

    if (name[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "no program to run");
    if (strchr(name, '/') != NULL) {
        *program_out = cv_strdup(name, err);
        return *program_out != NULL ? 0 : CV_ERR_NO_MEMORY;
    }
    result = search_path(name, program_out, err);
    if (result == 0 && *program_out == NULL)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no program '%s' in PATH", name);
    return result;
}

/* A signal handler of ours must not run in the child, where it would work on our memory. */
static void reset_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t         none;

    for (int number = 1; number < _NSIG; number++)
        (void)sigaction(number, &action, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First all out of the way above the targets, then each to its place: so no source is overwritten before it was
 * used. */
static int place_fds(const struct launch* launch)
{
    int moved[FD_COUNT_MAX];

    for (int i = 0; i < launch->fd_count; i++) {
        moved[i] = fcntl(launch->fds[i], F_DUPFD_CLOEXEC, launch->fd_count);
        if (moved[i] < 0)
            return -1;
    }
    for (int i = 0; i < launch->fd_count; i++)
        if (dup2(moved[i], i) < 0)
            return -1;
    return (int)syscall(SYS_close_range, (unsigned)launch->fd_count, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int child_fail(struct launch* launch, const char* step)
{
    launch->step         = step;
    launch->error_number = errno;
    _exit(127);
}

static int child_main(void* argument)
{
    struct launch*                launch = argument;
    const struct cv_process_spec* spec   = launch->spec;

    reset_signals();
    if ((spec->flags & CV_PROCESS_DETACHED) != 0 && setsid() < 0)
        return child_fail(launch, "make a session");
    if (place_fds(launch) < 0)
        return child_fail(launch, "hand over the descriptors");
    if (spec->cwd != NULL && chdir(spec->cwd) < 0)
        return child_fail(launch, "change to the folder");
    execve(launch->program, (char* const*)spec->argv, spec->env != NULL ? (char* const*)spec->env : environ);
    return child_fail(launch, "run the program");
}

static int launch_prepare(struct launch* launch, const struct cv_process_spec* spec, struct cv_error* err)
{
    if (spec->argv == NULL || spec->argv[0] == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "no program to run");
    if (spec->n_pass > CV_PROCESS_PASS_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "more than %d handles for a process", CV_PROCESS_PASS_MAX);
    launch->spec     = spec;
    launch->fd_count = 3 + (int)spec->n_pass;
    launch->null_fd  = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (launch->null_fd < 0)
        return cv_error_errno(err, errno, "open", "/dev/null");
    for (int i = 0; i < launch->fd_count; i++) {
        launch->fds[i] = i < 3 ? spec->stdio[i] : spec->pass[i - 3];
        if (launch->fds[i] < 0 && i >= 3)
            return cv_error_set(err, CV_ERR_INVALID, "handle %d for the process is none", i);
        if (launch->fds[i] < 0)
            launch->fds[i] = launch->null_fd;
    }
    return 0;
}

static int launch_error(const struct launch* launch, struct cv_error* err)
{
    bool        in_cwd = strcmp(launch->step, "change to the folder") == 0;
    const char* object = in_cwd ? launch->spec->cwd : launch->program;
    int         code   = cv_error_errno(err, launch->error_number, launch->step, object);

    if (launch->error_number == ENOEXEC) {
        code = CV_ERR_NOT_EXECUTABLE;
        if (err != NULL)
            err->code = code;
    }
    return code;
}

/* All signals are blocked around clone(): the child starts with that mask, and unblocks only after its handlers are
 * gone. */
static int launch_clone(struct launch* launch, struct cv_process* process, struct cv_error* err)
{
    size_t   size  = CHILD_STACK_SIZE;
    char*    stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    sigset_t all, before;
    int      number;

    if (stack == MAP_FAILED)
        return cv_error_errno(err, errno, "map a stack", NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    process->pid =
        clone(child_main, stack + size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, launch, &process->pidfd);
    number = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, size);
    if (process->pid < 0)
        return cv_error_errno(err, number, "make a process", NULL);
    if (launch->error_number == 0)
        return 0;
    (void)cv_process_wait(process, -1, &number, NULL);
    return launch_error(launch, err);
}

int cv_process_start(const struct cv_process_spec* spec, struct cv_process** process_out, struct cv_error* err)
{
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    CV_CLEANUP(cv_freep) char*                      program = NULL;
    struct launch                                   launch  = { .null_fd = -1 };
    int                                             result;

    process = malloc(sizeof(*process));
    if (process == NULL)
        return cv_error_no_memory(err);
    *process = (struct cv_process){ .pid = -1, .pidfd = -1 };
    result   = launch_prepare(&launch, spec, err);
    if (result == 0)
        result = find_program(spec, &program, err);
    launch.program = program;
    if (result == 0)
        result = launch_clone(&launch, process, err);
    cv_handle_closep(&launch.null_fd);
    if (result < 0)
        return result;
    *process_out = CV_STEAL(process);
    return 0;
}

/* Reap it if it has ended. 0 also when it still runs. */
static int reap(struct cv_process* process, struct cv_error* err)
{
    siginfo_t info = { 0 };

    if (process->ended)
        return 0;
    if (TEMP_FAILURE_RETRY(waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG)) < 0) {
        if (errno != ECHILD)
            return cv_error_errno(err, errno, "wait for a process", NULL);
        return cv_error_set(
            err, CV_ERR_LOST, "the exit code of process %d is lost: the program reaps all children", (int)process->pid);
    }
    if (info.si_pid != 0) {
        process->ended     = true;
        process->exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    }
    return 0;
}

static int poll_timeout(int64_t left_ms)
{
    enum { STEP_MAX = 1000 * 1000 * 1000 };
    return left_ms > STEP_MAX ? STEP_MAX : (int)left_ms;
}

int cv_process_wait(struct cv_process* process, int64_t timeout_ms, int* exit_code_out, struct cv_error* err)
{
    int64_t deadline = cv_clock_deadline_ms(timeout_ms);

    for (;;) {
        struct pollfd poll_fd = { .fd = process->pidfd, .events = POLLIN };
        int64_t       left    = cv_clock_left_ms(deadline);
        int           ready   = process->ended ? 1 : poll(&poll_fd, 1, poll_timeout(left));
        int           result;

        if (ready < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "wait for a process", NULL);
        if (ready > 0) {
            result = reap(process, err);
            if (result < 0)
                return result;
        }
        if (process->ended) {
            *exit_code_out = process->exit_code;
            return 0;
        }
        if (left == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "process %d still runs", (int)process->pid);
    }
}

int cv_process_kill(struct cv_process* process, struct cv_error* err)
{
    if (!process->ended && syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return cv_error_errno(err, errno, "kill a process", NULL);
    return 0;
}

int64_t cv_process_id(const struct cv_process* process)
{
    return process->pid;
}

containerv_handle_t cv_process_handle(const struct cv_process* process)
{
    return process->pidfd;
}

/* One that has ended is reaped here; one that still runs stays a child of this program until that ends. */
struct cv_process* cv_process_free(struct cv_process* process)
{
    if (process != NULL) {
        if (process->pidfd >= 0)
            (void)reap(process, NULL);
        cv_handle_closep(&process->pidfd);
        free(process);
    }
    return NULL;
}
