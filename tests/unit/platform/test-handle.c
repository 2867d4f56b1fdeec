#include <cv-test/support.h>
#include <cv/handle.h>

static void pipes_carry_bytes_until_they_are_closed(void** state)
{
    containerv_handle_t from, to;
    struct cv_error     err;
    char                buffer[16];
    size_t              length = 0;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    CV_TEST_OK(err, cv_handle_write(to, "a\0b", 3, &err));
    CV_TEST_OK(err, cv_handle_read(from, buffer, sizeof(buffer), &length, &err));
    assert_int_equal(length, 3);
    assert_memory_equal(buffer, "a\0b", 3);
    CV_TEST_OK(err, cv_handle_write(to, "", 0, &err));
    cv_handle_closep(&to);
    assert_true(to == CV_HANDLE_NONE);
    CV_TEST_OK(err, cv_handle_read(from, buffer, sizeof(buffer), &length, &err));
    assert_int_equal(length, 0);
    cv_handle_closep(&from);
    cv_handle_closep(&from);
}

static void a_pipe_that_nobody_reads_is_an_error(void** state)
{
    containerv_handle_t from, to;
    struct cv_error     err;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    cv_handle_closep(&from);
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, cv_handle_write(to, "x", 1, &err));
    cv_handle_closep(&to);
}

static void stealing_leaves_none(void** state)
{
    containerv_handle_t from, to, taken;
    struct cv_error     err;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    taken = CV_STEAL_HANDLE(from);
    assert_true(from == CV_HANDLE_NONE);
    assert_true(taken != CV_HANDLE_NONE);
    cv_handle_closep(&taken);
    cv_handle_closep(&to);
}

static void standard_handles(void** state)
{
    (void)state;
    assert_true(cv_handle_standard(1) != CV_HANDLE_NONE);
    assert_true(cv_handle_standard(2) != CV_HANDLE_NONE);
    assert_true(cv_handle_standard(3) == CV_HANDLE_NONE);
    assert_true(cv_handle_standard(-1) == CV_HANDLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes_carry_bytes_until_they_are_closed),
        cmocka_unit_test(a_pipe_that_nobody_reads_is_an_error),
        cmocka_unit_test(stealing_leaves_none),
        cmocka_unit_test(standard_handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
