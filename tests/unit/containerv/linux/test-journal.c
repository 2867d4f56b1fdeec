/* The journal's writers and readers on real files. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

#include "linux/journal.h"

#include <cv/banned.h>

static struct journal_reader* reader;
static struct cv_error        err;

static int teardown(void** state)
{
    journal_reader_close(CV_STEAL(reader));
    return cv_test_teardown(state);
}

static void append_to(const char* folder, int64_t number)
{
    struct containerv_journal_entry entry = {
        .kind = CV_EVENT_STARTED, .time_ns = number, .id = "c", .process = number
    };
    memset(entry.detail, 'd', sizeof(entry.detail) - 1);
    CV_TEST_OK(err, journal_append(folder, &entry, &err));
}

static void append(int64_t number)
{
    append_to(cv_test_path(""), number);
}

static void open_reader(int64_t since_ns)
{
    journal_reader_close(CV_STEAL(reader));
    CV_TEST_OK(err, journal_reader_open(cv_test_path(""), since_ns, &reader, &err));
}

static void next(int64_t number)
{
    struct containerv_journal_entry entry;
    CV_TEST_OK(err, journal_read(reader, &entry, &err));
    assert_int_equal(entry.process, number);
}

static void nothing_more(void)
{
    struct containerv_journal_entry entry;
    assert_int_equal(journal_read(reader, &entry, &err), 1);
}

static bool is_ready(int timeout_ms)
{
    struct pollfd at = { .fd = journal_reader_handle(reader), .events = POLLIN };
    return poll(&at, 1, timeout_ms) == 1;
}

/* As if the file had nearly its size: long lines that are no entries. */
static void fill_up(void)
{
    FILE* file = fopen(cv_test_path(JOURNAL_FILE), "ae");
    assert_non_null(file);
    for (int i = 0; i < JOURNAL_FILE_BYTES / 8192 - 1; i++)
        assert_true(fprintf(file, "%*s\n", 8191, "") > 0);
    fclose(file);
}

static void entries_come_in_order(void** state)
{
    (void)state;
    open_reader(0);
    nothing_more();
    for (int i = 1; i < 200; i++)
        append(i);
    for (int i = 1; i < 200; i++)
        next(i);
    nothing_more();
    open_reader(150);
    next(150);
    open_reader(200);
    nothing_more();
}

static void only_new_ones_are_told_on_request(void** state)
{
    (void)state;
    open_reader(-1);
    append(1);
    next(1);
    append(2);
    open_reader(-1);
    nothing_more();
    append(3);
    next(3);
    nothing_more();
}

static void the_handle_tells_of_news(void** state)
{
    (void)state;
    open_reader(-1);
    nothing_more();
    assert_false(is_ready(0));
    append(1);
    assert_true(is_ready(1000));
    next(1);
    nothing_more();
    assert_false(is_ready(0));
    append(2);
    assert_true(is_ready(1000));
}

static void a_full_file_is_kept_once(void** state)
{
    struct stat file;
    (void)state;
    open_reader(0);
    append(1);
    next(1);
    fill_up();
    for (int i = 2; i < 100; i++)
        append(i);
    assert_int_equal(stat(cv_test_path(JOURNAL_OLD_FILE), &file), 0);
    for (int i = 2; i < 100; i++)
        next(i);
    nothing_more();
    open_reader(0);
    for (int i = 1; i < 100; i++)
        next(i);
    fill_up();
    for (int i = 100; i < 200; i++)
        append(i);
    for (int i = 100; i < 200; i++)
        next(i);
    nothing_more();
    open_reader(0);
    struct containerv_journal_entry entry;
    CV_TEST_OK(err, journal_read(reader, &entry, &err));
    assert_true(entry.process > 1); /* the oldest are gone */
}

static void a_slow_reader_misses_nothing_that_is_there(void** state)
{
    struct containerv_journal_entry entry;
    int64_t                         last = 0;
    (void)state;
    append(1);
    open_reader(0);
    next(1);
    for (int64_t i = 2; i < 400; i++) {
        append(i);
        if (i % 100 == 0)
            fill_up();
    }
    while (journal_read(reader, &entry, &err) == 0) {
        assert_true(entry.process > last);
        last = entry.process;
    }
    assert_int_equal(last, 399);
}

static void a_torn_line_costs_no_other(void** state)
{
    FILE* file;
    (void)state;
    open_reader(0);
    append(1);
    file = fopen(cv_test_path(JOURNAL_FILE), "ae");
    fputs("{\"timeNs\":12,\"id\":\"c\",\"eve", file);
    fclose(file);
    next(1);
    nothing_more();
    append(2);
    next(2);
    nothing_more();
}

static void writers_of_many_processes_take_turns(void** state)
{
    struct containerv_journal_entry entry;
    int64_t                         last[4] = { 0 };
    int                             count   = 0;
    (void)state;
    fill_up();
    for (int64_t i = 0; i < 4; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            for (int64_t k = 1; k <= 50; k++)
                append(i * 1000 + k);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status = 0;
        assert_true(wait(&status) > 0 && status == 0);
    }
    open_reader(0);
    while (journal_read(reader, &entry, &err) == 0) {
        assert_int_equal(entry.process % 1000, last[entry.process / 1000] + 1);
        last[entry.process / 1000]++;
        count++;
    }
    assert_int_equal(count, 200);
}

static void a_folder_that_is_not_there_is_made_by_readers(void** state)
{
    struct containerv_journal_entry entry = { .kind = CV_EVENT_STARTED, .id = "c" };
    (void)state;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, journal_append(cv_test_path("none"), &entry, &err));
    CV_TEST_OK(err, journal_reader_open(cv_test_path("none"), -1, &reader, &err));
    append_to(cv_test_path("none"), 5);
    next(5);
}

static void one_that_keeps_the_lock_stops_nobody(void** state)
{
    struct containerv_journal_entry entry = { .kind = CV_EVENT_STARTED, .time_ns = 1, .id = "c" };
    (void)state;
    append(1);
    int fd = open(cv_test_path(JOURNAL_FILE), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, journal_append(cv_test_path(""), &entry, &err));
    assert_string_equal(err.object, JOURNAL_FILE);
    close(fd);
    append(2);
    open_reader(0);
    next(1);
    next(2);
    nothing_more();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cv_test_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_come_in_order),
        TEST(only_new_ones_are_told_on_request),
        TEST(the_handle_tells_of_news),
        TEST(a_full_file_is_kept_once),
        TEST(a_slow_reader_misses_nothing_that_is_there),
        TEST(a_torn_line_costs_no_other),
        TEST(writers_of_many_processes_take_turns),
        TEST(one_that_keeps_the_lock_stops_nobody),
        TEST(a_folder_that_is_not_there_is_made_by_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
