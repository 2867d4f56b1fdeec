/* Calls on one container from several threads: a wait holds up nobody, and each thread has its own error. */
#include <pthread.h>
#include <stdlib.h>

#include "core-test.h"

enum { THREADS = 8, ROUNDS = 50 };

struct worker {
    pthread_t                    thread;
    struct containerv_container* container;
    process_handle_t             handle;
    int                          failures;
};

static void* wait_for_it(void* context)
{
    struct worker*         worker = context;
    struct containerv_exit ended  = { .size = sizeof(ended) };
    worker->failures = containerv_wait(worker->container, worker->handle, -1, &ended) != 0 || ended.signal != 9;
    return NULL;
}

static void waiting_holds_up_nobody(void** state)
{
    struct containerv_container* container        = test_container(NULL);
    struct worker                workers[THREADS] = { 0 };
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        workers[i].container = container;
        OK(containerv_spawn(container, "/x", NULL, &workers[i].handle));
        assert_int_equal(pthread_create(&workers[i].thread, NULL, wait_for_it, &workers[i]), 0);
    }
    OK(containerv_pause(container));
    OK(containerv_resume(container));
    for (int i = THREADS - 1; i >= 0; i--)
        OK(containerv_signal(container, workers[i].handle, 9));
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
    OK(containerv_destroy(container));
}

static void* work(void* context)
{
    struct worker* worker = context;
    for (int i = 0; i < ROUNDS; i++) {
        process_handle_t handle = CV_PROCESS_MAIN;
        int              rc     = containerv_pause(worker->container); /* only one of them can */
        worker->failures += rc != 0 && containerv_error_last()->code != CV_ERR_STATE;
        worker->failures += rc == 0 && containerv_resume(worker->container) != 0;
        worker->failures += containerv_wait(worker->container, handle, 0, NULL) != CV_ERR_NOT_FOUND;
        worker->failures += containerv_error_last()->code != CV_ERR_NOT_FOUND;
    }
    return NULL;
}

static void states_and_errors_of_threads_do_not_mix(void** state)
{
    struct containerv_container* container        = test_container(NULL);
    struct worker                workers[THREADS] = { 0 };
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        workers[i].container = container;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(waiting_holds_up_nobody), TEST(states_and_errors_of_threads_do_not_mix) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
