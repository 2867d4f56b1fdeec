/*
 * Each system call of a create fails in turn, in the guardian's part and inside the container. A create either says what went wrong, or it
 * has got along without that call: then the call is one that may fail, and the container is isolated exactly as without the fault. And
 * whatever happened, nothing of the container is left.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/str.h>

#include "faults-subject.h"
#include "faults.h"
#include "linux/source.h"

enum { CALLS_MAX = 20000, CREATE_SECONDS = 30 };

static struct cv_error err;

/* The container came up: it must end well, and be as it should be. `reference` NULL: this one is what others are compared with. */
static char* judge(struct linux_container* container, struct linux_child* child, const char* reference)
{
    struct linux_status status;
    char*               report = subject_report(child);
    struct pollfd       ended  = { .fd = child->pidfd, .events = POLLIN };

    subject_check_limits(container);
    if (reference != NULL)
        subject_compare(report, reference);
    assert_int_equal(poll(&ended, 1, CREATE_SECONDS * 1000), 1);
    CV_TEST_OK(err, linux_container_main_status(container, &status, &err));
    if (!status.known || status.code != 0)
        fail_msg("%s: the program ended with %d", subject_progress, status.code);
    close(child->pidfd);
    if (child->terminal_fd >= 0)
        close(child->terminal_fd);
    CV_TEST_OK(err, linux_container_destroy(container, &err));
    return report;
}

/* @return the call that failed, NULL when there are not that many */
static const char* create_with_fault(unsigned n, const char* reference, char** report_out)
{
    struct linux_child      child     = { .pidfd = -1, .terminal_fd = -1 };
    struct linux_container* container = NULL;
    struct subject_state    before    = subject_state_now();
    struct linux_start      start     = subject_start();

    err = (struct cv_error)CV_ERROR_INIT;
    alarm(CREATE_SECONDS); /* a create that hangs ends the test */
    faults_arm(n);
    int         rc     = linux_container_create(subject_spec(), &start, &container, &child, &err);
    const char* failed = faults_disarm();
    cv_snprintf(subject_progress, sizeof(subject_progress), "call %u (%s)", n, failed != NULL ? failed : "none failed");
    if (rc < 0 && (failed == NULL || err.code != rc || err.text[0] == '\0'))
        fail_msg("%s: create gave %d, error %d '%s'", subject_progress, rc, err.code, err.text);
    if (rc < 0 && getenv("CV_FAULTS_SHOW") != NULL)
        print_message("%s: %s\n", subject_progress, err.text);
    if (rc == 0) {
        *report_out = judge(container, &child, reference);
        if (failed != NULL)
            subject_check_tolerated(failed);
    }
    subject_no_report();
    subject_check_nothing_left(&before);
    alarm(0);
    return failed;
}

static void try_all(enum subject_kind kind)
{
    char *   report = NULL, *reference = NULL;
    unsigned n, tried = 0, tolerated = 0;

    subject_make(kind, false);
    CV_TEST_OK(err, linux_source_prepare(&err)); /* a guardian keeps what this makes */
    assert_null(create_with_fault(CALLS_MAX, NULL, &reference));
    for (n = subject_first(); create_with_fault(n, reference, &report) != NULL; n += subject_step(), tried++) {
        assert_in_range(n, 1, CALLS_MAX);
        tolerated += report != NULL;
        free(report);
        report = NULL;
    }
    assert_non_null(report);
    print_message("%u of %u calls failed in turn, %u of them were tolerated\n", tried, n - 1, tolerated);
    free(report);
    free(reference);
    subject_free();
}

enum preparation { ALL_DONE = 10, TOLERATED, TOLD, NOT_TOLD, LEFT_BEHIND };

static _Noreturn void prepare_with_fault(unsigned n)
{
    struct subject_state before = subject_state_now();

    err = (struct cv_error)CV_ERROR_INIT;
    faults_arm(n);
    int         rc     = linux_source_prepare(&err);
    const char* failed = faults_disarm();
    if (rc == 0)
        _exit(failed == NULL ? ALL_DONE : TOLERATED);
    struct subject_state after = subject_state_now();
    if (after.fds != before.fds || after.mounts != before.mounts)
        _exit(LEFT_BEHIND);
    _exit(failed != NULL && err.code == rc && err.text[0] != '\0' ? TOLD : NOT_TOLD);
}

/* What a guardian makes once, at its first container: each time in another process. */
static void every_call_of_the_preparation(void** state)
{
    int status = 0;

    (void)state;
    faults_arm(CALLS_MAX); /* the forks share what it allocates */
    faults_disarm();
    for (unsigned n = 1; status != ALL_DONE; n++) {
        pid_t pid = fork();
        if (pid == 0)
            prepare_with_fault(n);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        faults_reap_forks(); /* it was noted as one */
        status             = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        const char* failed = faults_disarm();
        cv_snprintf(subject_progress, sizeof(subject_progress), "prepare: call %u (%s)", n,
            failed != NULL ? failed : "none failed");
        if (status == TOLERATED)
            subject_check_tolerated(failed);
        else if (status != TOLD && status != ALL_DONE)
            fail_msg("%s: ended with %d", subject_progress, status);
    }
}

static void every_call_with_init(void** state)
{
    (void)state;
    try_all(SUBJECT_INIT);
}

static void every_call_without_init(void** state)
{
    (void)state;
    try_all(SUBJECT_NO_INIT);
}

static void every_call_with_limits(void** state)
{
    (void)state;
    try_all(SUBJECT_LIMITS);
}

static void every_call_with_more_granted(void** state)
{
    (void)state;
    try_all(SUBJECT_GRANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_the_preparation),
        cmocka_unit_test(every_call_with_init),
        cmocka_unit_test(every_call_without_init),
        cmocka_unit_test(every_call_with_limits),
        cmocka_unit_test(every_call_with_more_granted),
    };
    return cmocka_run_group_tests(tests, subject_setup, subject_teardown);
}
