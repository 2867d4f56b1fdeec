/* A container that outlives its caller: made, found, stopped, started again, held, taken away. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box.h"

static struct cv_error err;

#define ACT(name) box_act(CONTAINERV__GUARDIAN__ACTION__##name, &err)

static void it_outlives_its_caller_and_says_how_it_ended(void** state)
{
    struct containerv_exit exit = { .size = sizeof(exit) };
    struct containerv_info info;

    (void)state;
    box_spec("until [ -e /go ]; do sleep 0.02; done; echo done >/result; exit 7");
    CV_TEST_OK(err, ACT(RUN));
    info = box_record(); /* the caller's socket is closed */
    assert_int_equal(info.state, CV_STATE_RUNNING);
    assert_int_equal(info.supervisor, box_supervisor);
    assert_true(info.main_process > 0 && info.created_ns > 0 && info.started_ns >= info.created_ns);
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, box_wait(10, &exit, &err));
    box_spawn("touch /go");
    CV_TEST_OK(err, box_wait(-1, &exit, &err));
    assert_int_equal(exit.code, 7);
    assert_int_equal(exit.reason, CV_EXIT_EXITED);
    assert_int_equal(exit.on_request, 0);
    info = box_record(); /* whoever waits is told when all is written, and nobody holds it */
    assert_false(box_is_held());
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_true(info.has_exit);
    assert_int_equal(info.exit.code, 7);
    assert_int_equal(info.supervisor, 0);
    assert_string_equal(box_file("result"), "done\n");
}

static void it_is_started_again_with_its_root_as_it_was_left(void** state)
{
    struct containerv_exit exit = { .size = sizeof(exit) };

    (void)state;
    box_spec("echo run >>/runs; sleep 0.2; exit $(wc -l </runs)");
    CV_TEST_OK(err, ACT(DEFER));
    assert_int_equal(box_record().state, CV_STATE_CREATED);
    assert_false(box_is_held());
    for (int run = 1; run <= 3; run++) {
        CV_TEST_OK(err, ACT(START));
        CV_TEST_FAILS(CV_ERR_STATE, err, ACT(START));
        CV_TEST_FAILS(CV_ERR_STATE, err, ACT(REMOVE));
        CV_TEST_OK(err, box_wait(-1, &exit, &err));
        assert_int_equal(exit.code, run);
    }
    assert_int_equal(box_record().restarts, 0);
}

static void its_id_is_taken_until_it_is_removed(void** state)
{
    (void)state;
    box_spec("exit 0");
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, ACT(START));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, ACT(REMOVE));
    CV_TEST_OK(err, ACT(DEFER));
    CV_TEST_FAILS(CV_ERR_EXISTS, err, ACT(DEFER));
    CV_TEST_FAILS(CV_ERR_EXISTS, err, ACT(RUN));
    CV_TEST_OK(err, ACT(REMOVE));
    assert_false(box_has_record());
    CV_TEST_OK(err, ACT(DEFER));
}

static void what_can_not_be_made_leaves_nothing(void** state)
{
    struct cv_spec* spec = box_spec("exit 0");

    (void)state;
    cv_strv_release(&spec->process.args);
    CV_TEST_OK(err, cv_strv_append(&spec->process.args, "/no/such/program"));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, ACT(RUN));
    assert_false(box_has_record());
    assert_false(box_is_held());
    CV_TEST_OK(err, ACT(DEFER)); /* that is tried by the start */
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, ACT(START));
    assert_int_equal(box_record().state, CV_STATE_CREATED);
    assert_false(box_is_held());
}

static void a_stop_is_a_signal_first(void** state)
{
    struct containerv_info info;

    (void)state;
    box_spec("trap 'echo term >/heard; exit 3' TERM; echo 1 >/ready; while :; do sleep 0.02; done");
    CV_TEST_OK(err, ACT(RUN));
    box_await_file("ready");
    CV_TEST_OK(err, box_stop(-1, &err));
    info = box_record();
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.exit.code, 3);
    assert_int_equal(info.exit.on_request, 1);
    assert_int_equal(info.exit.request_uid, geteuid());
    assert_int_equal(info.exit.request_pid, getpid());
    assert_string_equal(box_file("heard"), "term\n");
    assert_false(box_is_held());
}

static void a_stop_is_a_kill_in_the_end(void** state)
{
    struct containerv_info info;

    (void)state;
    box_spec("trap '' TERM; echo 1 >/ready; while :; do sleep 0.02; done");
    CV_TEST_OK(err, ACT(RUN));
    box_await_file("ready");
    CV_TEST_OK(err, box_stop(100, &err));
    info = box_record();
    assert_int_equal(info.exit.signal, SIGKILL);
    assert_int_equal(info.exit.reason, CV_EXIT_KILLED);
    assert_int_equal(info.exit.on_request, 1);
}

static void time_is_over_by_a_signal_too(void** state)
{
    struct cv_spec*        spec = box_spec("trap 'exit 9' TERM; while :; do sleep 0.02; done");
    struct containerv_exit exit = { .size = sizeof(exit) };

    (void)state;
    spec->ext.timeout_ms = 300;
    CV_TEST_OK(err, ACT(RUN));
    CV_TEST_OK(err, box_wait(-1, &exit, &err));
    assert_int_equal(exit.reason, CV_EXIT_TIMEOUT);
    assert_int_equal(exit.code, 9);
}

static void who_signals_is_known(void** state)
{
    struct containerv_exit exit = { .size = sizeof(exit) };

    (void)state;
    box_spec("sleep 100");
    CV_TEST_OK(err, ACT(RUN));
    CV_TEST_OK(err, box_signal(SIGKILL, &err));
    CV_TEST_OK(err, box_wait(-1, &exit, &err));
    assert_int_equal(exit.signal, SIGKILL);
    assert_int_equal(exit.on_request, 1);
    assert_int_equal(exit.request_pid, getpid());
}

static void one_without_a_command_lives_until_it_is_destroyed(void** state)
{
    (void)state;
    box_spec(NULL);
    CV_TEST_OK(err, ACT(RUN));
    assert_int_equal(box_record().state, CV_STATE_CREATED);
    assert_true(box_record().supervisor > 0);
    CV_TEST_OK(err, box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_PAUSE, &err));
    assert_int_equal(box_record().state, CV_STATE_PAUSED);
    CV_TEST_OK(err, box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, &err));
    assert_false(box_has_record());
    assert_false(box_is_held());
}

static void a_held_one_stays_as_it_is(void** state)
{
    struct containerv_info before, after;

    (void)state;
    box_spec("exit 5");
    CV_TEST_OK(err, ACT(RUN));
    box_await_free();
    before = box_record();
    CV_TEST_OK(err, ACT(HOLD));
    CV_TEST_FAILS(CV_ERR_STATE, err, ACT(START));
    after = box_record();
    assert_memory_equal(&before, &after, sizeof(before));
    box_let_go();
    box_await_free();
    CV_TEST_OK(err, ACT(START));
}

/* 1 MB, and the last of it right before the end. */
static void all_output_is_there_when_the_end_is(void** state)
{
    size_t length = 0;
    char*  text;

    (void)state;
    box_spec("echo first >&2; head -c 1000000 /dev/zero; echo last");
    CV_TEST_OK(err, ACT(RUN));
    box_await(CV_STATE_STOPPED);
    text = box_log(CV_STREAM_OUTPUT, &length);
    assert_int_equal(length, 1000005);
    assert_string_equal(text + 1000000, "last\n");
    free(text);
    text = box_log(CV_STREAM_ERROR, &length);
    assert_string_equal(text, "first\n");
    free(text);
}

/* Of a process that nobody waits for; the main process lives on. */
static void want_of_memory_is_told_at_once(void** state)
{
    struct cv_spec* spec = box_spec("dd if=/dev/zero of=/dev/null bs=256M count=1; sleep 1000");

    (void)state;
    spec->ext.limits.memory_bytes = UINT64_C(32) << 20;
    CV_TEST_OK(err, ACT(RUN));
    box_await_told(CV_EVENT_OOM);
    assert_int_equal(box_record().state, CV_STATE_RUNNING);
    CV_TEST_OK(err, box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_KILL, &err));
    assert_int_equal(box_record().exit.on_request, 1);
}

static void remove_takes_it_away_by_itself(void** state)
{
    struct cv_spec* spec = box_spec("sleep 0.1");

    (void)state;
    spec->ext.supervision.remove = true;
    CV_TEST_OK(err, ACT(RUN));
    box_await_free();
    assert_false(box_has_record());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(it_outlives_its_caller_and_says_how_it_ended),
        BOX_TEST(it_is_started_again_with_its_root_as_it_was_left),
        BOX_TEST(its_id_is_taken_until_it_is_removed),
        BOX_TEST(what_can_not_be_made_leaves_nothing),
        BOX_TEST(a_stop_is_a_signal_first),
        BOX_TEST(a_stop_is_a_kill_in_the_end),
        BOX_TEST(time_is_over_by_a_signal_too),
        BOX_TEST(who_signals_is_known),
        BOX_TEST(one_without_a_command_lives_until_it_is_destroyed),
        BOX_TEST(a_held_one_stays_as_it_is),
        BOX_TEST(all_output_is_there_when_the_end_is),
        BOX_TEST(want_of_memory_is_told_at_once),
        BOX_TEST(remove_takes_it_away_by_itself),
    };

    return cmocka_run_group_tests(tests, box_setup_group, box_teardown_group);
}
