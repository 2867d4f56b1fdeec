/*
 * The functions of container.h without any isolation, for tests of the guardian's loop: processes are plain children, PID 1 is a child
 * that waits for the main process and ends as it did. Everything of a container is in one process group, which is what a kill hits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chef/containerv/container.h>
#include <cv/file.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/container.h"
#include "linux/reconcile.h"

struct linux_container {
    struct cv_spec* spec;
    char*           id;
    pid_t           init, main;
    int             init_pidfd, main_in;
    bool            no_init, has_main;
};

void linux_container_settle(char** argv, int kept_fd)
{
    (void)argv;
    (void)kept_fd;
}

static int pidfd_of(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        abort();
    return fd;
}

static void run(const struct linux_start* start, int terminal)
{
    for (int i = 0; i < 3; i++) {
        int from = terminal >= 0 ? terminal : start->stdio[i];
        if (from < 0)
            from = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(from, i);
    }
    for (size_t i = 0; i < start->extra_count; i++) /* all above 300: see move_up() */
        dup2(start->extra[i], 3 + (int)i);
    execve(start->process->args.items[0], start->process->args.items, start->process->env.items);
    _exit(127);
}

/* Out of the way of where they shall be. */
static void move_up(struct linux_start* start, int moved[])
{
    for (int i = 0; i < 3; i++) {
        if (start->stdio[i] >= 0)
            start->stdio[i] = fcntl(start->stdio[i], F_DUPFD_CLOEXEC, 300);
    }
    for (size_t i = 0; i < start->extra_count; i++)
        moved[i] = fcntl(start->extra[i], F_DUPFD_CLOEXEC, 300);
    start->extra = moved;
}

static pid_t start_process(const struct linux_start* start, pid_t group, int* terminal_out)
{
    int   master = start->terminal ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    pid_t pid    = fork();

    if (pid == 0) {
        static int         moved[256];
        struct linux_start mine = *start;
        move_up(&mine, moved);
        setpgid(0, group);
        if (master >= 0)
            unlockpt(master);
        run(&mine, master >= 0 ? open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC) : -1);
    }
    setpgid(pid, group);
    *terminal_out = master;
    if (master >= 0)
        unlockpt(master);
    return pid;
}

/* Without a command it lives until it is killed. */
static void init_main(const struct linux_start* main, pid_t guardian)
{
    int   ignored, raw;
    pid_t pid;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guardian) /* killed before we could say that we want to go with it */
        _exit(1);
    if (main == NULL) {
        syscall(SYS_close_range, 3, ~0U, 0); /* the guardian's sockets must not outlive it in here */
        for (;;)
            pause();
    }
    pid = start_process(main, getpid(), &ignored);
    syscall(SYS_close_range, 3, ~0U, 0);
    waitpid(pid, &raw, 0);
    if (WIFSIGNALED(raw))
        _exit(128 + WTERMSIG(raw));
    _exit(WEXITSTATUS(raw));
}

int linux_container_create(const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err)
{
    struct linux_container* container;
    int                     terminal = -1;

    if (strcmp(spec->ext.id, "refused") == 0) {
        cv_error_errno(err, EXDEV, "make the fake", "refused");
        return cv_error_hint(err, "take another id");
    }
    container          = calloc(1, sizeof(*container));
    container->id      = strdup(spec->ext.id);
    container->no_init = spec->ext.no_init;
    if (cv_spec_copy(spec, &container->spec, err) < 0)
        abort();
    if (main != NULL && container->no_init) {
        container->init = start_process(main, 0, &terminal);
    } else {
        pid_t guardian  = getpid();
        container->init = fork();
        if (container->init == 0)
            init_main(main, guardian);
        setpgid(container->init, container->init);
    }
    container->init_pidfd = pidfd_of(container->init);
    container->has_main   = main != NULL;
    if (main != NULL)
        *main_out = (struct linux_child){ container->init, pidfd_of(container->init), terminal, container->no_init };
    *container_out = container;
    return 0;
}

int linux_container_spawn(struct linux_container* container, const struct linux_start* start,
    struct linux_child* child_out, bool* is_main_out, struct cv_error* err)
{
    int   terminal;
    pid_t pid;

    if (access(start->process->args.items[0], X_OK) < 0)
        return cv_error_errno(err, errno, "look for the program", start->process->args.items[0]);
    pid          = start_process(start, container->init, &terminal);
    *child_out   = (struct linux_child){ pid, pidfd_of(pid), terminal, true };
    *is_main_out = false;
    return 0;
}

const char* linux_container_id(const struct linux_container* container)
{
    return container->id;
}

const struct cv_spec* linux_container_spec(const struct linux_container* container)
{
    return container->spec;
}

/* As the real one: c-<id> in the run folder, which the test made. */
static void run_folder(const struct linux_container* container, char* path, size_t size)
{
    cv_snprintf(path, size, "%s/c-%s", getenv("CONTAINERV_RUN_DIR"), container->id);
}

int linux_container_open_run_folder(const struct linux_container* container, int* fd_out, struct cv_error* err)
{
    char path[256];

    run_folder(container, path, sizeof(path));
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the run folder", path);
    *fd_out = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    unlinkat(*fd_out, "socket", 0); /* of one whose guardian was killed: the real one sweeps */
    return *fd_out < 0 ? cv_error_errno(err, errno, "open the run folder", path) : 0;
}

int linux_container_init_pidfd(const struct linux_container* container)
{
    return container->init_pidfd;
}

size_t linux_container_max_held(const struct linux_container* container)
{
    return container->no_init ? 0 : 64;
}

int linux_container_end_fd(const struct linux_container* container)
{
    return container->no_init ? -1 : container->init_pidfd;
}

int linux_container_main_status(
    struct linux_container* container, struct linux_status* status_out, struct cv_error* err)
{
    int raw;

    if (waitpid(container->init, &raw, 0) < 0)
        return cv_error_errno(err, errno, "reap the fake", container->id);
    container->init = 0;
    memset(status_out, 0, sizeof(*status_out));
    status_out->known  = container->no_init || WIFEXITED(raw);
    status_out->signal = WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;
    status_out->code   = WIFEXITED(raw) ? WEXITSTATUS(raw) : 0;
    return 0;
}

int linux_container_signal_main(struct linux_container* container, int number, struct cv_error* err)
{
    return kill(container->init, number) < 0 ? cv_error_errno(err, errno, "signal", container->id) : 0;
}

int linux_container_kill(struct linux_container* container, struct cv_error* err)
{
    if (container->init > 0 && kill(-container->init, SIGKILL) < 0 && errno != ESRCH)
        return cv_error_errno(err, errno, "kill", container->id);
    return 0;
}

int linux_container_pause(struct linux_container* container, struct cv_error* err)
{
    return kill(-container->init, SIGSTOP) < 0 ? cv_error_errno(err, errno, "pause", container->id) : 0;
}

int linux_container_resume(struct linux_container* container, struct cv_error* err)
{
    return kill(-container->init, SIGCONT) < 0 ? cv_error_errno(err, errno, "resume", container->id) : 0;
}

int linux_container_processes(
    struct linux_container* container, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    (void)err;
    if (capacity > 0)
        list[0] = container->init;
    *count_out = 1;
    return 0;
}

int linux_container_destroy(struct linux_container* container, struct cv_error* err)
{
    int result = linux_container_kill(container, err);

    if (container->init > 0)
        waitpid(container->init, NULL, 0);
    char path[256];
    run_folder(container, path, sizeof(path));
    cv_tree_remove_at(AT_FDCWD, path, NULL);
    close(container->init_pidfd);
    cv_spec_free(container->spec);
    free(container->id);
    free(container);
    return result;
}

int linux_container_update(
    struct linux_container* container, const struct cv_spec* limits, bool paused, struct cv_error* err)
{
    if (limits->ext.limits.pids == 13)
        return cv_error_errno(err, EBUSY, "limit the fake", container->id);
    container->spec->ext.limits.pids = limits->ext.limits.pids + paused;
    return 0;
}

int linux_container_stats(struct linux_container* container, struct containerv_stats* stats_out, struct cv_error* err)
{
    (void)err;
    *stats_out = (struct containerv_stats){
        .known = CV_STATS_PIDS, .pids = 1, .pids_limit = container->spec->ext.limits.pids, .net_tx_packets = 7
    };
    return 0;
}

/* They rise with every look, for containers that are called so: all processes end for that reason, unless for another. */
void linux_container_counts(const struct linux_container* container, struct linux_counts* counts_out)
{
    static uint64_t looks;
    bool no_memory = strcmp(container->id, "no-memory") == 0, no_pids = strcmp(container->id, "no-pids") == 0;

    looks++;
    *counts_out = (struct linux_counts){ .oom_kills = no_memory ? looks : 0,
        .pids_refused                               = no_pids ? looks : 0,
        .upper_full                                 = strcmp(container->id, "full") == 0 };
}

void linux_container_finish_left(void)
{
}

int linux_container_watch(struct cv_error* err)
{
    (void)err;
    return 0;
}

/* It has no files. */
int linux_container_copy(const struct linux_container* container, const struct linux_copy* copy, int socket_fd,
    int* pidfd_out, struct cv_error* err)
{
    (void)container, (void)copy, (void)socket_fd, (void)pidfd_out;
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "the fake container has no files");
}

int linux_container_snapshot(const struct linux_container* container, const struct linux_snapshot* snapshot,
    int* pidfd_out, struct cv_error* err)
{
    (void)container, (void)snapshot, (void)pidfd_out;
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "the fake container has no files");
}

int linux_reconcile(bool dry_run, size_t skip, struct reconcile_list* list_out, struct cv_error* err)
{
    (void)dry_run;
    (void)skip;
    (void)err;
    *list_out = (struct reconcile_list){ .items = NULL };
    return 0;
}
