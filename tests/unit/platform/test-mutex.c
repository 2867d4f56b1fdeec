#include <pthread.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/mutex.h>

enum { THREADS = 4, ROUNDS = 20000 };

static struct cv_mutex   mutex = CV_MUTEX_INIT;
static struct cv_once    once  = CV_ONCE_INIT;
static volatile unsigned counter, init_count;

static void init(void)
{
    init_count++;
}

/* The increment is a read and a write: without exclusion some get lost. */
static void* count(void* unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        cv_once(&once, init);
        cv_mutex_lock(&mutex);
        unsigned value = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = value + 1;
        cv_mutex_unlock(&mutex);
    }
    return unused;
}

static void threads_exclude_each_other(void** state)
{
    pthread_t threads[THREADS];
    (void)state;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counter, THREADS * ROUNDS);
    assert_int_equal(init_count, 1);
}

static void unlock_on_leaving_a_scope(void** state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        CV_CLEANUP(cv_mutex_unlockp) struct cv_mutex* held = &mutex;
        cv_mutex_lock(held);
    }
    CV_CLEANUP(cv_mutex_unlockp) struct cv_mutex* none = NULL;
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_exclude_each_other),
        cmocka_unit_test(unlock_on_leaving_a_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
