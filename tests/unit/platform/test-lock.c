#include <string.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/lock.h>
#include <cv/process.h>

enum { LONG_MS = 60000, HELD = 7 };

static int try_in_another_process(const char* path)
{
    const char*            argv[] = { "helper", "try", path, NULL };
    struct cv_process_spec spec   = CV_PROCESS_SPEC_INIT;
    struct cv_error        err;
    int                    code = -1;

    spec.argv    = argv;
    spec.program = cv_test_helper();
    CV_TEST_OK(err, cv_process_run(&spec, LONG_MS, &code, &err));
    return code;
}

static void excludes_another_process(void** state)
{
    struct cv_lock* lock = NULL;
    struct cv_error err;
    const char*     path = cv_test_path("lock");
    (void)state;

    CV_TEST_OK(err, cv_lock_acquire(path, 0, &lock, &err));
    assert_int_equal(try_in_another_process(path), HELD);
    lock = cv_lock_release(lock);
    assert_null(lock);
    assert_int_equal(try_in_another_process(path), 0);
    assert_true(cv_path_exists(path));
}

static void excludes_the_same_process(void** state)
{
    struct cv_lock* lock   = NULL;
    struct cv_lock* second = NULL;
    struct cv_error err;
    const char*     path = cv_test_path("same");
    (void)state;

    CV_TEST_OK(err, cv_lock_acquire(path, CV_LOCK_WAIT, &lock, &err));
    CV_TEST_FAILS(CV_ERR_STATE, err, cv_lock_acquire(path, 0, &second, &err));
    CV_TEST_FAILS(CV_ERR_STATE, err, cv_lock_acquire(path, CV_LOCK_SHARED, &second, &err));
    assert_null(second);
    cv_lock_release(lock);
    CV_TEST_OK(err, cv_lock_acquire(path, 0, &second, &err));
    cv_lock_release(second);
}

static void many_readers(void** state)
{
    struct cv_lock* first  = NULL;
    struct cv_lock* second = NULL;
    struct cv_lock* writer = NULL;
    struct cv_error err;
    const char*     path = cv_test_path("shared");
    (void)state;

    CV_TEST_OK(err, cv_lock_acquire(path, CV_LOCK_SHARED, &first, &err));
    CV_TEST_OK(err, cv_lock_acquire(path, CV_LOCK_SHARED, &second, &err));
    CV_TEST_FAILS(CV_ERR_STATE, err, cv_lock_acquire(path, 0, &writer, &err));
    cv_lock_release(first);
    CV_TEST_FAILS(CV_ERR_STATE, err, cv_lock_acquire(path, 0, &writer, &err));
    cv_lock_release(second);
    CV_TEST_OK(err, cv_lock_acquire(path, 0, &writer, &err));
    cv_lock_release(writer);
}

/* The holder is killed while it holds: the system gives the lock back, and a blocking acquire gets it. */
static void is_free_when_its_holder_was_killed(void** state)
{
    CV_CLEANUP(cv_process_freep) struct cv_process* holder = NULL;
    struct cv_lock*                                 lock   = NULL;
    struct cv_process_spec                          spec   = CV_PROCESS_SPEC_INIT;
    const char*                                     path   = cv_test_path("killed");
    const char*                                     argv[] = { "helper", "hold", path, NULL };
    containerv_handle_t                             in_read, in_write, out_read, out_write;
    char                                            said[8] = "";
    size_t                                          length  = 0;
    struct cv_error                                 err;
    int                                             code = -1;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&in_read, &in_write, &err));
    CV_TEST_OK(err, cv_handle_pipe(&out_read, &out_write, &err));
    spec.argv     = argv;
    spec.program  = cv_test_helper();
    spec.stdio[0] = in_read;
    spec.stdio[1] = out_write;
    CV_TEST_OK(err, cv_process_start(&spec, &holder, &err));
    cv_handle_closep(&in_read);
    cv_handle_closep(&out_write);
    CV_TEST_OK(err, cv_handle_read(out_read, said, sizeof(said) - 1, &length, &err));
    assert_memory_equal(said, "held", 4);
    CV_TEST_FAILS(CV_ERR_STATE, err, cv_lock_acquire(path, 0, &lock, &err));
    CV_TEST_OK(err, cv_process_kill(holder, &err));
    CV_TEST_OK(err, cv_lock_acquire(path, CV_LOCK_WAIT, &lock, &err));
    cv_lock_release(lock);
    CV_TEST_OK(err, cv_process_wait(holder, LONG_MS, &code, &err));
    cv_handle_closep(&in_write);
    cv_handle_closep(&out_read);
}

static void what_is_no_file_fails(void** state)
{
    struct cv_lock* lock = NULL;
    struct cv_error err;
    (void)state;

    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_lock_acquire(cv_test_path("no/folder"), 0, &lock, &err));
    assert_true(cv_lock_acquire(cv_test_path("."), 0, &lock, &err) < 0);
    assert_null(lock);
    assert_null(cv_lock_release(NULL));
}

static void the_text_of_a_held_file_can_be_read(void** state)
{
    struct cv_lock* lock = NULL;
    struct cv_error err;
    char*           text = NULL;
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("text"), "holder 7", 8, 0600, 0, &err));
    CV_TEST_OK(err, cv_lock_acquire(cv_test_path("text"), 0, &lock, &err));
    CV_TEST_OK(err, cv_file_read(cv_test_path("text"), 100, &text, NULL, &err));
    assert_string_equal(text, "holder 7");
    cv_freep(&text);
    cv_lock_release(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excludes_another_process),
        cmocka_unit_test(excludes_the_same_process),
        cmocka_unit_test(many_readers),
        cmocka_unit_test(is_free_when_its_holder_was_killed),
        cmocka_unit_test(what_is_no_file_fails),
        cmocka_unit_test(the_text_of_a_held_file_can_be_read),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
