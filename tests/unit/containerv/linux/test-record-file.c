#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/handle.h>

#include "linux/record.h"

#include <cv/banned.h>

static int home(void)
{
    int fd = open(cv_test_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void a_record_replaces_the_one_before(void** state)
{
    CV_CLEANUP(cv_handle_closep) int fd   = home();
    struct cv_error                  err  = CV_ERROR_INIT;
    struct containerv_info           info = { .state = CV_STATE_RUNNING, .main_process = 5, .started_ns = 7 }, back;
    struct stat                      file;
    (void)state;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, linux_record_read(fd, &back, &err));
    CV_TEST_OK(err, linux_record_write(fd, &info, &err));
    info.state = CV_STATE_STOPPED;
    CV_TEST_OK(err, linux_record_write(fd, &info, &err));
    CV_TEST_OK(err, linux_record_read(fd, &back, &err));
    assert_int_equal(back.state, CV_STATE_STOPPED);
    assert_int_equal(back.started_ns, 7);
    assert_int_equal(fstatat(fd, LINUX_RECORD_FILE, &file, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(file.st_mode, S_IFREG | 0600);
}

static void nothing_else_is_left_in_the_folder(void** state)
{
    CV_CLEANUP(cv_handle_closep) int fd     = home();
    struct cv_error                  err    = CV_ERROR_INIT;
    struct containerv_info           info   = { .state = CV_STATE_STOPPED };
    DIR*                             folder = opendir(cv_test_path(""));
    struct dirent*                   entry;
    (void)state;
    CV_TEST_OK(err, linux_record_write(fd, &info, &err));
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        assert_true(entry->d_name[0] == '.' || strcmp(entry->d_name, LINUX_RECORD_FILE) == 0);
    closedir(folder);
}

static void a_reader_that_has_it_open_keeps_the_old_one(void** state)
{
    CV_CLEANUP(cv_handle_closep) int fd   = home();
    struct cv_error                  err  = CV_ERROR_INIT;
    struct containerv_info           info = { .state = CV_STATE_RUNNING };
    struct stat                      before, after;
    (void)state;
    CV_TEST_OK(err, linux_record_write(fd, &info, &err));
    CV_CLEANUP(cv_handle_closep) int old = openat(fd, LINUX_RECORD_FILE, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(old, &before), 0);
    info.restarts = 12345;
    CV_TEST_OK(err, linux_record_write(fd, &info, &err));
    assert_int_equal(fstat(old, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(after.st_nlink, 0);
}

static void damage_is_told(void** state)
{
    CV_CLEANUP(cv_handle_closep) int fd  = home();
    struct cv_error                  err = CV_ERROR_INIT;
    struct containerv_info           info;
    static char                      large[LINUX_RECORD_MAX + 1];
    (void)state;
    CV_TEST_OK(err, cv_file_write(cv_test_path(LINUX_RECORD_FILE), "{\"version\":1", 12, 0600, 0, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_record_read(fd, &info, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path(LINUX_RECORD_FILE), "{\"version\":9}", 13, 0600, 0, &err));
    CV_TEST_FAILS(CV_ERR_PROTOCOL, err, linux_record_read(fd, &info, &err));
    memset(large, ' ', sizeof(large));
    CV_TEST_OK(err, cv_file_write(cv_test_path(LINUX_RECORD_FILE), large, sizeof(large), 0600, 0, &err));
    CV_TEST_FAILS(CV_ERR_LIMIT, err, linux_record_read(fd, &info, &err));
}

static void what_makes_no_sense_leaves_the_old_one(void** state)
{
    CV_CLEANUP(cv_handle_closep) int fd   = home();
    struct cv_error                  err  = CV_ERROR_INIT;
    struct containerv_info           info = { .state = CV_STATE_RUNNING, .restarts = 3 }, bad = { .state = 0 };
    (void)state;
    CV_TEST_OK(err, linux_record_write(fd, &info, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_record_write(fd, &bad, &err));
    CV_TEST_OK(err, linux_record_read(fd, &info, &err));
    assert_int_equal(info.restarts, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cv_test_setup, cv_test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_replaces_the_one_before),
        TEST(nothing_else_is_left_in_the_folder),
        TEST(a_reader_that_has_it_open_keeps_the_old_one),
        TEST(damage_is_told),
        TEST(what_makes_no_sense_leaves_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
