/* Supervisors and their callers are killed, at any moment. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cv/clock.h>

#include "box.h"

enum { CALLERS = 24, RACERS = 8 };

static struct cv_error err;

#define ACT(name) box_act(CONTAINERV__GUARDIAN__ACTION__##name, &err)

static void kill_and_await(pid_t pid)
{
    struct pollfd entry = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

    assert_true(entry.fd >= 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(poll(&entry, 1, 20000), 1);
    close(entry.fd);
}

static void a_lost_supervisor_takes_its_container_along(void** state)
{
    struct containerv_info before, info;

    (void)state;
    box_spec("echo here >/here; sleep 1000");
    CV_TEST_OK(err, ACT(RUN));
    box_await_file("here");
    before      = box_record();
    int main_fd = (int)syscall(SYS_pidfd_open, (pid_t)before.main_process, 0);
    assert_true(main_fd >= 0);
    kill_and_await(box_supervisor);
    struct pollfd entry = { .fd = main_fd, .events = POLLIN };
    assert_int_equal(poll(&entry, 1, 20000), 1);
    close(main_fd);
    CV_TEST_OK(err, ACT(HOLD)); /* whoever claims it finds out */
    info = box_record();
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_true(info.has_exit);
    assert_int_equal(info.exit.reason, CV_EXIT_LOST);
    assert_int_equal(info.supervisor, 0);
    assert_int_equal(box_told(CV_EVENT_EXITED, CV_EXIT_LOST), 1);
    assert_int_equal(box_told(CV_EVENT_STOPPED, 0), 1);
    box_let_go();
    box_await_free();
    CV_TEST_OK(err, ACT(START));
    assert_int_equal(box_record().state, CV_STATE_RUNNING);
}

/* Killed after `us` microseconds, in the middle of whatever its create does. */
static void kill_a_caller_after(long us)
{
    struct timespec time = { .tv_nsec = us * 1000 };
    pid_t           pid  = fork();
    int             status;

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)ACT(RUN);
        _exit(0);
    }
    nanosleep(&time, NULL);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* Orphans are ours: a supervisor that is at it still, or one that has nothing to do. */
static bool has_orphans(void)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0) {}
    return pid == 0;
}

static void expect_all_or_nothing(unsigned* made)
{
    int64_t deadline_ms = cv_clock_deadline_ms(20000);

    while (!box_has_record() && has_orphans()) {
        assert_true(cv_clock_left_ms(deadline_ms) > 0);
        usleep(1000);
    }
    if (!box_has_record()) {
        assert_false(box_is_held());
        return;
    }
    assert_int_equal(box_record().state, CV_STATE_RUNNING);
    CV_TEST_OK(err, box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, &err));
    CV_TEST_OK(err, box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, &err));
    assert_false(box_has_record());
    assert_false(box_is_held());
    ++*made;
}

static void a_killed_caller_leaves_all_or_nothing(void** state)
{
    unsigned made = 0;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    box_spec("sleep 1000");
    for (int i = 0; i < CALLERS; i++) {
        kill_a_caller_after(500L * i);
        expect_all_or_nothing(&made);
    }
    print_message("%u of %d callers left a container\n", made, (int)CALLERS);
    CV_TEST_OK(err, ACT(RUN));
}

static void an_id_is_claimed_by_one_of_many(void** state)
{
    pid_t racers[RACERS];
    int   status, won = 0;

    (void)state;
    box_spec("sleep 1000");
    for (int i = 0; i < RACERS; i++) {
        racers[i] = fork();
        assert_true(racers[i] >= 0);
        if (racers[i] == 0) {
            int rc = ACT(RUN);
            _exit(rc == 0 ? 0 : rc == CV_ERR_EXISTS ? 1 : 2);
        }
    }
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(waitpid(racers[i], &status, 0), racers[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        won += WEXITSTATUS(status) == 0;
    }
    assert_int_equal(won, 1);
    assert_int_equal(box_record().state, CV_STATE_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(a_lost_supervisor_takes_its_container_along),
        BOX_TEST(a_killed_caller_leaves_all_or_nothing),
        BOX_TEST(an_id_is_claimed_by_one_of_many),
    };

    return cmocka_run_group_tests(tests, box_setup_group, box_teardown_group);
}
