/* What only POSIX has: FIFOs, devices, links, modes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/lock.h>
#include <cv/posix.h>

static unsigned mode_of(const char* path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

/* Opening a FIFO for reading waits for a writer, unless one takes care. Here nobody ever writes. */
static void a_fifo_does_not_block(void** state)
{
    struct cv_lock* lock = NULL;
    struct cv_error err;
    char*           data = NULL;
    (void)state;

    assert_int_equal(mkfifo(cv_test_path("fifo"), 0600), 0);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_file_read(cv_test_path("fifo"), 10, &data, NULL, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_lock_acquire(cv_test_path("fifo"), 0, &lock, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_file_read("/dev/zero", 10, &data, NULL, &err));
    assert_null(data);
    assert_null(lock);
}

static void files_of_the_kernel_have_no_size(void** state)
{
    struct cv_error err;
    char*           data = NULL;
    (void)state;

    CV_TEST_OK(err, cv_file_read("/proc/self/status", 65536, &data, NULL, &err));
    assert_memory_equal(data, "Name:", 5);
    free(data);
    data = NULL;
    CV_TEST_FAILS(CV_ERR_LIMIT, err, cv_file_read("/proc/self/status", 10, &data, NULL, &err));
    assert_null(data);
}

static void modes_are_exact(void** state)
{
    mode_t          before = umask(0077);
    struct cv_error err;
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("mode"), "x", 1, 0644, 0, &err));
    umask(before);
    assert_int_equal(mode_of(cv_test_path("mode")), 0644);
    CV_TEST_OK(err, cv_file_write(cv_test_path("mode"), "x", 1, 0600, 0, &err));
    assert_int_equal(mode_of(cv_test_path("mode")), 0600);
    CV_TEST_OK(err, cv_folder_make(cv_test_path("private/inner"), 0700, &err));
    assert_int_equal(mode_of(cv_test_path("private")), 0700);
    assert_int_equal(mode_of(cv_test_path("private/inner")), 0700);
}

/* A write replaces the link: what it led to stays as it was. A lock does not follow it. */
static void links_at_the_end_are_not_followed(void** state)
{
    struct cv_lock* lock = NULL;
    struct cv_error err;
    char*           data = NULL;
    struct stat     info;
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("target"), "target", 6, 0600, 0, &err));
    assert_int_equal(symlink("target", cv_test_path("link")), 0);
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, cv_lock_acquire(cv_test_path("link"), 0, &lock, &err));
    assert_null(lock);
    CV_TEST_OK(err, cv_file_write(cv_test_path("link"), "new", 3, 0600, 0, &err));
    assert_int_equal(lstat(cv_test_path("link"), &info), 0);
    assert_true(S_ISREG(info.st_mode));
    CV_TEST_OK(err, cv_file_read(cv_test_path("target"), 10, &data, NULL, &err));
    assert_string_equal(data, "target");
    free(data);
    assert_int_equal(symlink("nowhere", cv_test_path("dangling")), 0);
    assert_false(cv_path_exists(cv_test_path("dangling")));
    CV_TEST_OK(err, cv_file_remove(cv_test_path("dangling"), &err));
}

static void relative_to_a_folder(void** state)
{
    struct cv_error err;
    char*           data = NULL;
    int             fd;
    (void)state;

    CV_TEST_OK(err, cv_folder_make(cv_test_path("at/inner"), 0700, &err));
    fd = open(cv_test_path("at"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    CV_TEST_OK(err, cv_file_write_at(fd, "inner/file", "x", 1, 0600, CV_FILE_DURABLE, &err));
    CV_TEST_OK(err, cv_file_write_at(fd, "file", "y", 1, 0600, CV_FILE_DURABLE | CV_FILE_EXCLUSIVE, &err));
    CV_TEST_OK(err, cv_file_read_at(fd, "inner/file", 1, &data, NULL, &err));
    assert_string_equal(data, "x");
    free(data);
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_file_read_at(fd, "none", 1, &data, NULL, &err));
    close(fd);
    assert_true(cv_path_exists(cv_test_path("at/file")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifo_does_not_block),
        cmocka_unit_test(files_of_the_kernel_have_no_size),
        cmocka_unit_test(modes_are_exact),
        cmocka_unit_test(links_at_the_end_are_not_followed),
        cmocka_unit_test(relative_to_a_folder),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
