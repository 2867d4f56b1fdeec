#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/handle.h>

#include "linux/notice.h"

#include <cv/banned.h>

/* What the linker puts in front of the system's. */
int __real_inotify_add_watch(int fd, const char* path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char* path, uint32_t mask);
int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);

static int watches_left, instances_left;

int __wrap_inotify_add_watch(int fd, const char* path, uint32_t mask)
{
    return watches_left-- > 0 ? __real_inotify_add_watch(fd, path, mask) : -1;
}

int __wrap_inotify_init1(int flags)
{
    return instances_left-- > 0 ? __real_inotify_init1(flags) : -1;
}

static struct linux_notice notice;
static struct cv_error     err;
static int                 folder_fd;

static int setup(void** state)
{
    int rc       = cv_test_setup(state);
    folder_fd    = open(cv_test_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    watches_left = instances_left = 100;
    return folder_fd < 0 ? -1 : rc;
}

static int teardown(void** state)
{
    linux_notice_close(&notice);
    cv_handle_closep(&folder_fd);
    return cv_test_teardown(state);
}

static bool is_ready(int timeout_ms)
{
    struct pollfd at = { .fd = notice.fd, .events = POLLIN };
    return poll(&at, 1, timeout_ms) == 1;
}

static void change(void)
{
    CV_TEST_OK(err, cv_file_write(cv_test_path("file"), "x", 1, 0600, 0, &err));
}

static void a_change_is_told_until_it_is_taken(void** state)
{
    (void)state;
    CV_TEST_OK(err, linux_notice_open(&notice, folder_fd, IN_CREATE | IN_MOVED_TO, &err));
    assert_false(is_ready(0));
    change();
    assert_true(is_ready(1000));
    assert_true(is_ready(0));
    linux_notice_take(&notice);
    assert_false(is_ready(0));
}

static void without_an_instance_it_goes_by_the_clock(void** state)
{
    (void)state;
    instances_left = 0;
    CV_TEST_OK(err, linux_notice_open(&notice, folder_fd, IN_CREATE, &err));
    assert_true(notice.by_time);
    assert_true(is_ready(10 * LINUX_NOTICE_NOW_AND_THEN_MS));
    linux_notice_take(&notice);
    assert_true(is_ready(10 * LINUX_NOTICE_NOW_AND_THEN_MS));
}

/* Who waits for the descriptor already must not notice. */
static void without_a_watch_the_descriptor_stays(void** state)
{
    int fd;
    (void)state;
    watches_left = 1;
    CV_TEST_OK(err, linux_notice_open(&notice, folder_fd, IN_CREATE, &err));
    fd = notice.fd;
    CV_TEST_OK(err, linux_notice_watch(&notice, folder_fd, IN_MODIFY, &err));
    assert_int_equal(notice.fd, fd);
    assert_true(notice.by_time);
    assert_true(is_ready(10 * LINUX_NOTICE_NOW_AND_THEN_MS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_is_told_until_it_is_taken),
        TEST(without_an_instance_it_goes_by_the_clock),
        TEST(without_a_watch_the_descriptor_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
