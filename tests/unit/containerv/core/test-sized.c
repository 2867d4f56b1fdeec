#include <string.h>

#include "core-test.h"
#include "core/core.h"

struct ours {
    uint32_t size, a;
    uint64_t b;
};
struct longer {
    struct ours ours;
    uint64_t    new_field;
};

static void in_takes_the_same_size(void** state)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct ours     from = { sizeof(from), 1, 2 }, to;
    (void)state;
    assert_int_equal(cv_sized_in(&to, sizeof(to), &from, "ours", &err), 0);
    assert_memory_equal(&to, &from, sizeof(to));
}

static void in_fills_a_shorter_one_with_zeros(void** state)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct ours     from = { 8, 1, 2 }, to = { 9, 9, 9 };
    (void)state;
    assert_int_equal(cv_sized_in(&to, sizeof(to), &from, "ours", &err), 0);
    assert_int_equal(to.a, 1);
    assert_int_equal(to.b, 0);
}

static void in_takes_a_longer_one_only_with_a_tail_of_zeros(void** state)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct longer   from = { { sizeof(from), 1, 2 }, 0 };
    struct ours     to   = { 0 };
    (void)state;
    assert_int_equal(cv_sized_in(&to, sizeof(to), &from, "ours", &err), 0);
    assert_int_equal(to.b, 2);
    from.new_field = 1;
    to.b           = 7;
    assert_int_equal(cv_sized_in(&to, sizeof(to), &from, "ours", &err), CV_ERR_UNSUPPORTED);
    assert_int_equal(to.b, 7);
    assert_string_equal(err.object, "ours");
}

static void sizes_that_are_none_are_refused(void** state)
{
    struct cv_error err   = CV_ERROR_INIT;
    struct ours     from  = { 0 }, to;
    uint32_t        bad[] = { 0, 3, CV_SIZED_MAX + 1, UINT32_MAX };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        from.size = bad[i];
        assert_int_equal(cv_sized_in(&to, sizeof(to), &from, "ours", &err), CV_ERR_INVALID);
        assert_int_equal(cv_sized_check(&from, "ours", &err), CV_ERR_INVALID);
    }
}

static void out_writes_what_both_know_and_keeps_the_size(void** state)
{
    struct ours   from = { sizeof(from), 1, 2 }, small = { 8, 0, 77 };
    struct longer large = { { sizeof(large), 0, 0 }, 99 };
    (void)state;
    cv_sized_out(&small, &from, sizeof(from));
    assert_int_equal(small.size, 8);
    assert_int_equal(small.a, 1);
    assert_int_equal(small.b, 77);
    cv_sized_out(&large, &from, sizeof(from));
    assert_int_equal(large.ours.size, sizeof(large));
    assert_int_equal(large.ours.b, 2);
    assert_int_equal(large.new_field, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_takes_the_same_size),
        TEST(in_fills_a_shorter_one_with_zeros),
        TEST(in_takes_a_longer_one_only_with_a_tail_of_zeros),
        TEST(sizes_that_are_none_are_refused),
        TEST(out_writes_what_both_know_and_keeps_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
