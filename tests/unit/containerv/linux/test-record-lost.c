#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/handle.h>

#include "linux/journal.h"
#include "linux/record-lost.h"
#include "linux/record.h"

#include <cv/banned.h>

static int home(void)
{
    int fd = open(cv_test_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void next_is(struct journal_reader* reader, uint32_t kind, uint32_t is_main)
{
    struct containerv_journal_entry entry = { .size = sizeof(entry) };
    struct cv_error                 err   = CV_ERROR_INIT;
    CV_TEST_OK(err, journal_read(reader, &entry, &err));
    assert_int_equal(entry.kind, kind);
    assert_int_equal(entry.is_main, is_main);
    assert_string_equal(entry.id, "box");
    if (kind == CV_EVENT_EXITED) {
        assert_int_equal(entry.process, 5);
        assert_int_equal(entry.exit.reason, CV_EXIT_LOST);
    }
}

static void no_more(struct journal_reader* reader)
{
    struct containerv_journal_entry entry = { .size = sizeof(entry) };
    struct cv_error                 err   = CV_ERROR_INIT;
    assert_int_equal(journal_read(reader, &entry, &err), 1);
}

static void settle(int fd, const struct containerv_info* before, struct containerv_info* after)
{
    struct cv_error err = CV_ERROR_INIT;
    CV_TEST_OK(err, linux_record_write(fd, before, &err));
    CV_TEST_OK(err, linux_record_settle(fd, cv_test_path(""), "box", after, &err));
}

static void a_run_that_nobody_watches_has_been_lost(void** state)
{
    const struct containerv_info     runs   = { .state = CV_STATE_RUNNING, .main_process = 5, .supervisor = 4 };
    CV_CLEANUP(cv_handle_closep) int fd     = home();
    struct journal_reader*           reader = NULL;
    struct containerv_info           info;
    struct cv_error                  err = CV_ERROR_INIT;
    (void)state;
    CV_TEST_OK(err, journal_reader_open(cv_test_path(""), -1, &reader, &err));
    settle(fd, &runs, &info);
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.exit.reason, CV_EXIT_LOST);
    next_is(reader, CV_EVENT_EXITED, 1);
    next_is(reader, CV_EVENT_STOPPED, 0);
    CV_TEST_OK(err, linux_record_read(fd, &info, &err));
    assert_int_equal(info.state, CV_STATE_STOPPED);
    CV_TEST_OK(err, linux_record_settle(fd, cv_test_path(""), "box", &info, &err)); /* told once */
    no_more(reader);
    journal_reader_close(reader);
}

static void one_that_waited_for_its_start_had_ended(void** state)
{
    const struct containerv_info     waits  = { .state = CV_STATE_RESTARTING,
             .has_exit                                 = 1,
             .exit       = { .size = sizeof(struct containerv_exit), .code = 3, .reason = CV_EXIT_EXITED },
             .supervisor = 4 };
    CV_CLEANUP(cv_handle_closep) int fd     = home();
    struct journal_reader*           reader = NULL;
    struct containerv_info           info;
    struct cv_error                  err = CV_ERROR_INIT;
    (void)state;
    CV_TEST_OK(err, journal_reader_open(cv_test_path(""), -1, &reader, &err));
    settle(fd, &waits, &info);
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.exit.code, 3);
    next_is(reader, CV_EVENT_STOPPED, 0);
    no_more(reader);
    journal_reader_close(reader);
}

static void one_that_rests_is_left_alone(void** state)
{
    const struct containerv_info     created = { .state = CV_STATE_CREATED };
    CV_CLEANUP(cv_handle_closep) int fd      = home();
    struct journal_reader*           reader  = NULL;
    struct containerv_info           info;
    struct cv_error                  err = CV_ERROR_INIT;
    (void)state;
    CV_TEST_OK(err, journal_reader_open(cv_test_path(""), -1, &reader, &err));
    settle(fd, &created, &info);
    assert_int_equal(info.state, CV_STATE_CREATED);
    no_more(reader);
    journal_reader_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cv_test_setup, cv_test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_nobody_watches_has_been_lost),
        TEST(one_that_waited_for_its_start_had_ended),
        TEST(one_that_rests_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
