#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/fd.h"

static void descriptors_come_along(void** state)
{
    int  pair[2];
    int  got  = -1;
    char byte = 'x';
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(linux_fd_send(pair[0], &byte, 1, pair[0], NULL), 0);
    assert_int_equal(linux_fd_receive(pair[1], &byte, 1, &got, NULL), 1);
    assert_true(got >= 0);
    assert_int_equal(fcntl(got, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(got);
    assert_int_equal(linux_fd_send(pair[0], &byte, 1, -1, NULL), 0);
    assert_int_equal(linux_fd_receive(pair[1], &byte, 1, &got, NULL), 1);
    assert_int_equal(got, -1);
    close(pair[0]);
    close(pair[1]);
}

/* Landlock's ruleset comes like that: "none" would be a program without its rules. */
static void one_without_room_is_no_absent_one(void** state)
{
    struct rlimit   limit;
    struct rlimit   none;
    struct cv_error err = CV_ERROR_INIT;
    int             pair[2];
    int             got  = 7;
    char            byte = 'x';
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(linux_fd_send(pair[0], &byte, 1, pair[0], NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none          = limit;
    none.rlim_cur = 0;
    byte          = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    long result = linux_fd_receive(pair[1], &byte, 1, &got, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(result, -1);
    assert_int_equal(err.code, CV_ERR_LIMIT);
    assert_int_equal(got, -1);
    assert_int_equal(byte, 'x'); /* what was said is known all the same */
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_come_along),
        cmocka_unit_test(one_without_room_is_no_absent_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
