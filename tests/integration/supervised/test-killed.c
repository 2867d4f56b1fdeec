/* Supervisors and their callers are killed, at any moment. */
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/str.h>

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

/* --- supervisors at random moments ---------------------------------------------------------------------------------------------- */

enum { SUPERVISORS = 24 /* or CV_KILLS */, RUN_CODE = 3 };

enum outcome { NOTHING, UNANSWERED, LOST, FINISHED, OUTCOMES };

static pid_t* shared_pid; /* of the supervisor that a child of the test has started */

static pid_t start_and_tell(int main_fd)
{
    return *(volatile pid_t*)shared_pid = box_start_program(main_fd);
}

static pid_t run_in_a_child(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)ACT(RUN);
        _exit(0);
    }
    return pid;
}

static void reap_all(void)
{
    int64_t deadline_ms = cv_clock_deadline_ms(20000);

    while (has_orphans()) {
        assert_true(cv_clock_left_ms(deadline_ms) > 0);
        usleep(1000);
    }
}

/* From the request to the end of the container. */
static long measure_run_us(void)
{
    int64_t start_ns = cv_clock_realtime_ns();

    run_in_a_child();
    reap_all();
    assert_int_equal(box_record().exit.code, RUN_CODE);
    CV_TEST_OK(err, ACT(REMOVE));
    return (long)((cv_clock_realtime_ns() - start_ns) / 1000);
}

static void kill_after(long us)
{
    struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

    *shared_pid = 0;
    run_in_a_child();
    while (*(volatile pid_t*)shared_pid == 0)
        usleep(100);
    nanosleep(&time, NULL);
    kill(*shared_pid, SIGKILL); /* ours until it is reaped */
    reap_all();
}

static void expect_no_group(void)
{
    static const char* const tops[] = { "/sys/fs/cgroup/*", "/sys/fs/cgroup" };

    for (size_t i = 0; i < CV_ARRAY_LEN(tops); i++) {
        char   pattern[96];
        glob_t found;
        assert_int_equal(cv_snprintf(pattern, sizeof(pattern), "%s/containerv/c-%s", tops[i], box_id), 0);
        assert_int_equal(glob(pattern, 0, NULL, &found), GLOB_NOMATCH);
    }
}

/* Whoever claims the id next finds out, and takes the rest away. */
static enum outcome look(void)
{
    enum outcome           outcome;
    struct containerv_info info;

    if (!box_has_record()) {
        outcome = box_is_held() ? UNANSWERED : NOTHING;
        CV_TEST_OK(err, ACT(DEFER));
    } else {
        CV_TEST_OK(err, ACT(HOLD)); /* its files are whole */
        info = box_record();
        assert_int_equal(info.state, CV_STATE_STOPPED);
        assert_true(info.has_exit);
        outcome = info.exit.reason == CV_EXIT_LOST ? LOST : FINISHED;
        if (outcome == FINISHED)
            assert_int_equal(info.exit.code, RUN_CODE);
        box_let_go();
        box_await_free();
    }
    CV_TEST_OK(err, ACT(REMOVE));
    reap_all();
    assert_false(box_is_held());
    assert_false(box_has_record());
    expect_no_group();
    return outcome;
}

static void a_supervisor_killed_at_any_moment_leaves_a_true_record(void** state)
{
    const char* wanted             = getenv("CV_KILLS");
    long        count              = wanted != NULL ? strtol(wanted, NULL, 10) : SUPERVISORS;
    unsigned    outcomes[OUTCOMES] = { 0 };
    long        length_us;

    (void)state;
    shared_pid = mmap(NULL, sizeof(*shared_pid), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared_pid != MAP_FAILED);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    box_spec("echo output; sleep 0.01; exit 3");
    box_start = start_and_tell;
    length_us = measure_run_us();
    for (long i = 0; i < count; i++) {
        kill_after(length_us * i / count * i / count); /* most happens at the beginning */
        outcomes[look()]++;
    }
    box_start = box_start_program;
    print_message("killed within %ld us: nothing was made %u times, half of it %u, it was lost %u, it had ended %u\n",
        length_us, outcomes[NOTHING], outcomes[UNANSWERED], outcomes[LOST], outcomes[FINISHED]);
    assert_true(outcomes[UNANSWERED] + outcomes[LOST] > 0);
    munmap(shared_pid, sizeof(*shared_pid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(a_lost_supervisor_takes_its_container_along),
        BOX_TEST(a_killed_caller_leaves_all_or_nothing),
        BOX_TEST(a_supervisor_killed_at_any_moment_leaves_a_true_record),
        BOX_TEST(an_id_is_claimed_by_one_of_many),
    };

    return cmocka_run_group_tests(tests, box_setup_group, box_teardown_group);
}
