#include <cv-test/support.h>
#include <cv/env.h>
#include <cv/terminal.h>

/* A pipe is none on every system; what a real terminal does is in the folder of the system. */
static void a_pipe_is_no_terminal(void** state)
{
    struct cv_terminal_saved* saved = NULL;
    containerv_handle_t       from, to;
    unsigned                  columns = 0, rows = 0;
    struct cv_error           err;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    assert_false(cv_terminal_is(from));
    assert_false(cv_terminal_wants_colour(to));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_terminal_size(to, &columns, &rows, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_terminal_raw(from, &saved, &err));
    assert_int_equal(columns, 0);
    assert_null(saved);
    cv_handle_closep(&from);
    cv_handle_closep(&to);
}

static void no_handle_is_no_terminal(void** state)
{
    struct cv_error err;
    unsigned        columns, rows;
    (void)state;

    assert_false(cv_terminal_is(CV_HANDLE_NONE));
    assert_false(cv_terminal_wants_colour(CV_HANDLE_NONE));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_terminal_size(CV_HANDLE_NONE, &columns, &rows, &err));
    assert_null(cv_terminal_restore(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_no_terminal),
        cmocka_unit_test(no_handle_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
