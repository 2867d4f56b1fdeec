/* The calling program: its children, signals and threads are its own, and containers do not depend on them. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "suite.h"

enum { THREADS = 4, ROUNDS = 5 };

static void the_caller_gets_no_children(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    PRINTS("x", container, "echo x");
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    OK(containerv_destroy(container));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void children_that_are_ignored_disturb_nothing(void** state)
{
    void (*old)(int)                          = signal(SIGCHLD, SIG_IGN);
    struct containerv_container*    container = suite_container(NULL);
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    const char* const               argv[]    = { "/bin/sh", "-c", "exit 3", NULL };
    struct containerv_spawn_options spawn     = {
            .size = sizeof(spawn), .argv = argv, .flags = CV_SPAWN_WAIT, .exit_out = &ended
    };
    (void)state;
    OK(containerv_spawn(container, "/bin/sh", &spawn, NULL));
    assert_int_equal(ended.code, 3);
    OK(containerv_destroy(container));
    signal(SIGCHLD, old);
}

static volatile sig_atomic_t signals;
static void                  count_signal(int number)
{
    (void)number;
    signals++;
}

static void no_signal_arrives_at_the_caller(void** state)
{
    void (*old)(int) = signal(SIGCHLD, count_signal);
    (void)state;
    suite_prints_once("x", NULL, "echo x");
    signal(SIGCHLD, old);
    assert_int_equal(signals, 0);
}

static void blocked_and_handled_signals_are_not_handed_on(void** state)
{
    sigset_t blocked, before;
    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    suite_prints_once("SigBlk: 0000000000000000\nSigIgn: 0000000000000000", NULL,
        "awk '/^Sig(Blk|Ign)/ { print $1, $2 }' /proc/self/status; true");
    signal(SIGPIPE, old);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}

static void* create_one(void* context)
{
    if (containerv_create(suite_rootfs(), NULL, context) < 0)
        *(struct containerv_container**)context = NULL;
    return NULL;
}

static void a_container_outlives_the_thread_that_made_it(void** state)
{
    struct containerv_container* container = NULL;
    pthread_t                    thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, create_one, &container), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_non_null(container);
    PRINTS("alive", container, "echo alive");
    OK(containerv_destroy(container));
}

static void* live_through_some(void* context)
{
    int* failures = context;
    for (int i = 0; i < ROUNDS; i++) {
        struct containerv_container*    container = NULL;
        struct containerv_exit          ended     = { .size = sizeof(ended), .code = -1 };
        struct containerv_spawn_options spawn = { .size = sizeof(spawn), .flags = CV_SPAWN_WAIT, .exit_out = &ended };
        if (containerv_create(suite_rootfs(), NULL, &container) < 0) {
            ++*failures;
            continue;
        }
        *failures += containerv_spawn(container, "/bin/true", &spawn, NULL) < 0 || ended.code != 0;
        *failures += containerv_destroy(container) < 0;
    }
    return NULL;
}

static void threads_have_containers_of_their_own(void** state)
{
    pthread_t threads[THREADS];
    int       failures[THREADS] = { 0 };
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live_through_some, &failures[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

struct waiting {
    struct containerv_container* container;
    process_handle_t             handle;
    int                          rc;
};

static void* wait_for_end(void* context)
{
    struct waiting* waiting = context;
    waiting->rc             = containerv_wait(waiting->container, waiting->handle, -1, NULL);
    return NULL;
}

static void a_wait_in_one_thread_holds_up_no_other(void** state)
{
    const char* const               argv[]  = { "/bin/sleep", "1000", NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
    struct waiting                  waiting = { .container = suite_container(NULL), .rc = 1 };
    pthread_t                       thread;
    (void)state;
    OK(containerv_spawn(waiting.container, "/bin/sleep", &spawn, &waiting.handle));
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &waiting), 0);
    PRINTS("x", waiting.container, "echo x");
    OK(containerv_signal(waiting.container, waiting.handle, 9));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiting.rc, 0);
    OK(containerv_destroy(waiting.container));
}

/* --- numbers of processes on a Linux host ---------------------------------------------------------------------------------------- */

#define SOON_NS INT64_C(5000000000) /* half of what a guardian waits for before it gives up */
enum { UNWAITED = 3 };

static void need_pids(void)
{
    const char* name = getenv("CONTAINERV_BACKEND");
    if (name == NULL || strcmp(name, "linux") != 0) {
        print_message("skipped: handles are no pids of this host\n");
        skip();
    }
}

static bool is_there(process_handle_t handle)
{
    return kill(handle, 0) == 0;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void await_ends(struct containerv_container* container, unsigned count)
{
    containerv_handle_t handle;
    OK(containerv_event_fd(container, &handle));
    while (count > 0) {
        struct containerv_event event = { .size = sizeof(event) };
        struct pollfd           entry = { .fd = handle, .events = POLLIN };
        assert_int_equal(poll(&entry, 1, 20000), 1);
        OK(containerv_events(container, &event));
        count -= event.kind == CV_EVENT_EXITED;
    }
}

/* A container, and processes in it that have ended without being waited for. The script is its command; NULL: none. */
static struct containerv_container* with_unwaited(const char* script, int init, process_handle_t handles[UNWAITED])
{
    const char* const               argv[]  = { "/bin/sh", "-c", script, NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
    struct containerv_options*      options = containerv_options_new();
    OK(containerv_options_set_init(options, init));
    if (script != NULL)
        OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    struct containerv_container* container = suite_container(options);
    for (int i = 0; i < UNWAITED; i++)
        OK(containerv_spawn(container, "/bin/true", NULL, &handles[i]));
    await_ends(container, UNWAITED);
    for (int i = 0; i < UNWAITED; i++)
        assert_int_equal(is_there(handles[i]), init);
    return container;
}

static void a_pid_is_kept_until_the_wait(void** state)
{
    process_handle_t       handles[UNWAITED];
    struct containerv_exit ended = { .size = sizeof(ended) };
    (void)state;
    need_pids();
    struct containerv_container* container = with_unwaited(NULL, 1, handles);
    for (int i = 0; i < UNWAITED; i++) {
        OK(containerv_wait(container, handles[i], 0, &ended));
        assert_int_equal(ended.code, 0);
        assert_true(ended.peak_memory_bytes > 0);
        assert_false(is_there(handles[i]));
    }
    PRINTS("x", container, "echo x");
    OK(containerv_destroy(container));
}

static void pids_that_are_kept_hold_up_no_end(void** state)
{
    static const struct {
        const char* script;
        int         init;
    } rows[] = { { NULL, 1 }, { "sleep 1000", 1 }, { "sleep 1000", 0 } };
    (void)state;
    need_pids();
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        process_handle_t             handles[UNWAITED];
        struct containerv_exit       ended     = { .size = sizeof(ended) };
        struct containerv_container* container = with_unwaited(rows[i / 2].script, rows[i / 2].init, handles);
        int64_t                      start     = now_ns();
        if (i % 2 == 0) {
            OK(containerv_kill(container));
            OK(containerv_wait(container, handles[0], 0, &ended));
            assert_int_equal(ended.code, 0);
        }
        OK(containerv_destroy(container));
        assert_true(now_ns() - start < SOON_NS);
        for (int j = 0; j < UNWAITED; j++)
            assert_false(is_there(handles[j]));
    }
}

/* Zombies count against the limit, so few of them are kept. */
static void pids_that_are_kept_leave_room_under_a_limit(void** state)
{
    struct containerv_limits   limits  = { .size = sizeof(limits), .pids = 8 };
    struct containerv_options* options = containerv_options_new();
    (void)state;
    need_pids();
    NEED(CV_FEATURE_LIMITS);
    OK(containerv_options_set_limits(options, &limits));
    struct containerv_container* container = suite_container(options);
    for (int i = 0; i < 20; i++) {
        process_handle_t handle;
        OK(containerv_spawn(container, "/bin/true", NULL, &handle));
        await_ends(container, 1);
    }
    PRINTS("x", container, "echo x | cat");
    OK(containerv_destroy(container));
}

static void kill_init(struct containerv_container* container)
{
    struct containerv_process_info list[8];
    size_t                         count = 0;
    OK(containerv_processes(container, list, 8, &count));
    for (size_t i = 0; i < count && i < 8; i++)
        if (strcmp(list[i].name, "containerv-init") == 0) {
            assert_int_equal(kill((pid_t)list[i].pid, SIGKILL), 0);
            return;
        }
    fail_msg("no containerv-init among %zu processes", count);
}

static void pids_that_are_kept_hold_up_no_end_from_outside(void** state)
{
    process_handle_t       handles[UNWAITED], last;
    struct containerv_exit ended = { .size = sizeof(ended) };
    (void)state;
    need_pids();
    struct containerv_container* container = with_unwaited("sleep 1000", 1, handles);
    int64_t                      start     = now_ns();
    OK(containerv_spawn(container, "/bin/yes", NULL, &last));
    kill_init(container);
    OK(containerv_wait(container, CV_PROCESS_MAIN, 20000, &ended));
    assert_int_equal(ended.reason, CV_EXIT_LOST); /* who would have told is what was killed */
    assert_true(now_ns() - start < SOON_NS);
    OK(containerv_wait(container, last, 0, &ended));
    assert_int_equal(ended.signal, SIGKILL);
    OK(containerv_destroy(container));
}

/* PID 1 ends because the program does. */
static void pids_that_are_kept_hold_up_no_end_of_its_own(void** state)
{
    (void)state;
    need_pids();
    for (int init = 0; init < 2; init++) {
        process_handle_t             handles[UNWAITED], last;
        struct containerv_exit       ended = { .size = sizeof(ended) };
        struct containerv_container* container =
            with_unwaited("trap 'exit 9' TERM; : >/dev/shm/ready; while :; do sleep 0.1; done", init, handles);
        PRINTS("", container, "until [ -e /dev/shm/ready ]; do sleep 0.02; done");
        int64_t start = now_ns();
        OK(containerv_spawn(container, "/bin/cat", NULL, &last)); /* ends too, or is killed with the rest */
        OK(containerv_signal(container, CV_PROCESS_MAIN, SIGTERM));
        OK(containerv_wait(container, CV_PROCESS_MAIN, 20000, &ended));
        assert_int_equal(ended.code, 9);
        assert_true(now_ns() - start < SOON_NS);
        OK(containerv_wait(container, handles[1], 0, &ended));
        OK(containerv_destroy(container));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_caller_gets_no_children),
        cmocka_unit_test(children_that_are_ignored_disturb_nothing),
        cmocka_unit_test(no_signal_arrives_at_the_caller),
        cmocka_unit_test(blocked_and_handled_signals_are_not_handed_on),
        cmocka_unit_test(a_container_outlives_the_thread_that_made_it),
        cmocka_unit_test(threads_have_containers_of_their_own),
        cmocka_unit_test(a_wait_in_one_thread_holds_up_no_other),
        cmocka_unit_test(a_pid_is_kept_until_the_wait),
        cmocka_unit_test(pids_that_are_kept_leave_room_under_a_limit),
        cmocka_unit_test(pids_that_are_kept_hold_up_no_end),
        cmocka_unit_test(pids_that_are_kept_hold_up_no_end_of_its_own),
        cmocka_unit_test(pids_that_are_kept_hold_up_no_end_from_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
