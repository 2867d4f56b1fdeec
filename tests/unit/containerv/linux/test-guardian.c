/* The caller's client, the wire and the guardian's loop together, on a container that isolates nothing (fake-container.c). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian-fixture.h"

/* Ends of watched processes are seen without polling. */
static int open_pidfd(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    assert_true(fd >= 0);
    return fd;
}

static void expect_end(int pidfd, int timeout_ms)
{
    struct pollfd entry = { .fd = pidfd, .events = POLLIN };

    assert_int_equal(poll(&entry, 1, timeout_ms), 1);
    close(pidfd);
}

static void main_exit_is_told_many_times(void** state)
{
    struct fixture*        f = *state;
    struct containerv_exit exit;
    enum containerv_state  now;

    create(f, "exit 7");
    for (int i = 0; i < 3; i++) {
        exit = wait_for(f, CV_PROCESS_MAIN);
        assert_int_equal(exit.code, 7);
        assert_int_equal(exit.signal, 0);
        assert_int_equal(exit.reason, CV_EXIT_EXITED);
        assert_true(exit.start_ns > 0 && exit.end_ns >= exit.start_ns);
    }
    assert_int_equal(backend->state(f->instance, &now, &f->err), 0);
    assert_int_equal(now, CV_STATE_STOPPED);
    assert_int_equal(backend->spawn(f->instance, &f->request, &(process_handle_t){ 0 }, &f->err), CV_ERR_STATE);
}

static void spawned_exit_is_told_once(void** state)
{
    struct fixture*        f = *state;
    process_handle_t       handle;
    struct containerv_exit exit;

    create(f, NULL);
    handle = spawn(f, "exit 3");
    exit   = wait_for(f, handle);
    assert_int_equal(exit.code, 3);
    assert_true(exit.peak_memory_bytes > 0);
    assert_int_equal(backend->wait(f->instance, handle, 0, &exit, &f->err), CV_ERR_NOT_FOUND);
    assert_int_equal(backend->wait(f->instance, CV_PROCESS_MAIN, 0, &exit, &f->err), CV_ERR_STATE);
}

/* 0: there is no such process. */
static char state_of(process_handle_t pid)
{
    char  path[64], state = 0;
    FILE* file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    fclose(file);
    return state;
}

static void await_events(struct fixture* f, unsigned ends)
{
    containerv_handle_t handle = -1;

    assert_int_equal(backend->event_handle(f->instance, &handle, &f->err), 0);
    for (; ends > 0; ends--) {
        struct containerv_event event = { .size = sizeof(event) };
        do {
            struct pollfd entry = { .fd = handle, .events = POLLIN };
            assert_int_equal(poll(&entry, 1, 20000), 1);
            assert_int_equal(backend->next_event(f->instance, &event, &f->err), 0);
        } while (event.kind != CV_EVENT_EXITED);
    }
}

static void a_number_is_kept_until_the_wait(void** state)
{
    struct fixture*  f = *state;
    process_handle_t handle;

    create(f, NULL);
    handle = spawn(f, "exit 3");
    await_events(f, 1);
    assert_int_equal(state_of(handle), 'Z');
    assert_int_equal(wait_for(f, handle).code, 3);
    assert_int_equal(state_of(handle), 0);
    handle = spawn(f, "sleep 0.2; exit 4"); /* the wait is there before the end */
    assert_int_equal(wait_for(f, handle).code, 4);
    assert_int_equal(state_of(handle), 0);
}

static void numbers_that_are_kept_are_bounded(void** state)
{
    enum { STARTED = 70, KEPT = 64 };
    struct fixture*  f = *state;
    process_handle_t handles[STARTED];

    create(f, NULL);
    for (int i = 0; i < STARTED; i++)
        handles[i] = spawn(f, "exit 5");
    await_events(f, STARTED);
    unsigned zombies = 0;
    for (int i = 0; i < STARTED; i++)
        zombies += state_of(handles[i]) == 'Z';
    assert_int_equal(zombies, KEPT);
    for (int i = 0; i < STARTED; i++)
        assert_int_equal(wait_for(f, handles[i]).code, 5);
}

static void an_end_lets_all_numbers_go(void** state)
{
    struct fixture* f = *state;

    for (int i = 0; i < 2; i++) {
        process_handle_t handle;
        create(f, i == 0 ? NULL : "read line </dev/zero; sleep 1000");
        handle = spawn(f, "exit 6");
        await_events(f, 1);
        assert_int_equal(state_of(handle), 'Z');
        assert_int_equal(backend->kill(f->instance, &f->err), 0);
        assert_int_equal(state_of(handle), 0);
        assert_int_equal(wait_for(f, handle).code, 6); /* the record is still there */
        assert_int_equal(backend->destroy(f->instance, &f->err), 0);
        f->instance = NULL;
    }
}

static void without_an_init_no_number_is_kept(void** state)
{
    struct fixture*  f = *state;
    process_handle_t handle;

    f->spec->ext.no_init = true;
    f->spec->ext.hold    = false;
    assert_int_equal(cv_strv_append(&f->spec->process.args, "/bin/sh"), 0);
    create(f, "sleep 1000");
    handle = spawn(f, "exit 7");
    await_events(f, 1);
    assert_int_equal(state_of(handle), 0);
    assert_int_equal(wait_for(f, handle).code, 7);
}

static void wait_looks_and_times_out(void** state)
{
    struct fixture*        f    = *state;
    struct containerv_exit exit = { .size = sizeof(exit) };
    process_handle_t       handle;

    create(f, NULL);
    handle = spawn(f, "read line");
    assert_int_equal(wait_for(f, handle).code, 1); /* the null device is at its end */
    handle = spawn(f, "sleep 100");
    assert_int_equal(backend->wait(f->instance, handle, 0, &exit, &f->err), CV_ERR_TIMEOUT);
    assert_int_equal(backend->wait(f->instance, handle, 50, &exit, &f->err), CV_ERR_TIMEOUT);
    assert_int_equal(backend->signal(f->instance, handle, SIGTERM, &f->err), 0);
    exit = wait_for(f, handle);
    assert_int_equal(exit.signal, SIGTERM);
    assert_int_equal(exit.code, 128 + SIGTERM);
    assert_int_equal(exit.reason, CV_EXIT_KILLED);
}

static void timeouts_and_filters_are_named(void** state)
{
    struct fixture*        f = *state;
    process_handle_t       handle;
    struct containerv_exit exit;

    create(f, NULL);
    f->request.timeout_ms = 50;
    handle                = spawn(f, "sleep 100");
    f->request.timeout_ms = 0;
    exit                  = wait_for(f, handle);
    assert_int_equal(exit.reason, CV_EXIT_TIMEOUT);
    assert_int_equal(exit.signal, SIGKILL);
    exit = wait_for(f, spawn(f, "kill -SYS $$"));
    assert_int_equal(exit.reason, CV_EXIT_SECCOMP);
}

static void main_timeout_ends_all(void** state)
{
    struct fixture* f = *state;

    f->request.timeout_ms = 50;
    create(f, "sleep 100");
    assert_int_equal(wait_for(f, CV_PROCESS_MAIN).reason, CV_EXIT_TIMEOUT);
}

static void kill_by_others_is_lost_and_by_us_killed(void** state)
{
    struct fixture*                f = *state;
    struct containerv_exit         exit;
    struct containerv_process_info list[4];
    size_t                         count;

    create(f, "sleep 100");
    assert_int_equal(backend->processes(f->instance, list, 4, &count, &f->err), 0);
    assert_int_equal(count, 1);
    assert_true(list[0].name[0] != '\0');
    kill((pid_t)list[0].pid, SIGKILL);
    assert_int_equal(wait_for(f, CV_PROCESS_MAIN).reason, CV_EXIT_LOST);
    assert_int_equal(backend->destroy(f->instance, &f->err), 0);
    create(f, "sleep 100");
    assert_int_equal(backend->kill(f->instance, &f->err), 0);
    exit = wait_for(f, CV_PROCESS_MAIN);
    assert_int_equal(exit.reason, CV_EXIT_KILLED);
    assert_int_equal(exit.signal, SIGKILL);
}

static void expect_event(struct fixture* f, unsigned kind, struct containerv_event* event)
{
    struct pollfd entry = { .events = POLLIN };

    assert_int_equal(backend->event_handle(f->instance, &entry.fd, &f->err), 0);
    assert_int_equal(poll(&entry, 1, 20000), 1);
    event->size = sizeof(*event);
    assert_int_equal(backend->next_event(f->instance, event, &f->err), 0);
    assert_int_equal(event->kind, kind);
    assert_true(event->time_ns > 0);
}

static void events_come_in_order(void** state)
{
    struct fixture*         f = *state;
    struct containerv_event event;

    create(f, "sleep 100");
    expect_event(f, CV_EVENT_STARTED, &event);
    assert_true(event.process > 0);
    assert_int_equal(backend->pause(f->instance, &f->err), 0);
    assert_int_equal(backend->pause(f->instance, &f->err), CV_ERR_STATE);
    expect_event(f, CV_EVENT_PAUSED, &event);
    assert_int_equal(backend->resume(f->instance, &f->err), 0);
    assert_int_equal(backend->resume(f->instance, &f->err), CV_ERR_STATE);
    expect_event(f, CV_EVENT_RESUMED, &event);
    assert_int_equal(backend->next_event(f->instance, &event, &f->err), CV_ERR_TIMEOUT);
    assert_int_equal(backend->kill(f->instance, &f->err), 0);
    expect_event(f, CV_EVENT_EXITED, &event);
    assert_int_equal(event.exit.signal, SIGKILL);
    expect_event(f, CV_EVENT_STOPPED, &event);
}

/* More than the socket holds: 300 processes make 600 events, pause and resume the rest. */
static void unread_events_hold_up_nothing(void** state)
{
    struct fixture*         f     = *state;
    size_t                  count = 0;
    struct containerv_event event = { .size = sizeof(event) };

    create(f, NULL);
    for (int i = 0; i < 400; i++) {
        assert_int_equal(backend->pause(f->instance, &f->err), 0);
        assert_int_equal(backend->resume(f->instance, &f->err), 0);
    }
    for (;;) {
        enum containerv_state now;
        int                   result = backend->next_event(f->instance, &event, &f->err);
        if (result == 0) {
            count++;
            continue;
        }
        assert_int_equal(result, CV_ERR_TIMEOUT);
        if (count == 800)
            break;
        assert_int_equal(backend->state(f->instance, &now, &f->err), 0); /* a turn of the loop */
    }
}

static void errors_arrive_whole(void** state)
{
    struct fixture* f = *state;

    assert_int_equal(cv_spec_set_string(&f->spec->ext.id, "refused", NULL), 0);
    assert_int_equal(backend->create(f->spec, NULL, &f->instance, &f->err), CV_ERR_SYSTEM);
    assert_int_equal(f->err.number, EXDEV);
    assert_int_equal(f->err.domain, CV_DOMAIN_ERRNO);
    assert_string_equal(f->err.step, "make the fake");
    assert_string_equal(f->err.object, "refused");
    assert_string_equal(f->err.hint, "take another id");
    assert_non_null(strstr(f->err.text, "EXDEV"));
}

static void many_descriptors_pass(void** state)
{
    enum { COUNT = 249 }; /* and the output */
    struct fixture* f = *state;
    int             ends[2];
    int             handles[COUNT + 1];
    char            text[8] = "";

    create(f, NULL);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    for (int i = 0; i <= COUNT; i++)
        handles[i] = ends[1];
    f->request.io.handles         = handles;
    f->request.io.handle_count    = COUNT;
    f->request.io.stdio[1].kind   = CV_STDIO_HANDLE;
    f->request.io.stdio[1].handle = ends[1];
    assert_int_equal(wait_for(f, spawn(f, "echo last >/dev/fd/251")).code, 0);
    assert_int_equal(read(ends[0], text, sizeof(text)), 5);
    assert_memory_equal(text, "last\n", 5);
    f->request.io.handle_count = COUNT + 1;
    assert_int_equal(backend->spawn(f->instance, &f->request, &(process_handle_t){ 0 }, &f->err), CV_ERR_LIMIT);
    close(ends[0]);
    close(ends[1]);
}

static void terminals_are_handed_over_and_resized(void** state)
{
    struct fixture*  f        = *state;
    int              terminal = -1;
    struct winsize   size;
    process_handle_t handle, plain;

    create(f, NULL);
    plain                      = spawn(f, "sleep 100");
    f->request.io.terminal     = true;
    f->request.io.terminal_out = &terminal;
    handle                     = spawn(f, "sleep 100");
    assert_true(terminal >= 0);
    assert_int_equal(backend->resize(f->instance, handle, 132, 43, &f->err), 0);
    assert_int_equal(ioctl(terminal, TIOCGWINSZ, &size), 0);
    assert_int_equal(size.ws_col, 132);
    assert_int_equal(size.ws_row, 43);
    assert_int_equal(backend->resize(f->instance, plain, 1, 1, &f->err), CV_ERR_STATE);
    close(terminal);
}

/* In another process: the line where it went wrong, which is printed. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return __LINE__;                                                                                           \
    } while (0)

static void in_another_process(struct fixture* f, int (*run)(struct fixture* f))
{
    pid_t child = fork();
    int   raw   = -1;

    if (child == 0) {
        int line = run(f);
        if (line != 0)
            print_message("line %d: %s\n", line, f->err.text);
        _exit(line == 0 ? 0 : 1);
    }
    waitpid(child, &raw, 0);
    assert_int_equal(raw, 0);
}

static pid_t guardian_pid(void)
{
    pid_t pid = 0;

    assert_int_equal(linux_client_guardians(&pid, 1), 1);
    return pid;
}

static void lost_guardian_is_replaced(void** state)
{
    struct fixture*        f    = *state;
    struct containerv_exit exit = { .size = sizeof(exit) };
    pid_t                  before;
    int                    pidfd;

    create(f, NULL);
    before = guardian_pid();
    pidfd  = open_pidfd(before);
    assert_int_equal(kill(before, SIGKILL), 0);
    expect_end(pidfd, 10000);
    assert_int_equal(backend->wait(f->instance, CV_PROCESS_MAIN, -1, &exit, &f->err), CV_ERR_LOST);
    assert_true(f->err.hint[0] != '\0');
    assert_int_equal(backend->destroy(f->instance, &f->err), CV_ERR_LOST);
    create(f, "exit 4");
    assert_int_not_equal(guardian_pid(), before);
    assert_int_equal(wait_for(f, CV_PROCESS_MAIN).code, 4);
}

/* In a process of its own, so that there is one guardian in the other tests. */
static int make_at_the_same_time(struct fixture* f)
{
    long     cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t one = 0, two = 0, again = 0;
    size_t   wanted = cpus > 1 ? 2 : 1;

    CHECK(linux_client_begin_create(&one, &f->err) == 0);
    CHECK(linux_client_begin_create(&two, &f->err) == 0);
    CHECK((one == two) == (wanted == 1));
    CHECK(linux_client_guardians(NULL, 0) == wanted);
    linux_client_end_create(two);
    CHECK(linux_client_begin_create(&again, &f->err) == 0);
    CHECK(again == two); /* it has nothing to do */
    linux_client_end_create(again);
    linux_client_end_create(one);
    CHECK(linux_client_begin_create(&again, &f->err) == 0 && again == one);
    linux_client_end_create(again);
    for (long i = 0; i < 2 * cpus; i++)
        CHECK(linux_client_begin_create(&again, &f->err) == 0);
    CHECK(linux_client_guardians(NULL, 0) <= (size_t)cpus);
    return 0;
}

static void creates_at_the_same_time_have_a_guardian_each(void** state)
{
    in_another_process(*state, make_at_the_same_time);
}

static void guardian_is_no_child_of_ours(void** state)
{
    struct fixture* f = *state;

    create(f, NULL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

/* The terminal's signals do not end it: it has still to sweep. */
static void guardian_outlives_signals(void** state)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGTSTP };
    struct fixture*  f         = *state;

    create(f, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(kill(guardian_pid(), numbers[i]), 0);
    assert_int_equal(wait_for(f, spawn(f, "exit 5")).code, 5);
}

/* A caller that is killed takes guardian and container with it, also when a child that it forked lives on. */
static void caller_takes_all_with_it(void** state)
{
    struct fixture* f = *state;
    int             ends[2], held[2];
    pid_t           pids[2];
    pid_t           caller;
    int             guardian, init;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pipe2(held, O_CLOEXEC), 0);
    caller = fork();
    if (caller == 0) {
        struct containerv_process_info info;
        size_t                         count;
        create(f, NULL);
        backend->processes(f->instance, &info, 1, &count, NULL);
        pids[0] = guardian_pid();
        pids[1] = (pid_t)info.pid;
        if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) { /* a raw one, without the fork handlers */
            char byte;
            close(held[1]);
            _exit(read(held[0], &byte, 1) == 0 ? 0 : 1);
        }
        if (write(ends[1], pids, sizeof(pids)) != sizeof(pids))
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], pids, sizeof(pids)), sizeof(pids));
    guardian = open_pidfd(pids[0]);
    init     = open_pidfd(pids[1]);
    kill(caller, SIGKILL);
    expect_end(guardian, 1000);
    expect_end(init, 1000);
    waitpid(caller, NULL, 0);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(held[i]);
    }
}

static void forked_child_gets_its_own(void** state)
{
    struct fixture* f = *state;
    pid_t           child;
    int             raw;

    create(f, "sleep 100");
    child = fork();
    if (child == 0) {
        enum containerv_state now;
        void*                 parents = f->instance;
        if (backend->state(parents, &now, NULL) != CV_ERR_LOST)
            _exit(1);
        if (backend->create(f->spec, NULL, &f->instance, NULL) < 0)
            _exit(2);
        _exit(backend->destroy(f->instance, NULL) == 0 && backend->destroy(parents, NULL) == CV_ERR_LOST ? 0 : 3);
    }
    waitpid(child, &raw, 0);
    assert_int_equal(WEXITSTATUS(raw), 0);
    assert_int_equal(backend->kill(f->instance, &f->err), 0);
}

static void unknown_requests_are_refused(void** state)
{
    struct fixture*               f       = *state;
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    struct linux_client_answer    answer;
    struct linux_route            route = LINUX_ROUTE_INIT;

    create(f, NULL);
    assert_int_equal(linux_client_begin_create(&route.generation, &f->err), 0);
    linux_client_end_create(route.generation);
    assert_int_equal(linux_client_call(&route, &request, NULL, &answer, &f->err), CV_ERR_PROTOCOL);
    Containerv__Guardian__Create make = CONTAINERV__GUARDIAN__CREATE__INIT;
    request.operation_case            = CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE;
    request.create                    = &make;
    make.config_json                  = (ProtobufCBinaryData){ 2, (uint8_t*)"{}" };
    assert_int_equal(linux_client_call(&route, &request, NULL, &answer, &f->err), CV_ERR_PROTOCOL);
    Containerv__Guardian__Spawn   start   = CONTAINERV__GUARDIAN__SPAWN__INIT;
    Containerv__Guardian__Process process = CONTAINERV__GUARDIAN__PROCESS__INIT;
    Containerv__Guardian__Streams streams = CONTAINERV__GUARDIAN__STREAMS__INIT;
    int32_t                       bad[3]  = { 0, -1, 77 };
    request.operation_case                = CONTAINERV__GUARDIAN__REQUEST__OPERATION_SPAWN;
    request.spawn                         = &start;
    start.id                              = (char*)"box";
    assert_int_equal(linux_client_call(&route, &request, NULL, &answer, &f->err), CV_ERR_PROTOCOL);
    process.process_json = (ProtobufCBinaryData){ 2, (uint8_t*)"{}" };
    process.streams      = &streams;
    streams.n_standard   = 3;
    streams.standard     = bad;
    start.process        = &process;
    assert_int_equal(linux_client_call(&route, &request, NULL, &answer, &f->err), CV_ERR_PROTOCOL);
    assert_int_equal(wait_for(f, spawn(f, "exit 6")).code, 6);
}

/* As a caller would send it that has checked nothing. */
static void what_comes_is_checked_once_more(void** state)
{
    struct fixture* f     = *state;
    struct cv_spec* empty = cv_spec_new();
    void*           other = NULL;

    create(f, NULL);
    assert_int_equal(cv_spec_set_string(&f->spec->hostname, "no/name", NULL), 0);
    assert_int_equal(cv_spec_set_string(&f->spec->ext.id, "other", NULL), 0);
    assert_int_equal(backend->create(f->spec, NULL, &other, &f->err), CV_ERR_INVALID);
    assert_non_null(strstr(f->err.text, "hostname"));
    assert_int_equal(backend->update(f->instance, empty, &f->err), CV_ERR_INVALID);
    cv_spec_free(empty);
    command(f, "exit 0");
    assert_int_equal(cv_spec_set_string(&f->process.cwd, "nowhere", NULL), 0);
    assert_int_equal(backend->spawn(f->instance, &f->request, &(process_handle_t){ 0 }, &f->err), CV_ERR_INVALID);
    assert_non_null(strstr(f->err.text, "cwd"));
    assert_int_equal(cv_spec_set_string(&f->process.cwd, "/", NULL), 0);
    cv_strv_release(&f->process.args);
    assert_int_equal(backend->spawn(f->instance, &f->request, &(process_handle_t){ 0 }, &f->err), CV_ERR_INVALID);
}

/* What another process can do with the container of this one. */
static int use_from_another_process(struct fixture* f)
{
    struct cv_spec*        spec = NULL;
    void*                  box  = NULL;
    struct containerv_exit ended;
    process_handle_t       handle;
    containerv_handle_t    events;

    CHECK(backend->open("nobody", &spec, &box, &f->err) == CV_ERR_NOT_FOUND);
    CHECK(backend->open("box", &spec, &box, &f->err) == 0);
    CHECK(strcmp(spec->ext.id, "box") == 0);
    command(f, "exit 9");
    CHECK(backend->spawn(box, &f->request, &handle, &f->err) == 0);
    CHECK(backend->wait(box, handle, -1, &ended, &f->err) == 0 && ended.code == 9);
    CHECK(backend->event_handle(box, &events, &f->err) == CV_ERR_UNSUPPORTED);
    cv_spec_free(spec);
    backend->close(box);
    return 0;
}

static void other_processes_reach_it(void** state)
{
    struct fixture* f = *state;

    create(f, NULL);
    in_another_process(f, use_from_another_process);
    assert_int_equal(wait_for(f, spawn(f, "exit 6")).code, 6); /* their close has ended nothing */
}

static int note_id(const char* id, void* context)
{
    cv_strv_append(context, id);
    return 0;
}

static void those_that_live_are_listed(void** state)
{
    struct fixture* f     = *state;
    struct cv_strv  found = { .items = NULL };

    assert_int_equal(backend->list(note_id, &found, &f->err), 0);
    assert_int_equal(found.count, 0);
    create(f, NULL);
    assert_int_equal(mkdir(cv_test_path("c-dead"), 0700), 0); /* a folder that a dead owner left */
    assert_int_equal(backend->list(note_id, &found, &f->err), 0);
    assert_int_equal(rmdir(cv_test_path("c-dead")), 0);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0], "box");
    cv_strv_release(&found);
}

/* The answer to a request as another build, or somebody who has read the protocol, may send it. */
static int32_t ask_raw(Containerv__Guardian__Request* request)
{
    uint8_t                      bytes[256];
    struct wire_message          wire = { .bytes = NULL };
    int                          fd   = connect_raw();
    size_t                       size = containerv__guardian__request__pack(request, bytes);
    Containerv__Guardian__Reply* reply;
    int32_t                      code;

    assert_int_equal(wire_send(fd, bytes, size, NULL, 0, NULL), 0);
    assert_int_equal(wire_receive(fd, 10000, &wire, NULL), 0);
    reply = containerv__guardian__reply__unpack(NULL, wire.length, wire.bytes);
    assert_non_null(reply);
    code = reply->error != NULL ? reply->error->code : 0;
    containerv__guardian__reply__free_unpacked(reply, NULL);
    wire_message_release(&wire);
    close(fd);
    return code;
}

static void strangers_get_no_more_than_their_container(void** state)
{
    struct fixture*               f       = *state;
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Plain   plain   = CONTAINERV__GUARDIAN__PLAIN__INIT;
    Containerv__Guardian__Create  make    = CONTAINERV__GUARDIAN__CREATE__INIT;
    void*                         other   = NULL;
    struct stat                   status;

    create(f, NULL);
    assert_int_equal(cv_spec_set_string(&f->spec->ext.id, "other", NULL), 0);
    assert_int_equal(backend->create(f->spec, NULL, &other, &f->err), 0);
    assert_int_equal(stat(cv_test_path("c-box/" GUARDIAN_SOCKET), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE;
    request.state          = &plain;
    plain.id               = (char*)"box";
    assert_int_equal(ask_raw(&request), CV_ERR_PROTOCOL); /* no version */
    request.protocol = GUARDIAN_PROTOCOL + 1;
    assert_int_equal(ask_raw(&request), CV_ERR_PROTOCOL);
    request.protocol = GUARDIAN_PROTOCOL;
    assert_int_equal(ask_raw(&request), 0);
    plain.id = (char*)"other";
    assert_int_equal(ask_raw(&request), CV_ERR_PERMISSION);
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE;
    request.create         = &make;
    make.config_json       = (ProtobufCBinaryData){ 2, (uint8_t*)"{}" };
    assert_int_equal(ask_raw(&request), CV_ERR_PERMISSION);
    assert_int_equal(backend->destroy(other, &f->err), 0);
}

static void a_destroyed_one_is_not_found(void** state)
{
    struct fixture*       f    = *state;
    struct cv_spec*       spec = NULL;
    void*                 box  = NULL;
    enum containerv_state now;

    create(f, NULL);
    assert_int_equal(backend->open("box", &spec, &box, &f->err), 0);
    cv_spec_free(spec);
    int idle = connect_raw(); /* a connection that never asks does not keep it */
    assert_int_equal(backend->destroy(f->instance, &f->err), 0);
    f->instance = NULL;
    assert_int_equal(backend->state(box, &now, &f->err), CV_ERR_LOST);
    backend->close(box);
    close(idle);
    assert_int_equal(backend->open("box", &spec, &box, &f->err), CV_ERR_NOT_FOUND);
}

static void missing_program_is_named(void** state)
{
    struct fixture* f     = *state;
    char*           right = strdup(getenv("CONTAINERV_GUARDIAN"));
    pid_t           child = fork(); /* the guardian of this process runs already */
    int             raw;

    if (child == 0) {
        setenv("CONTAINERV_GUARDIAN", "/nonexistent/cv-guardian", 1);
        int result = backend->create(f->spec, NULL, &f->instance, &f->err);
        _exit(result == CV_ERR_NOT_FOUND && strcmp(f->err.object, "/nonexistent/cv-guardian") == 0
                      && f->err.hint[0] != '\0'
                  ? 0
                  : 1);
    }
    waitpid(child, &raw, 0);
    assert_int_equal(raw, 0);
    free(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARDIAN_TEST(main_exit_is_told_many_times),
        GUARDIAN_TEST(spawned_exit_is_told_once),
        GUARDIAN_TEST(a_number_is_kept_until_the_wait),
        GUARDIAN_TEST(numbers_that_are_kept_are_bounded),
        GUARDIAN_TEST(an_end_lets_all_numbers_go),
        GUARDIAN_TEST(without_an_init_no_number_is_kept),
        GUARDIAN_TEST(wait_looks_and_times_out),
        GUARDIAN_TEST(timeouts_and_filters_are_named),
        GUARDIAN_TEST(main_timeout_ends_all),
        GUARDIAN_TEST(kill_by_others_is_lost_and_by_us_killed),
        GUARDIAN_TEST(events_come_in_order),
        GUARDIAN_TEST(unread_events_hold_up_nothing),
        GUARDIAN_TEST(errors_arrive_whole),
        GUARDIAN_TEST(many_descriptors_pass),
        GUARDIAN_TEST(terminals_are_handed_over_and_resized),
        GUARDIAN_TEST(lost_guardian_is_replaced),
        GUARDIAN_TEST(creates_at_the_same_time_have_a_guardian_each),
        GUARDIAN_TEST(guardian_is_no_child_of_ours),
        GUARDIAN_TEST(guardian_outlives_signals),
        GUARDIAN_TEST(caller_takes_all_with_it),
        GUARDIAN_TEST(forked_child_gets_its_own),
        GUARDIAN_TEST(unknown_requests_are_refused),
        GUARDIAN_TEST(what_comes_is_checked_once_more),
        GUARDIAN_TEST(other_processes_reach_it),
        GUARDIAN_TEST(those_that_live_are_listed),
        GUARDIAN_TEST(strangers_get_no_more_than_their_container),
        GUARDIAN_TEST(a_destroyed_one_is_not_found),
        GUARDIAN_TEST(missing_program_is_named),
    };

    setenv("CONTAINERV_GUARDIAN", CV_TEST_GUARDIAN, 1);
    setenv("CONTAINERV_RUN_DIR", cv_test_folder_make(), 1);
    setenv("CONTAINERV_STATE_DIR", cv_test_path("state"), 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_test_folder_remove();
    return failed;
}
