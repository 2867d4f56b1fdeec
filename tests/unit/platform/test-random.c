#include <string.h>

#include <cv-test/support.h>
#include <cv/random.h>

/* 64 equal bytes, or twice the same, do not happen by chance. */
static void bytes_differ(void** state)
{
    unsigned char   zero[64] = { 0 }, a[64] = { 0 }, b[64] = { 0 };
    struct cv_error err;
    (void)state;

    CV_TEST_OK(err, cv_random_bytes(a, sizeof(a), &err));
    CV_TEST_OK(err, cv_random_bytes(b, sizeof(b), &err));
    assert_memory_not_equal(a, zero, sizeof(a));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 48, zero, 16);
    CV_TEST_OK(err, cv_random_bytes(NULL, 0, &err));
}

static void fills_exactly_what_was_asked_for(void** state)
{
    unsigned char   guarded[18];
    struct cv_error err;
    (void)state;

    memset(guarded, 0xAA, sizeof(guarded));
    CV_TEST_OK(err, cv_random_bytes(guarded + 1, 16, &err));
    assert_int_equal(guarded[0], 0xAA);
    assert_int_equal(guarded[17], 0xAA);
}

static void hex_digits(void** state)
{
    char            a[130], b[130];
    struct cv_error err;
    (void)state;

    CV_TEST_OK(err, cv_random_hex(a, 32, &err));
    CV_TEST_OK(err, cv_random_hex(b, 32, &err));
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_string_not_equal(a, b);
    CV_TEST_OK(err, cv_random_hex(a, 0, &err));
    assert_string_equal(a, "");
    CV_TEST_OK(err, cv_random_hex(a, 128, &err));
    assert_int_equal(strlen(a), 128);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_random_hex(a, 129, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_differ),
        cmocka_unit_test(fills_exactly_what_was_asked_for),
        cmocka_unit_test(hex_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
