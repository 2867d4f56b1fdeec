/* The log's writer and readers on real files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chef/containerv/supervised.h>
#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/log-file.h"

#include <cv/banned.h>

static int                      home_fd;
static struct linux_log_writer* writer;
static struct linux_log_reader* reader;
static struct cv_error          err;

static int setup(void** state)
{
    int rc  = cv_test_setup(state);
    home_fd = open(cv_test_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return home_fd < 0 ? -1 : rc;
}

static int teardown(void** state)
{
    linux_log_writer_close(CV_STEAL(writer));
    linux_log_reader_close(CV_STEAL(reader));
    close(home_fd);
    return cv_test_teardown(state);
}

static void open_writer(uint64_t file_bytes, uint64_t total_bytes)
{
    linux_log_writer_close(CV_STEAL(writer));
    CV_TEST_OK(err, linux_log_writer_open(home_fd, file_bytes, total_bytes, &writer, &err));
}

static void open_reader(uint64_t offset)
{
    linux_log_reader_close(CV_STEAL(reader));
    CV_TEST_OK(err, linux_log_reader_open(home_fd, offset, &reader, &err));
}

static void put(const char* text)
{
    CV_TEST_OK(err, linux_log_write(writer, CV_STREAM_OUTPUT, text, strlen(text), &err));
}

static struct linux_log_record next(const char* wanted)
{
    struct linux_log_record record = { .data = NULL };
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.header.length, strlen(wanted));
    assert_memory_equal(record.data, wanted, strlen(wanted));
    return record;
}

static void nothing_more(void)
{
    struct linux_log_record record;
    assert_int_equal(linux_log_read(reader, &record, &err), 1);
}

static bool is_ready(int timeout_ms)
{
    struct pollfd at = { .fd = linux_log_reader_handle(reader), .events = POLLIN };
    assert_true(at.fd >= 0);
    return poll(&at, 1, timeout_ms) == 1;
}

static void any_bytes_come_back_in_order(void** state)
{
    static const char       bytes[] = "\0\n\xff\xfe"
                                      "CVL1\r";
    struct linux_log_record record;
    (void)state;
    open_writer(0, 0);
    CV_TEST_OK(err, linux_log_write(writer, CV_STREAM_ERROR, bytes, sizeof(bytes), &err));
    CV_TEST_OK(err, linux_log_write(writer, CV_STREAM_OUTPUT, "", 0, &err));
    put("two");
    open_reader(0);
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.header.stream, CV_STREAM_ERROR);
    assert_int_equal(record.header.length, sizeof(bytes));
    assert_memory_equal(record.data, bytes, sizeof(bytes));
    assert_true(record.header.time_ns > 0);
    assert_int_equal(record.offset, 0);
    record = next("two");
    assert_int_equal(record.offset, LINUX_LOG_HEADER + sizeof(bytes));
    assert_int_equal(record.dropped, 0);
    nothing_more();
}

static void a_record_has_a_limit(void** state)
{
    char*                   data = calloc(1, LINUX_LOG_MAX_RECORD + 1);
    struct linux_log_record record;
    (void)state;
    open_writer(0, 0);
    CV_TEST_FAILS(CV_ERR_LIMIT, err, linux_log_write(writer, 1, data, LINUX_LOG_MAX_RECORD + 1, &err));
    CV_TEST_OK(err, linux_log_write(writer, 1, data, LINUX_LOG_MAX_RECORD, &err));
    open_reader(0);
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.header.length, LINUX_LOG_MAX_RECORD);
    free(data);
}

static void the_handle_tells_of_news(void** state)
{
    (void)state;
    open_reader(0); /* before there is any */
    nothing_more();
    assert_false(is_ready(0));
    open_writer(0, 0);
    assert_true(is_ready(1000));
    nothing_more();
    assert_false(is_ready(0));
    put("a");
    assert_true(is_ready(1000));
    next("a");
    nothing_more();
    assert_false(is_ready(0));
    CV_TEST_OK(err, cv_file_write(cv_test_path("state.json"), "{}", 2, 0600, 0, &err));
    assert_true(is_ready(1000));
}

static void files_follow_each_other(void** state)
{
    struct linux_log_record record;
    char                    text[16];
    (void)state;
    open_reader(0);
    open_writer(200, 1 << 20);
    for (int i = 0; i < 100; i++) {
        cv_snprintf(text, sizeof(text), "%010d", i);
        put(text);
        if (i == 50)
            open_writer(200, 1 << 20);
    }
    for (int i = 0; i < 100; i++) {
        cv_snprintf(text, sizeof(text), "%010d", i);
        record = next(text);
        assert_int_equal(record.dropped, 0);
        assert_int_equal(record.offset, i * 34);
    }
    nothing_more();
}

static void what_was_dropped_is_told_exactly(void** state)
{
    struct linux_log_record record;
    char                    text[16];
    (void)state;
    open_writer(10240, 20480); /* two files of 10 records of 1024 bytes with their headers */
    char* data = calloc(1, 1000);
    for (int i = 0; i < 35; i++) {
        cv_snprintf(text, sizeof(text), "%d", i);
        memcpy(data, text, strlen(text) + 1);
        CV_TEST_OK(err, linux_log_write(writer, 1, data, 1000, &err));
    }
    open_reader(0);
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.dropped, 20 * 1024);
    assert_int_equal(record.offset, 20 * 1024);
    assert_string_equal(record.data, "20");
    for (int i = 21; i < 35; i++) {
        CV_TEST_OK(err, linux_log_read(reader, &record, &err));
        assert_int_equal(record.dropped, 0);
    }
    nothing_more();
    open_reader(5 * 1024); /* was a record once */
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.dropped, 15 * 1024);
    free(data);
}

static void a_slow_reader_reads_its_file_to_the_end(void** state)
{
    struct linux_log_record record;
    char                    data[1000] = { 0 };
    (void)state;
    open_writer(10240, 20480);
    open_reader(0);
    for (int i = 0; i < 5; i++)
        CV_TEST_OK(err, linux_log_write(writer, 1, data, sizeof(data), &err));
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    for (int i = 5; i < 45; i++) /* files of 0 to 9, 10 to 19, 20 to 29 are dropped */
        CV_TEST_OK(err, linux_log_write(writer, 1, data, sizeof(data), &err));
    for (int i = 1; i < 10; i++) {
        CV_TEST_OK(err, linux_log_read(reader, &record, &err));
        assert_int_equal(record.offset, i * 1024);
        assert_int_equal(record.dropped, 0);
    }
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.offset, 30 * 1024);
    assert_int_equal(record.dropped, 20 * 1024);
    for (int i = 31; i < 45; i++)
        CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    nothing_more();
}

static void the_total_is_kept(void** state)
{
    char        data[700] = { 0 };
    struct stat file;
    (void)state;
    open_writer(4096, 16384);
    for (int i = 0; i < 200; i++) {
        struct linux_log_span span;
        uint64_t              sum = 0;
        int                   fd;
        CV_TEST_OK(err, linux_log_write(writer, 1, data, sizeof(data), &err));
        CV_TEST_OK(err, linux_log_folder(home_fd, &fd, &err));
        CV_TEST_OK(err, linux_log_span(fd, 0, UINT64_MAX, &span, &err));
        for (uint64_t at = span.first; at <= span.last; at += (uint64_t)file.st_size) {
            char name[LINUX_LOG_NAME];
            linux_log_name(at, name);
            assert_int_equal(fstatat(fd, name, &file, 0), 0);
            assert_true(file.st_size > 0 && file.st_size <= 4096);
            sum += (uint64_t)file.st_size;
        }
        assert_true(sum <= 16384 && (i < 100 || sum > 8192));
        close(fd);
    }
}

/* The writer was killed at any place of the last record. */
static void a_torn_record_is_not_there(void** state)
{
    const char* path = cv_test_path("log/0000000000000000");
    (void)state;
    for (off_t kept = 0; kept < LINUX_LOG_HEADER + 5; kept++) {
        open_writer(0, 0);
        put("first");
        put("other");
        assert_int_equal(truncate(path, LINUX_LOG_HEADER + 5 + kept), 0);
        open_reader(0);
        next("first");
        nothing_more();
        open_writer(0, 0);
        put("after that");
        next("after that");
        nothing_more();
        open_reader(0);
        next("first");
        next("after that");
        open_reader(LINUX_LOG_HEADER + 5);
        next("after that");
        assert_int_equal(unlink(path), 0);
    }
}

/* After a power failure a file may have its length and not its content. */
static void zeros_at_the_end_are_cut_off(void** state)
{
    const char* path = cv_test_path("log/0000000000000000");
    (void)state;
    open_writer(0, 0);
    put("first");
    assert_int_equal(truncate(path, 5000), 0);
    open_reader(0);
    next("first");
    nothing_more();
    open_writer(0, 0);
    put("second");
    next("second");
    nothing_more();
}

static void damage_costs_the_rest_of_its_file(void** state)
{
    struct linux_log_record record;
    char                    data[1000] = { 0 };
    int                     fd;
    (void)state;
    open_writer(10240, 1 << 20);
    for (int i = 0; i < 15; i++)
        CV_TEST_OK(err, linux_log_write(writer, 1, data, sizeof(data), &err));
    fd = open(cv_test_path("log/0000000000000000"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "oops", 4, 3 * 1024), 4);
    close(fd);
    open_reader(0);
    for (int i = 0; i < 3; i++)
        CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.offset, 10 * 1024);
    assert_int_equal(record.dropped, 7 * 1024);
}

static void a_reader_starts_at_a_record_only(void** state)
{
    struct linux_log_record record;
    (void)state;
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_log_reader_open(home_fd, 1, &reader, &err));
    open_writer(0, 0);
    put("one");
    put("two");
    for (uint64_t offset = 0; offset < 60; offset++) {
        bool at_record = offset % 27 == 0 || offset % 27 > LINUX_LOG_HEADER;
        if (offset > 54 || !at_record) {
            CV_TEST_FAILS(CV_ERR_INVALID, err, linux_log_reader_open(home_fd, offset, &reader, &err));
            continue;
        }
        open_reader(offset);
        if (offset == 54) {
            nothing_more();
            put("three");
            record = next("three");
        } else if (offset % 27 == 0) {
            record = next(offset == 0 ? "one" : "two");
        } else {
            record = next(&(offset < 27 ? "one" : "two")[offset % 27 - LINUX_LOG_HEADER]);
        }
        assert_int_equal(record.offset, offset);
        assert_int_equal(record.dropped, 0);
    }
}

static void check_tail(uint64_t lines, const char* wanted)
{
    struct linux_log_record record;
    uint64_t                offset = UINT64_MAX;
    size_t                  length = 0;
    char                    all[256];
    int                     rc;
    CV_TEST_OK(err, linux_log_tail(home_fd, lines, &offset, &err));
    open_reader(offset);
    while ((rc = linux_log_read(reader, &record, &err)) == 0) {
        memcpy(all + length, record.data, record.header.length);
        length += record.header.length;
        assert_int_equal(record.dropped, 0);
    }
    all[length] = '\0';
    assert_int_equal(rc, 1);
    assert_string_equal(all, wanted);
}

static void the_last_lines_are_found(void** state)
{
    (void)state;
    check_tail(3, "");
    open_writer(60, 1 << 20);
    check_tail(3, "");
    put("a\nb\nc");
    check_tail(0, "");
    check_tail(1, "c");
    check_tail(2, "b\nc");
    put("d\n");
    check_tail(1, "cd\n");
    check_tail(2, "b\ncd\n");
    put("\n");
    put("e");
    put("f\ng\n"); /* in a further file */
    check_tail(0, "");
    check_tail(1, "g\n");
    check_tail(2, "ef\ng\n");
    check_tail(3, "\nef\ng\n");
    check_tail(4, "cd\n\nef\ng\n");
    check_tail(5, "b\ncd\n\nef\ng\n");
    check_tail(6, "a\nb\ncd\n\nef\ng\n");
    check_tail(7, "a\nb\ncd\n\nef\ng\n");
    check_tail(UINT64_MAX, "a\nb\ncd\n\nef\ng\n");
}

/* A filesystem of its own that is full soon; false: this process may not mount. */
static bool mount_small(void)
{
    assert_int_equal(mkdir(cv_test_path("small"), 0700), 0);
    if (mount("tmpfs", cv_test_path("small"), "tmpfs", 0, "size=256k") < 0)
        return false;
    close(home_fd);
    home_fd = open(cv_test_path("small"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(home_fd >= 0);
    return true;
}

static void unmount_small(void)
{
    linux_log_writer_close(CV_STEAL(writer));
    linux_log_reader_close(CV_STEAL(reader));
    close(home_fd);
    home_fd = -1;
    assert_int_equal(umount(cv_test_path("small")), 0);
}

static void fill_disk(size_t left)
{
    static char    zeros[4096];
    struct statvfs fs;
    int            fd = openat(home_fd, "other", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (fstatvfs(fd, &fs) == 0 && fs.f_bfree * fs.f_bsize > left)
        assert_true(write(fd, zeros, sizeof(zeros)) > 0);
    close(fd);
}

static void a_full_disk_costs_the_oldest_files_first(void** state)
{
    struct linux_log_record record;
    static char             data[10000];
    (void)state;
    if (!mount_small()) {
        print_message("no right to mount a filesystem that is soon full\n");
        skip();
    }
    open_writer(64 << 10, 1 << 20);
    for (int i = 0; i < 100; i++)
        CV_TEST_OK(err, linux_log_write(writer, 1, data, sizeof(data), &err));
    open_reader(0);
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_true(record.dropped > 0 && record.dropped == record.offset);
    unmount_small();
}

static void a_full_disk_leaves_nothing_torn(void** state)
{
    struct linux_log_record record;
    static char             data[20000];
    int                     rc, count = 0;
    (void)state;
    if (!mount_small()) {
        print_message("no right to mount a filesystem that is soon full\n");
        skip();
    }
    open_writer(0, 0);
    fill_disk(50000);
    while ((rc = linux_log_write(writer, 1, data, sizeof(data), &err)) == 0)
        count++;
    assert_int_equal(rc, CV_ERR_SYSTEM);
    assert_int_equal(err.number, ENOSPC);
    assert_int_equal(count, 2);
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, linux_log_write(writer, 1, data, sizeof(data), &err));
    open_reader(0);
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    nothing_more();
    assert_int_equal(unlinkat(home_fd, "other", 0), 0);
    CV_TEST_OK(err, linux_log_write(writer, 1, data, sizeof(data), &err));
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.dropped, 0);
    unmount_small();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_bytes_come_back_in_order),
        TEST(a_record_has_a_limit),
        TEST(the_handle_tells_of_news),
        TEST(files_follow_each_other),
        TEST(what_was_dropped_is_told_exactly),
        TEST(a_slow_reader_reads_its_file_to_the_end),
        TEST(the_total_is_kept),
        TEST(a_torn_record_is_not_there),
        TEST(zeros_at_the_end_are_cut_off),
        TEST(damage_costs_the_rest_of_its_file),
        TEST(a_reader_starts_at_a_record_only),
        TEST(the_last_lines_are_found),
        TEST(a_full_disk_costs_the_oldest_files_first),
        TEST(a_full_disk_leaves_nothing_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
