/*
 * Each system call fails in turn of starting a further process in a container that runs, and of taking such a container away.
 *
 * A start says what went wrong and leaves no process; or it has got along, and the process is confined exactly as without the fault. A
 * destroy says what went wrong, and what it had to leave the next sweep takes away.
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

enum { CALLS_MAX = 20000, SECONDS = 30, PROCESSES_MAX = 64 };

static struct cv_error    err;
static struct linux_child main_program; /* of the container that runs; it would end with its terminal */

static void note_progress(const char* what, unsigned n, const char* failed)
{
    cv_snprintf(subject_progress, sizeof(subject_progress), "%s: call %u (%s)", what, n,
        failed != NULL ? failed : "none failed");
}

static void close_child(const struct linux_child* child)
{
    close(child->pidfd);
    if (child->terminal_fd >= 0)
        close(child->terminal_fd);
}

/* A container whose program has said all and goes on running. */
static struct linux_container* bring_up(enum subject_kind kind)
{
    struct linux_container* container = NULL;

    main_program = (struct linux_child){ .pidfd = -1, .terminal_fd = -1 };
    subject_make(kind, true);
    struct linux_start start = subject_start();
    CV_TEST_OK(err, linux_container_create(subject_spec(), &start, &container, &main_program, &err));
    free(subject_report(&main_program));
    subject_free();
    return container;
}

static int take_away(struct linux_container* container)
{
    close_child(&main_program);
    return linux_container_destroy(container, &err);
}

static size_t count_processes(struct linux_container* container)
{
    pid_t  list[PROCESSES_MAX];
    size_t count = 0;
    CV_TEST_OK(err, linux_container_processes(container, list, PROCESSES_MAX, &count, &err));
    return count;
}

/* --- a further process --------------------------------------------------------------------------------------------------------- */

static char* judge(const struct linux_child* child, const char* reference)
{
    int   status = -1;
    char* report = subject_report(child);

    if (reference != NULL)
        subject_compare(report, reference);
    assert_int_equal(waitpid(child->pid, &status, __WALL), child->pid);
    if (status != 0)
        fail_msg("%s: the program ended with %x", subject_progress, (unsigned)status);
    close_child(child);
    return report;
}

static const char* spawn_with_fault(
    struct linux_container* container, unsigned n, const char* reference, char** report_out)
{
    struct linux_child   child   = { .pidfd = -1, .terminal_fd = -1 };
    struct subject_state before  = subject_state_now();
    struct linux_start   start   = subject_start();
    size_t               running = count_processes(container);
    bool                 is_main;

    err = (struct cv_error)CV_ERROR_INIT;
    alarm(SECONDS);
    faults_arm(n);
    int         rc     = linux_container_spawn(container, &start, &child, &is_main, &err);
    const char* failed = faults_disarm();
    note_progress("spawn", n, failed);
    if (rc < 0 && (failed == NULL || err.code != rc || err.text[0] == '\0'))
        fail_msg("%s: spawn gave %d, error %d '%s'", subject_progress, rc, err.code, err.text);
    if (rc < 0 && getenv("CV_FAULTS_SHOW") != NULL)
        print_message("%s: %s\n", subject_progress, err.text);
    if (rc == 0) {
        *report_out = judge(&child, reference);
        if (failed != NULL)
            subject_check_tolerated(failed);
    }
    subject_no_report();
    if (waitpid(-1, NULL, WNOHANG | __WALL) != 0 || count_processes(container) != running)
        fail_msg("%s: a process is left, or wasn't waited for", subject_progress);
    subject_check_state(&before);
    alarm(0);
    return failed;
}

static void spawn_all(enum subject_kind kind)
{
    CV_TEST_OK(err, linux_source_prepare(&err)); /* a guardian keeps what this makes */
    struct subject_state    before    = subject_state_now();
    struct linux_container* container = bring_up(kind);
    char *                  report = NULL, *reference = NULL;
    unsigned                n, tried = 0, tolerated = 0;

    subject_make(kind, false);
    assert_null(spawn_with_fault(container, CALLS_MAX, NULL, &reference));
    for (n = subject_first(); spawn_with_fault(container, n, reference, &report) != NULL;
         n += subject_step(), tried++) {
        assert_in_range(n, 1, CALLS_MAX);
        tolerated += report != NULL;
        free(report);
        report = NULL;
    }
    assert_non_null(report);
    print_message("%u of %u calls failed in turn, %u of them were tolerated\n", tried, n - 1, tolerated);
    free(report);
    free(reference);
    CV_TEST_OK(err, take_away(container));
    subject_check_nothing_left(&before);
    subject_free();
}

static void every_call_of_a_spawn(void** state)
{
    (void)state;
    spawn_all(SUBJECT_INIT);
}

static void every_call_of_a_spawn_beside_pid_1(void** state)
{
    (void)state;
    spawn_all(SUBJECT_NO_INIT);
}

static void every_call_of_a_spawn_with_more_granted(void** state)
{
    (void)state;
    spawn_all(SUBJECT_GRANTED);
}

/* --- the end ------------------------------------------------------------------------------------------------------------------- */

static void check_destroy_tolerated(const char* call)
{
    if (strcmp(call, "openat") != 0)
        subject_check_tolerated(call);
    else
        print_message("tolerated: %s (of a log's folder, for whose readers a delete waits)\n", subject_progress);
}

static const char* destroy_with_fault(enum subject_kind kind, unsigned n, bool* told_out)
{
    struct subject_state before = subject_state_now();

    alarm(SECONDS);
    struct linux_container* container = bring_up(kind);
    err                               = (struct cv_error)CV_ERROR_INIT;
    faults_arm(n);
    int rc = take_away(container);
    faults_reap_forks(); /* what deletes in the background fails too */
    const char* failed = faults_disarm();
    note_progress("destroy", n, failed);
    if (rc < 0 && (failed == NULL || err.code != rc || err.text[0] == '\0'))
        fail_msg("%s: destroy gave %d, error %d '%s'", subject_progress, rc, err.code, err.text);
    if (rc < 0 && getenv("CV_FAULTS_SHOW") != NULL)
        print_message("%s: %s\n", subject_progress, err.text);
    if (rc == 0)
        subject_check_nothing_left(&before);
    if (rc == 0 && failed != NULL && subject_trash_is_empty())
        check_destroy_tolerated(failed);
    if (failed != NULL)
        CV_TEST_OK(err, take_away(bring_up(SUBJECT_INIT)));
    subject_check_nothing_left(&before);
    if (!subject_trash_is_empty())
        fail_msg("%s: there is trash that no sweep takes away", subject_progress);
    alarm(0);
    *told_out = rc < 0;
    return failed;
}

static void destroy_all(enum subject_kind kind)
{
    unsigned n, tried = 0, told = 0;
    bool     was_told;

    CV_TEST_OK(err, linux_source_prepare(&err));
    for (n = subject_first(); destroy_with_fault(kind, n, &was_told) != NULL; n += subject_step(), tried++) {
        assert_in_range(n, 1, CALLS_MAX);
        told += was_told;
    }
    print_message("%u of %u calls failed in turn, %u of them were told\n", tried, n - 1, told);
}

static void every_call_of_a_destroy(void** state)
{
    (void)state;
    destroy_all(SUBJECT_INIT);
}

static void every_call_of_a_destroy_without_init(void** state)
{
    (void)state;
    destroy_all(SUBJECT_NO_INIT);
}

static void every_call_of_a_destroy_with_limits(void** state)
{
    (void)state;
    destroy_all(SUBJECT_LIMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_a_spawn),
        cmocka_unit_test(every_call_of_a_spawn_beside_pid_1),
        cmocka_unit_test(every_call_of_a_spawn_with_more_granted),
        cmocka_unit_test(every_call_of_a_destroy),
        cmocka_unit_test(every_call_of_a_destroy_without_init),
        cmocka_unit_test(every_call_of_a_destroy_with_limits),
    };
    return cmocka_run_group_tests(tests, subject_setup, subject_teardown);
}
