/* Causes of ends, changes of limits and statistics, through the guardian. */
#include <signal.h>

#include "guardian-fixture.h"

/* A container whose counters rise all the time, see fake-container.c. */
static void causes_come_from_the_counters(void** state)
{
    static const struct {
        const char *id, *script;
        uint32_t    reason;
    } cases[] = {
        { "no-memory", "kill -9 $$", CV_EXIT_OOM },
        { "no-memory", "exit 137", CV_EXIT_OOM },
        { "no-memory", "exit 1", CV_EXIT_EXITED },
        { "no-memory", "kill -15 $$", CV_EXIT_KILLED },
        { "no-pids", "exit 2", CV_EXIT_PIDS_LIMIT },
        { "no-pids", "exit 0", CV_EXIT_EXITED },
        { "no-pids", "kill -9 $$", CV_EXIT_KILLED },
        { "plenty", "kill -9 $$", CV_EXIT_KILLED },
        { "full", "exit 1", CV_EXIT_UPPER_FULL },
        { "full", "exit 0", CV_EXIT_EXITED },
        { "full", "kill -9 $$", CV_EXIT_KILLED },
    };
    struct fixture* f = *state;

    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        cv_spec_set_string(&f->spec->ext.id, cases[i].id, NULL);
        create(f, NULL);
        assert_int_equal(wait_for(f, spawn(f, cases[i].script)).reason, cases[i].reason);
        assert_int_equal(backend->destroy(f->instance, &f->err), 0);
        f->instance = NULL;
    }
}

static void a_kill_that_was_asked_for_is_no_lack_of_memory(void** state)
{
    struct fixture*  f = *state;
    process_handle_t handle;

    cv_spec_set_string(&f->spec->ext.id, "no-memory", NULL);
    create(f, NULL);
    handle = spawn(f, "sleep 100");
    assert_int_equal(backend->signal(f->instance, handle, SIGKILL, &f->err), 0);
    assert_int_equal(wait_for(f, handle).reason, CV_EXIT_KILLED);
}

static void limits_are_changed_and_statistics_come_back(void** state)
{
    struct fixture*         f      = *state;
    struct containerv_stats stats  = { .size = sizeof(stats) };
    struct cv_spec*         limits = NULL;

    assert_int_equal(cv_spec_copy(f->spec, &limits, &f->err), 0);
    create(f, "sleep 100");
    limits->ext.limits.pids = 40;
    assert_int_equal(backend->update(f->instance, limits, &f->err), 0);
    assert_int_equal(backend->stats(f->instance, &stats, &f->err), 0);
    assert_true(stats.known == CV_STATS_PIDS && stats.pids_limit == 40 && stats.net_tx_packets == 7);
    limits->ext.limits.pids = 13;
    assert_int_equal(backend->update(f->instance, limits, &f->err), CV_ERR_SYSTEM);
    assert_string_equal(f->err.step, "limit the fake");
    cv_spec_free(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARDIAN_TEST(causes_come_from_the_counters),
        GUARDIAN_TEST(a_kill_that_was_asked_for_is_no_lack_of_memory),
        GUARDIAN_TEST(limits_are_changed_and_statistics_come_back),
    };

    setenv("CONTAINERV_GUARDIAN", CV_TEST_GUARDIAN, 1);
    setenv("CONTAINERV_RUN_DIR", cv_test_folder_make(), 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_test_folder_remove();
    return failed;
}
