/* What the guardian knows about processes, and how their ends become known. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>

#include "linux/guardian.h"

#include <cv/banned.h>

struct guardian_process* guardian_process_find(
    struct guardian_container* container, int64_t process_id, struct cv_error* err)
{
    for (struct guardian_process* at = container->processes; at != NULL; at = at->next) {
        if (process_id == 0 ? at->is_main : at->pid == process_id)
            return at;
    }
    if (process_id == 0)
        cv_error_set(err, CV_ERR_STATE, "the container has no main process");
    else
        cv_error_set(err, CV_ERR_NOT_FOUND, "the container has no process %lld", (long long)process_id);
    return NULL;
}

static void free_process(struct guardian_process* process)
{
    cv_handle_closep(&process->pidfd);
    cv_handle_closep(&process->terminal_fd);
    free(process);
}

void guardian_process_release(struct guardian_container* container, struct guardian_process* process)
{
    if (!process->held)
        return;
    process->held = false;
    container->held--;
    waitpid(process->pid, NULL, WNOHANG | __WALL);
}

void guardian_container_ends(struct guardian_container* container)
{
    container->ending = true;
    for (struct guardian_process* at = container->processes; at != NULL; at = at->next)
        guardian_process_release(container, at);
}

void guardian_process_remove(struct guardian_container* container, struct guardian_process* process)
{
    guardian_process_release(container, process);
    for (struct guardian_process** at = &container->processes; *at != NULL; at = &(*at)->next) {
        if (*at == process) {
            *at = process->next;
            free_process(process);
            return;
        }
    }
}

/* The number was used again though nobody has asked for the end of its first bearer: all numbers were in use meanwhile. */
static void forget_namesake(struct guardian_container* container, pid_t pid)
{
    struct guardian_process* old = guardian_process_find(container, pid, NULL);

    if (old != NULL && old->ended && !old->is_main)
        guardian_process_remove(container, old);
}

struct guardian_process* guardian_process_add(struct guardian_container* container, const struct linux_child* child,
    bool is_main, int64_t timeout_ms, struct cv_error* err)
{
    struct guardian_process* process = calloc(1, sizeof(*process));

    if (process == NULL) {
        close(child->pidfd);
        cv_error_no_memory(err);
        return NULL;
    }
    forget_namesake(container, child->pid);
    process->pid         = child->pid;
    process->pidfd       = child->pidfd;
    process->terminal_fd = -1;
    process->is_main     = is_main;
    process->ours        = child->ours;
    process->deadline_ms = timeout_ms > 0 ? cv_clock_deadline_ms(timeout_ms) : -1;
    process->exit = (struct containerv_exit){ .size = sizeof(process->exit), .start_ns = cv_clock_realtime_ns() };
    /* the slave: holding the other end would keep the terminal alive after the caller has closed it */
    if (child->terminal_fd >= 0)
        process->terminal_fd = ioctl(child->terminal_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    process->next        = container->processes;
    container->processes = process;
    container->state     = CV_STATE_RUNNING;
    guardian_event(container, CV_EVENT_STARTED, process);
    return process;
}

void guardian_process_timeout(struct guardian_container* container, struct guardian_process* process)
{
    if (process->ended || process->deadline_ms < 0 || cv_clock_left_ms(process->deadline_ms) > 0)
        return;
    process->deadline_ms = -1;
    process->timed_out   = true;
    if (process->is_main) { /* the end of the main process is the end of all */
        guardian_container_ends(container);
        linux_container_kill(container->linux_, NULL);
    } else {
        syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
    }
}

/* Told by the container's own counters. An end that nobody could tell is one by the kernel when it has killed meanwhile. */
static uint32_t cause_of(const struct guardian_container* container, const struct guardian_process* process,
    const struct linux_status* status)
{
    bool                by_kill = status->signal == SIGKILL && !process->killed && !container->killed;
    bool                told    = status->known && status->signal == 0 && status->code == 128 + SIGKILL;
    struct linux_counts now;

    linux_container_counts(container->linux_, &now);
    if (now.oom_kills > process->counts.oom_kills && (by_kill || told || (!status->known && !container->killed)))
        return CV_EXIT_OOM;
    if (now.pids_refused > process->counts.pids_refused && status->known && status->signal == 0 && status->code != 0)
        return CV_EXIT_PIDS_LIMIT;
    if (now.upper_full && status->known && status->signal == 0 && status->code != 0)
        return CV_EXIT_UPPER_FULL;
    return 0;
}

static uint32_t reason_of(const struct guardian_container* container, const struct guardian_process* process,
    const struct linux_status* status)
{
    bool     killed = container->killed || process->killed;
    uint32_t cause;

    if (process->timed_out && (!status->known || status->signal == SIGKILL))
        return CV_EXIT_TIMEOUT;
    cause = cause_of(container, process, status);
    if (cause != 0)
        return cause;
    if (!status->known && !killed)
        return CV_EXIT_LOST;
    if (status->signal == SIGSYS)
        return CV_EXIT_SECCOMP;
    return status->signal != 0 ? CV_EXIT_KILLED : CV_EXIT_EXITED;
}

static int32_t status_code(const struct linux_status* status)
{
    return status->signal != 0 ? 128 + status->signal : status->code;
}

static void finish(struct guardian* guardian, struct guardian_container* container, struct guardian_process* process,
    const struct linux_status* status)
{
    const struct guardian_hooks* hooks = guardian->hooks;
    struct containerv_exit*      exit  = &process->exit;
    bool                         tell;

    exit->reason            = reason_of(container, process, status);
    exit->signal            = exit->reason == CV_EXIT_LOST ? 0 : status->signal;
    exit->code              = exit->reason == CV_EXIT_LOST ? CV_EXIT_CODE_LOST : status_code(status);
    exit->end_ns            = cv_clock_realtime_ns();
    exit->cpu_ns            = status->cpu_ns;
    exit->peak_memory_bytes = status->peak_memory_bytes;
    process->ended          = true;
    cv_handle_closep(&process->pidfd);
    cv_handle_closep(&process->terminal_fd);
    tell = hooks == NULL || hooks->ended(container, process);
    guardian_event(container, CV_EVENT_EXITED, process);
    if (tell)
        guardian_peers_ended(guardian, container, process);
}

static int64_t time_ns(const struct timeval* time)
{
    return time->tv_sec * INT64_C(1000000000) + time->tv_usec * INT64_C(1000);
}

/* The oldest makes room. */
static bool can_hold(struct guardian_container* container)
{
    struct guardian_process* oldest = NULL;
    size_t                   max    = linux_container_max_held(container->linux_);

    if (container->ending || max == 0)
        return false;
    for (struct guardian_process* at = container->processes; at != NULL; at = at->next)
        oldest = at->held ? at : oldest;
    if (container->held >= max)
        guardian_process_release(container, oldest);
    return true;
}

/* False: it still runs. */
static bool look(
    struct guardian_container* container, struct guardian_process* process, struct linux_status* status_out)
{
    siginfo_t     info  = { .si_pid = 0 };
    struct rusage usage = { .ru_maxrss = 0 };
    bool          hold  = process->ours && can_hold(container);
    int           how   = WEXITED | WNOHANG | __WALL | (hold ? WNOWAIT : 0);
    /* the raw call: the C library's has no place for the usage */
    bool known = process->ours && syscall(SYS_waitid, P_PID, process->pid, &info, how, &usage) == 0;

    if (known && info.si_pid == 0)
        return false;
    memset(status_out, 0, sizeof(*status_out));
    status_out->known = known;
    if (known) {
        status_out->signal            = info.si_code == CLD_EXITED ? 0 : info.si_status;
        status_out->code              = info.si_code == CLD_EXITED ? info.si_status : 0;
        status_out->cpu_ns            = time_ns(&usage.ru_utime) + time_ns(&usage.ru_stime);
        status_out->peak_memory_bytes = (uint64_t)usage.ru_maxrss * 1024;
    }
    process->held = known && hold;
    container->held += process->held;
    return true;
}

static void stop(struct guardian* guardian, struct guardian_container* container)
{
    struct guardian_process* main   = guardian_process_find(container, 0, NULL);
    struct linux_status      status = { .known = false };

    if (linux_container_main_status(container->linux_, &status, NULL) < 0)
        status = (struct linux_status){ .known = false };
    if (!status.known && container->killed && status.signal == 0)
        status.signal = SIGKILL;
    if (main != NULL && !main->ended)
        finish(guardian, container, main, &status);
    container->state = CV_STATE_STOPPED;
    guardian_event(container, CV_EVENT_STOPPED, NULL);
}

void guardian_container_reap(struct guardian* guardian, struct guardian_container* container)
{
    struct guardian_process* next;
    struct linux_status      status;

    if (container->end_ready != 0)
        guardian_container_ends(container);
    for (struct guardian_process* at = container->processes; at != NULL; at = next) {
        next = at->next;
        if (at->ready != 0 && !at->ended && !at->is_main && look(container, at, &status))
            finish(guardian, container, at, &status);
    }
    if (container->init_ready != 0 && container->state != CV_STATE_STOPPED)
        stop(guardian, container);
    container->init_ready = 0;
}

/* Where the next end of it is seen; NULL when nothing runs any more. Further processes first: PID 1 waits for them. */
static short* next_end(struct guardian_container* container, int* fd_out)
{
    for (struct guardian_process* at = container->processes; at != NULL; at = at->next) {
        if (!at->is_main && !at->ended) {
            *fd_out = at->pidfd;
            return &at->ready;
        }
    }
    *fd_out = linux_container_init_pidfd(container->linux_);
    return container->state == CV_STATE_STOPPED ? NULL : &container->init_ready;
}

int guardian_container_drain(struct guardian* guardian, struct guardian_container* container, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(GUARDIAN_END_MS);
    short*  ready;
    int     fd;

    while ((ready = next_end(container, &fd)) != NULL) {
        struct pollfd entry = { .fd = fd, .events = POLLIN };
        int           got   = poll(&entry, 1, (int)cv_clock_left_ms(deadline_ms));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "killed processes of container '%s' are still there after %d ms",
                linux_container_id(container->linux_), (int)GUARDIAN_END_MS);
        *ready = entry.revents;
        guardian_container_reap(guardian, container);
    }
    return 0;
}

struct guardian_container* guardian_container_find(struct guardian* guardian, const char* id, struct cv_error* err)
{
    for (struct guardian_container* at = guardian->containers; at != NULL; at = at->next) {
        if (strcmp(linux_container_id(at->linux_), id) == 0)
            return at;
    }
    cv_error_set(err, CV_ERR_NOT_FOUND, "there is no container '%s'", id);
    return NULL;
}

static void unlink_container(struct guardian* guardian, const struct guardian_container* container)
{
    for (struct guardian_container** at = &guardian->containers; *at != NULL; at = &(*at)->next) {
        if (*at == container) {
            *at = container->next;
            return;
        }
    }
}

/* Those that the kernel keeps after their kill are reaped later: before that their PID 1 can't end either. */
static void drop_processes(struct guardian* guardian, struct guardian_container* container)
{
    while (container->processes != NULL) {
        struct guardian_process* process = container->processes;
        if (process->ended || !process->ours || process->is_main) {
            guardian_process_remove(container, process);
            continue;
        }
        container->processes = process->next;
        process->next        = guardian->left;
        guardian->left       = process;
    }
}

static void reap_left(struct guardian* guardian)
{
    for (struct guardian_process** at = &guardian->left; *at != NULL;) {
        struct guardian_process* process = *at;
        siginfo_t                info    = { .si_pid = 0 };
        if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG | __WALL) == 0 && info.si_pid == 0) {
            at = &process->next;
            continue;
        }
        *at = process->next;
        free_process(process);
    }
    linux_container_finish_left();
}

void guardian_container_forget(struct guardian* guardian, struct guardian_container* container)
{
    unlink_container(guardian, container);
    drop_processes(guardian, container);
    cv_handle_closep(&container->listen_fd);
    cv_handle_closep(&container->event_fd);
    free(container->events.ring);
    free(container);
}

int guardian_container_remove(struct guardian* guardian, struct guardian_container* container, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(GUARDIAN_END_MS); /* of all that is waited for in here */
    int     result;

    container->killed = true;
    guardian_container_ends(container);
    guardian_copies_kill(container);
    if (container->state != CV_STATE_STOPPED && linux_container_kill(container->linux_, NULL) == 0)
        guardian_container_drain(guardian, container, NULL);
    guardian_copies_end(container, deadline_ms);
    guardian_peers_drop(guardian, container);
    result = linux_container_destroy(container->linux_, err);
    guardian_container_forget(guardian, container);
    return result;
}

static bool is_known(const struct guardian* guardian, pid_t pid)
{
    for (const struct guardian_container* at = guardian->containers; at != NULL; at = at->next) {
        siginfo_t info = { .si_pid = 0 };
        if (at->state != CV_STATE_STOPPED
            && waitid(P_PIDFD, (id_t)linux_container_init_pidfd(at->linux_), &info, WEXITED | WNOHANG | WNOWAIT) == 0
            && info.si_pid == pid)
            return true;
        for (const struct guardian_process* process = at->processes; process != NULL; process = process->next) {
            if ((!process->ended || process->held) && process->pid == pid)
                return true;
        }
    }
    return false;
}

/* They stayed in our process group, which programs leave before they start: a zombie that is held would be in the way. */
void guardian_reap_strays(struct guardian* guardian)
{
    siginfo_t info = { .si_pid = 0 };

    reap_left(guardian);
    while (waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid > 0
           && !is_known(guardian, info.si_pid)) {
        waitpid(info.si_pid, NULL, WNOHANG | __WALL);
        info.si_pid = 0;
    }
}
