/* The container's files on a real file system, as an attacker would have them. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>

#include "linux/users.h"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\nanna:x:1000:100::/home/anna:/bin/sh\n";
static const char group[]  = "users:x:100:\nwheel:x:10:anna\n";

static int root_fd;

static int setup(void** state)
{
    struct cv_error err = CV_ERROR_INIT;

    cv_test_setup(state);
    CV_TEST_OK(err, cv_folder_make(cv_test_path("root/etc"), 0755, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("outside"), passwd, sizeof(passwd) - 1, 0644, 0, &err));
    root_fd = open(cv_test_path("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root_fd < 0;
}

static int teardown(void** state)
{
    close(root_fd);
    return cv_test_teardown(state);
}

static void put(const char* path, const char* text)
{
    struct cv_error err = CV_ERROR_INIT;
    CV_TEST_OK(err, cv_file_write(cv_test_path(path), text, strlen(text), 0644, 0, &err));
}

static void resolves(const char* user, uint32_t uid, uint32_t gid, size_t groups)
{
    struct cv_error       err      = CV_ERROR_INIT;
    struct linux_identity identity = { 0 };

    CV_TEST_OK(err, linux_users_resolve(root_fd, user, NULL, &identity, &err));
    assert_int_equal(identity.uid, uid);
    assert_int_equal(identity.gid, gid);
    assert_int_equal(identity.group_count, groups);
    linux_identity_release(&identity);
}

static void fails(const char* user, int code)
{
    struct cv_error       err      = CV_ERROR_INIT;
    struct linux_identity identity = { 0 };

    CV_TEST_FAILS(code, err, linux_users_resolve(root_fd, user, NULL, &identity, &err));
}

static void users_come_from_the_containers_files(void** state)
{
    (void)state;
    put("root/etc/passwd", passwd);
    put("root/etc/group", group);
    resolves("anna", 1000, 100, 1);
    resolves("anna:wheel", 1000, 10, 0);
    resolves("1000", 1000, 100, 1);
    fails("nobody", CV_ERR_NOT_FOUND);
    fails("anna:nogroup", CV_ERR_NOT_FOUND);
    fails("1000:", CV_ERR_INVALID);
}

static void missing_files_count_as_empty(void** state)
{
    (void)state;
    resolves("1000", 1000, 0, 0);
    resolves("1000:5", 1000, 5, 0);
    fails("root", CV_ERR_NOT_FOUND);
}

static void links_stay_within_the_root(void** state)
{
    (void)state;
    put("root/real", passwd);
    assert_int_equal(symlink("/real", cv_test_path("root/etc/passwd")), 0);
    assert_int_equal(symlink("../../../outside", cv_test_path("root/etc/group")), 0); /* is /outside in the root */
    resolves("anna", 1000, 100, 0);
    fails("anna:root", CV_ERR_NOT_FOUND);
}

static void links_out_lead_nowhere(void** state)
{
    (void)state;
    assert_int_equal(symlink(cv_test_path("outside"), cv_test_path("root/etc/passwd")), 0);
    fails("anna", CV_ERR_NOT_FOUND);
    resolves("7", 7, 0, 0);
}

static void loops_are_errors(void** state)
{
    (void)state;
    assert_int_equal(symlink("passwd", cv_test_path("root/etc/passwd")), 0);
    fails("anna", CV_ERR_SYSTEM);
    resolves("7", 7, 0, 0);
}

static void refused_file(const char* user, int code)
{
    fails(user, code);
    resolves("7:8", 7, 8, 0); /* and numbers are not hindered */
}

static void a_fifo_does_not_block(void** state)
{
    (void)state;
    alarm(20);
    assert_int_equal(mkfifo(cv_test_path("root/etc/passwd"), 0644), 0);
    refused_file("anna", CV_ERR_INVALID);
    assert_int_equal(unlink(cv_test_path("root/etc/passwd")), 0);
    put("root/etc/passwd", passwd);
    assert_int_equal(mkfifo(cv_test_path("root/etc/group"), 0644), 0);
    fails("anna:wheel", CV_ERR_INVALID);
    alarm(0);
}

static void folders_are_no_files(void** state)
{
    (void)state;
    assert_int_equal(mkdir(cv_test_path("root/etc/passwd"), 0755), 0);
    refused_file("anna", CV_ERR_INVALID);
}

static void devices_are_no_files(void** state)
{
    (void)state;
    if (geteuid() != 0 || mknod(cv_test_path("root/etc/passwd"), S_IFCHR | 0644, 1 << 8 | 5) < 0) {
        print_message("not allowed to make a device\n");
        skip();
    }
    refused_file("anna", CV_ERR_INVALID);
}

static void sparse_giants_are_not_read(void** state)
{
    int fd = open(cv_test_path("root/etc/passwd"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    (void)state;

    assert_true(fd >= 0);
    if (ftruncate(fd, (off_t)10 << 30) < 0) /* a file system that can't */
        assert_int_equal(ftruncate(fd, (off_t)LINUX_USERS_FILE_MAX + 1), 0);
    close(fd);
    refused_file("anna", CV_ERR_LIMIT);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(users_come_from_the_containers_files),
        CASE(missing_files_count_as_empty),
        CASE(links_stay_within_the_root),
        CASE(links_out_lead_nowhere),
        CASE(loops_are_errors),
        CASE(a_fifo_does_not_block),
        CASE(folders_are_no_files),
        CASE(devices_are_no_files),
        CASE(sparse_giants_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
