/*
 * Each system call of a supervisor fails in turn, from its create request to the end of its container: in its own part, and inside. The
 * create either fails and leaves nothing, or there is a container, and its record tells how it ended. What could not be taken away is by
 * whoever claims the id next.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/random.h>
#include <cv/str.h>

#include "box.h"
#include "faults.h"
#include "linux/supervisor.h"

enum { CALLS_MAX = 20000, RUN_SECONDS = 60, STRIDE = 17, RUN_CODE = 7 };

static struct cv_error err;
static unsigned        fault;
static char            progress[128];

static _Noreturn void be_supervisor(int main_fd)
{
    alarm(RUN_SECONDS); /* one that hangs ends the test */
    setpgid(0, 0);
    prctl(PR_SET_DUMPABLE, 0);
    faults_arm(fault);
    _exit(supervisor_serve(main_fd, NULL) < 0 ? 1 : 0);
}

static pid_t start_with_fault(int main_fd)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = fcntl(main_fd, F_DUPFD_CLOEXEC, 100); /* none of the test's own */
        for (int other = 3; other < 100; other++)
            close(other);
        be_supervisor(fd);
    }
    return pid;
}

/* Its own output is in the log if it got as far as that. */
static void check_record(const char* failed)
{
    struct containerv_info info   = box_record();
    size_t                 length = 0;
    char*                  text;

    if (info.state != CV_STATE_STOPPED || !info.has_exit)
        fail_msg("%s: state %u, %s", progress, info.state, info.has_exit ? "with an end" : "without an end");
    if (failed == NULL && (info.exit.code != RUN_CODE || info.exit.reason != CV_EXIT_EXITED))
        fail_msg("%s: code %d, reason %u", progress, info.exit.code, info.exit.reason);
    if (info.exit.code != RUN_CODE || info.exit.reason != CV_EXIT_EXITED || info.error[0] != '\0')
        return;
    text = box_log(CV_STREAM_OUTPUT, &length);
    if (strcmp(text, "output\n") != 0)
        fail_msg("%s: '%s' is in the log", progress, text);
    free(text);
}

static void take_away(void)
{
    pid_t (*with_fault)(int main_fd) = box_start;

    box_start = box_start_program;
    if (!box_has_record()) /* whoever claims the id sweeps */
        CV_TEST_OK(err, box_act(CONTAINERV__GUARDIAN__ACTION__DEFER, &err));
    CV_TEST_OK(err, box_act(CONTAINERV__GUARDIAN__ACTION__REMOVE, &err));
    assert_false(box_is_held());
    box_start = with_fault;
}

/* @return whether there was such a call */
static bool run_with_fault(unsigned n)
{
    int rc, status;

    fault = n;
    rc    = box_act(CONTAINERV__GUARDIAN__ACTION__RUN, &err);
    assert_int_equal(waitpid(box_supervisor, &status, 0), box_supervisor);
    const char* failed = faults_disarm();
    cv_snprintf(progress, sizeof(progress), "call %u (%s)", n, failed != NULL ? failed : "none failed");
    if (getenv("CV_FAULTS_SHOW") != NULL)
        print_message("%s: %d\n", progress, rc);
    if (!WIFEXITED(status))
        fail_msg("%s: the supervisor ended by signal %d", progress, WTERMSIG(status));
    if (failed == NULL && rc < 0)
        fail_msg("%s: the create failed: %s", progress, err.text);
    if (rc == 0 && !box_has_record())
        fail_msg("%s: the container is gone", progress);
    if (rc < 0 && rc != CV_ERR_LOST && box_has_record())
        fail_msg("%s: the create failed, and left a container: %s", progress, err.text);
    if (box_has_record())
        check_record(failed);
    take_away();
    return failed != NULL;
}

static void every_call_of_a_run(void** state)
{
    unsigned step = getenv("CV_FAULTS_ALL") != NULL ? 1 : STRIDE;
    unsigned n, tried = 0;

    (void)state;
    box_spec("echo output; exit 7");
    CV_TEST_OK(err, cv_random_bytes(&n, sizeof(n), &err));
    box_start = start_with_fault;
    faults_spare();
    faults_arm(CALLS_MAX); /* the forks share what it allocates */
    faults_disarm();
    for (n = 1 + n % step; run_with_fault(n); n += step, tried++)
        assert_in_range(n, 1, CALLS_MAX);
    box_start = box_start_program;
    print_message("%u of %u calls failed in turn\n", tried, n - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { BOX_TEST(every_call_of_a_run) };

    return cmocka_run_group_tests(tests, box_setup_group, box_teardown_group);
}
