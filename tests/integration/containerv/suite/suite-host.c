/* The calling program: its children, signals and threads are its own, and containers do not depend on them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
