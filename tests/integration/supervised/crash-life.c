#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>

#include "crash.h"

const char* const crash_step_names[CRASH_STEPS] = { "begun", "created", "started", "executed", "copied", "stopped",
    "destroyed" };

/* Numbered lines; what is in the file was written to the log's pipe before. */
static const char script[] = "exec 3>>/ack; i=0; while :; do echo $i; echo $i >&3; i=$((i+1)); done";

static int make(struct containerv_container** container)
{
    const char* const               argv[]   = { "/bin/sh", "-c", script, NULL };
    const char* const               layers[] = { suite_rootfs() };
    struct containerv_spawn_options spawn    = { .size = sizeof(spawn), .argv = argv };
    struct containerv_supervision   given    = { .size = sizeof(given), .flags = CV_SUPERVISED_DEFER };
    struct containerv_options*      options  = containerv_options_new();
    int                             rc       = containerv_options_set_id(options, crash_id);
    if (rc == 0)
        rc = containerv_options_set_layers(options, layers, 1);
    if (rc == 0)
        rc = containerv_options_set_supervision(options, &given);
    if (rc == 0)
        rc = containerv_options_set_command(options, "/bin/sh", &spawn);
    if (rc == 0)
        rc = containerv_create(NULL, options, container);
    containerv_options_delete(options);
    return rc;
}

static int start(struct containerv_container** container)
{
    return containerv_start(*container);
}

static int execute(struct containerv_container** container)
{
    const char* const               argv[] = { "/bin/sh", "-c", "echo x >/executed", NULL };
    struct containerv_exit          ended  = { .size = sizeof(ended) };
    process_handle_t                process;
    struct containerv_spawn_options spawn = { .size = sizeof(spawn), .argv = argv };
    int                             rc    = containerv_spawn(*container, "/bin/sh", &spawn, &process);
    if (rc == 0)
        rc = containerv_wait(*container, process, -1, &ended);
    return rc == 0 && ended.code != 0 ? -1 : rc;
}

static int copy(struct containerv_container** container)
{
    const char* const from[] = { crash_path("file") };
    const char* const to[]   = { "/copied" };
    return containerv_upload(*container, from, to, 1);
}

static int stop(struct containerv_container** container)
{
    return containerv_stop(*container, 5000);
}

static int destroy(struct containerv_container** container)
{
    return containerv_destroy(*container);
}

static _Noreturn void live(int steps_fd)
{
    static int (*const steps[])(struct containerv_container**) = { make, start, execute, copy, stop, destroy };
    struct containerv_container* container                     = NULL;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char done = (char)(i + 1);
        if (steps[i](&container) < 0 || write(steps_fd, &done, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

void crash_start(struct crash_caller* caller)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    caller->step = CRASH_BEGUN;
    caller->pid  = fork();
    assert_true(caller->pid >= 0);
    if (caller->pid == 0)
        live(ends[1]);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    caller->steps_fd = ends[0];
}

void crash_look(struct crash_caller* caller)
{
    char step;
    while (read(caller->steps_fd, &step, 1) == 1)
        caller->step = (enum crash_step)step;
}

bool crash_reap(struct crash_caller* caller, int64_t timeout_ms)
{
    struct pollfd entry = { .fd = (int)syscall(SYS_pidfd_open, caller->pid, 0), .events = POLLIN };
    bool          ended = entry.fd >= 0 && poll(&entry, 1, (int)timeout_ms) == 1;
    close(entry.fd);
    if (!ended)
        kill(caller->pid, SIGKILL);
    waitpid(caller->pid, NULL, 0);
    crash_look(caller);
    close(caller->steps_fd);
    return ended;
}
