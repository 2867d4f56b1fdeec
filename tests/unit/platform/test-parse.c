#include <cv-test/support.h>
#include <cv/str.h>

static void unsigned_numbers(void** state)
{
    static const char* const bad[] = { "", " 1", "1 ", "-1", "+1", "0x10", "1e3", "99", "201", "18446744073709551616",
        "184467440737095516160" };
    struct cv_error          err;
    uint64_t                 value = 7;
    (void)state;

    CV_TEST_OK(err, cv_parse_u64("100", 100, 200, &value, &err));
    assert_true(value == 100);
    CV_TEST_OK(err, cv_parse_u64("00200", 100, 200, &value, &err));
    assert_true(value == 200);
    CV_TEST_OK(err, cv_parse_u64("18446744073709551615", 0, UINT64_MAX, &value, &err));
    assert_true(value == UINT64_MAX);
    value = 7;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_u64(bad[i], 100, 200, &value, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_u64("18446744073709551616", 0, UINT64_MAX, &value, &err));
    assert_true(value == 7);
}

static void signed_numbers(void** state)
{
    static const char* const bad[] = { "", "-", "--1", "+1", "- 1", "1-", "-6", "6", "9223372036854775808" };
    struct cv_error          err;
    int64_t                  value = 7;
    (void)state;

    CV_TEST_OK(err, cv_parse_i64("-5", -5, 5, &value, &err));
    assert_true(value == -5);
    CV_TEST_OK(err, cv_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value, &err));
    assert_true(value == INT64_MIN);
    CV_TEST_OK(err, cv_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &value, &err));
    assert_true(value == INT64_MAX);
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_i64(bad[i], -5, 5, &value, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &value, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &value, &err));
}

static void sizes(void** state)
{
    static const struct {
        const char* text;
        uint64_t    bytes;
    } good[] = {
        { "0", 0 },
        { "512", 512 },
        { "5b", 5 },
        { "64k", 65536 },
        { "64K", 65536 },
        { "1kb", 1024 },
        { "1KiB", 1024 },
        { "10m", UINT64_C(10) << 20 },
        { "1G", UINT64_C(1) << 30 },
        { "2tib", UINT64_C(2) << 40 },
        { "15e", UINT64_C(15) << 60 },
    };
    static const char* const bad[] = { "", "k", "-1k", "1.5g", "1 k", "1kk", "1kib2", "1i", "1ki", "1x", "16e",
        "18446744073709551616" };
    struct cv_error          err;
    uint64_t                 value;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(good); i++) {
        CV_TEST_OK(err, cv_parse_size(good[i].text, &value, &err));
        if (value != good[i].bytes)
            fail_msg("'%s' became %llu", good[i].text, (unsigned long long)value);
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_size(bad[i], &value, &err));
}

static void durations(void** state)
{
    static const struct {
        const char* text;
        int64_t     milliseconds;
    } good[] = {
        { "0", 0 },
        { "90", 90000 },
        { "90s", 90000 },
        { "1m30s", 90000 },
        { "2h", 7200000 },
        { "500ms", 500 },
        { "1h1m1s1ms", 3661001 },
    };
    static const char* const bad[] = { "", "s", "-1s", "1.5s", "1 s", "1s1m", "1s1s", "1m30", "1x", "1S", "1msx",
        "9223372036854775807", "18446744073709551616s", "2562047788016h" };
    struct cv_error          err;
    int64_t                  value;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(good); i++) {
        CV_TEST_OK(err, cv_parse_duration(good[i].text, &value, &err));
        if (value != good[i].milliseconds)
            fail_msg("'%s' became %lld", good[i].text, (long long)value);
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, cv_parse_duration(bad[i], &value, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_numbers),
        cmocka_unit_test(signed_numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
