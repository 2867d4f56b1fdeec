/* What a supervisor does by itself: it starts a container again, looks after its health, and tells of what it is asked. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/str.h>

#include "box.h"

static struct cv_error err;

#define ACT(name) box_act(CONTAINERV__GUARDIAN__ACTION__##name, &err)

static void failures_start_it_again_so_often(void** state)
{
    struct cv_spec*        spec = box_spec("echo run >>/runs; exit 4");
    struct containerv_info info;

    (void)state;
    spec->ext.supervision.restart     = CV_RESTART_ON_FAILURE;
    spec->ext.supervision.restart_max = 2;
    CV_TEST_OK(err, ACT(RUN));
    info = box_await(CV_STATE_STOPPED);
    box_await_free();
    assert_int_equal(info.restarts, 2);
    assert_int_equal(info.exit.code, 4);
    assert_string_equal(box_file("runs"), "run\nrun\nrun\n"); /* the root is as it was left */
}

static void a_success_is_no_failure(void** state)
{
    struct cv_spec*        spec = box_spec("exit 0");
    struct containerv_info info;

    (void)state;
    spec->ext.supervision.restart = CV_RESTART_ON_FAILURE;
    CV_TEST_OK(err, ACT(RUN));
    info = box_await(CV_STATE_STOPPED);
    assert_int_equal(info.restarts, 0);
    box_await_free();
}

static void who_stops_it_ends_that(void** state)
{
    struct cv_spec* spec = box_spec("echo run >>/runs; [ $(wc -l </runs) -lt 2 ] || { echo 1 >/second; sleep 1000; }");

    (void)state;
    spec->ext.supervision.restart = CV_RESTART_ALWAYS;
    CV_TEST_OK(err, ACT(RUN));
    box_await_file("second");
    CV_TEST_OK(err, box_stop(-1, &err));
    assert_int_equal(box_record().state, CV_STATE_STOPPED);
    assert_int_equal(box_record().restarts, 1);
    assert_int_equal(box_record().exit.on_request, 1);
    assert_false(box_is_held());
}

static void who_stops_it_between_two_runs_is_heard(void** state)
{
    struct cv_spec* spec = box_spec("exit 1");

    (void)state;
    spec->ext.supervision.restart = CV_RESTART_ALWAYS;
    CV_TEST_OK(err, ACT(RUN));
    box_await(CV_STATE_RESTARTING);
    CV_TEST_OK(err, box_stop(-1, &err));
    assert_int_equal(box_record().state, CV_STATE_STOPPED);
    assert_int_equal(box_record().exit.code, 1);
}

/* One that is destroyed between two runs is gone at once. */
static void who_destroys_it_between_two_runs_is_heard(void** state)
{
    struct cv_spec* spec = box_spec("exit 1");

    (void)state;
    spec->ext.supervision.restart = CV_RESTART_ALWAYS;
    CV_TEST_OK(err, ACT(RUN));
    box_await(CV_STATE_RESTARTING);
    CV_TEST_OK(err, box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, &err));
    assert_false(box_has_record());
    assert_false(box_is_held());
}

static bool is_healthy(const struct containerv_info* info, const void* data)
{
    return info->health == *(const uint32_t*)data;
}

static void its_health_is_told(void** state)
{
    const char* const check[] = { "/bin/sh", "-c", "[ -e /good ]", NULL };
    struct cv_spec*   spec    = box_spec("echo 1 >/good; sleep 1000");
    uint32_t          good = CV_HEALTH_HEALTHY, bad = CV_HEALTH_UNHEALTHY;

    (void)state;
    CV_TEST_OK(err, cv_strv_append_all(&spec->ext.supervision.health.command, check));
    spec->ext.supervision.health.interval_ms = 50;
    spec->ext.supervision.health.retries     = 2;
    CV_TEST_OK(err, ACT(RUN));
    assert_int_equal(box_record().health, CV_HEALTH_STARTING);
    box_await_record(is_healthy, &good);
    box_spawn("rm /good");
    assert_true(box_await_record(is_healthy, &bad).health_failures >= 2);
    box_spawn("echo 1 >/good");
    assert_int_equal(box_await_record(is_healthy, &good).health_failures, 0);
    CV_TEST_OK(err, box_stop(0, &err));
}

static const char loses_its_shell[] = "echo run >>/ran; [ -e /again ] || { until [ -e /go ]; do sleep 0.02; done; rm "
                                      "/bin/sh /bin/busybox; exit 1; }; sleep 1000";

static bool has_trouble(const struct containerv_info* info, const void* data)
{
    (void)data;
    return info->error[0] != '\0';
}

static void in_upper(const char* name, char path[PATH_MAX])
{
    assert_int_equal(cv_snprintf(path, PATH_MAX, "%s/%s", cv_test_path("state/containers"), box_id), 0);
    assert_int_equal(cv_snprintf(path + strlen(path), PATH_MAX - strlen(path), "/upper/%s", name), 0);
}

/* And is told that it can't, until it can: the next time comes later than the one before. */
static void what_can_not_be_started_again_is_tried_later(void** state)
{
    struct cv_spec*        spec = box_spec(loses_its_shell);
    struct containerv_info info;
    char                   path[PATH_MAX];

    (void)state;
    spec->ext.supervision.restart = CV_RESTART_ALWAYS;
    CV_TEST_OK(err, ACT(RUN));
    box_await_file("ran");
    box_spawn("touch /go");
    info = box_await_record(has_trouble, NULL);
    assert_int_equal(info.state, CV_STATE_RESTARTING);
    assert_int_equal(info.restarts, 1);
    assert_int_equal(info.exit.code, 1);
    in_upper("again", path);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    in_upper("bin/sh", path);
    assert_int_equal(unlink(path), 0); /* that says that it is gone */
    in_upper("bin/busybox", path);
    assert_int_equal(unlink(path), 0);
    info = box_await(CV_STATE_RUNNING);
    assert_string_equal(info.error, "");
    assert_true(info.restarts >= 2); /* with those that failed */
    CV_TEST_OK(err, box_stop(0, &err));
}

static void what_can_not_be_started_again_so_often_says_why(void** state)
{
    struct cv_spec*        spec = box_spec(loses_its_shell);
    struct containerv_info info;
    unsigned               told = box_told(CV_EVENT_RESTARTING, 0); /* of the tests before */

    (void)state;
    spec->ext.supervision.restart     = CV_RESTART_ON_FAILURE;
    spec->ext.supervision.restart_max = 3;
    CV_TEST_OK(err, ACT(RUN));
    box_await_file("ran");
    box_spawn("touch /go");
    info = box_await(CV_STATE_STOPPED);
    assert_true(info.error[0] != '\0');
    assert_int_equal(info.restarts, 3);
    assert_int_equal(info.supervisor, 0);
    assert_int_equal(info.exit.code, 1);
    assert_int_equal(box_told(CV_EVENT_RESTARTING, 0) - told, 3);
    box_await_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(failures_start_it_again_so_often),
        BOX_TEST(a_success_is_no_failure),
        BOX_TEST(who_stops_it_ends_that),
        BOX_TEST(who_stops_it_between_two_runs_is_heard),
        BOX_TEST(who_destroys_it_between_two_runs_is_heard),
        BOX_TEST(its_health_is_told),
        BOX_TEST(what_can_not_be_started_again_is_tried_later),
        BOX_TEST(what_can_not_be_started_again_so_often_says_why),
    };

    return cmocka_run_group_tests(tests, box_setup_group, box_teardown_group);
}
