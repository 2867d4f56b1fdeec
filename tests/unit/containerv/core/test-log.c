#include <string.h>

#include "supervised-test.h"

static void it_is_read_to_its_end(void** state)
{
    struct containerv_container* container = test_supervised("/x", false, false);
    struct containerv_log_record record    = { .size = sizeof(record) };
    struct containerv_log*       log       = NULL;
    uint64_t                     offset    = 0;
    (void)state;
    OK(containerv_log_tail(container, 2, &offset));
    assert_int_equal(offset, 1);
    OK(containerv_log_open(container, offset, &log));
    OK(containerv_log_read(log, 0, &record));
    assert_int_equal(record.offset, 1);
    assert_int_equal(record.stream, CV_STREAM_OUTPUT);
    assert_memory_equal(record.data, "two\n", record.length);
    OK(containerv_log_read(log, -1, &record));
    assert_int_equal(containerv_log_read(log, -1, &record), 1);
    assert_true(fake_readers_open());
    containerv_log_close(log);
    assert_false(fake_readers_open());
    OK(containerv_destroy(container));
}

static void arguments_are_checked(void** state)
{
    struct containerv_container* container = test_supervised("/x", false, false);
    struct containerv_log_record record    = { .size = 0 };
    struct containerv_log*       log       = NULL;
    containerv_handle_t          handle;
    uint64_t                     offset;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_log_open(NULL, 0, &log));
    FAILS(CV_ERR_INVALID, containerv_log_open(container, 0, NULL));
    FAILS(CV_ERR_INVALID, containerv_log_open(container, 4, &log));
    assert_null(log);
    FAILS(CV_ERR_INVALID, containerv_log_tail(NULL, 1, &offset));
    FAILS(CV_ERR_INVALID, containerv_log_tail(container, 1, NULL));
    OK(containerv_log_open(container, 0, &log));
    FAILS(CV_ERR_INVALID, containerv_log_read(log, 0, &record));
    FAILS(CV_ERR_INVALID, containerv_log_read(log, 0, NULL));
    FAILS(CV_ERR_INVALID, containerv_log_read(NULL, 0, &record));
    FAILS(CV_ERR_INVALID, containerv_log_handle(NULL, &handle));
    FAILS(CV_ERR_INVALID, containerv_log_handle(log, NULL));
    FAILS(CV_ERR_STATE, containerv_log_handle(log, &handle));
    containerv_log_close(log);
    containerv_log_close(NULL);
    OK(containerv_destroy(container));
}

static void a_caller_with_a_smaller_record_gets_what_it_knows(void** state)
{
    struct containerv_container* container = test_supervised("/x", false, false);
    struct containerv_log_record record    = { .size = 8, .time_ns = 77 };
    struct containerv_log*       log       = NULL;
    (void)state;
    OK(containerv_log_open(container, 0, &log));
    OK(containerv_log_read(log, 0, &record));
    assert_int_equal(record.stream, CV_STREAM_OUTPUT);
    assert_int_equal(record.time_ns, 77);
    assert_int_equal(record.size, 8);
    containerv_log_close(log);
    OK(containerv_destroy(container));
}

static void one_that_is_not_supervised_has_none(void** state)
{
    struct containerv_container* container = test_container(NULL);
    struct containerv_log*       log       = NULL;
    uint64_t                     offset;
    (void)state;
    FAILS(CV_ERR_STATE, containerv_log_open(container, 0, &log));
    assert_non_null(strstr(containerv_error_last()->hint, "set_supervised"));
    FAILS(CV_ERR_STATE, containerv_log_tail(container, 1, &offset));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_read_to_its_end),
        TEST(arguments_are_checked),
        TEST(a_caller_with_a_smaller_record_gets_what_it_knows),
        TEST(one_that_is_not_supervised_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
