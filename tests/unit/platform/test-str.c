#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

static void string_grows(void** state)
{
    struct cv_str   s;
    struct cv_error err;
    char*           text;
    (void)state;

    cv_str_init(&s);
    for (int i = 0; i < 1000; i++)
        cv_str_printf(&s, "%03d,", i);
    assert_int_equal(s.length, 4000);
    text = cv_str_steal(&s, &err);
    assert_non_null(text);
    assert_memory_equal(text + 3996, "999,", 5);
    assert_null(s.text);
    free(text);
    text = cv_str_steal(&s, &err);
    assert_string_equal(text, "");
    free(text);
}

static void string_keeps_nul_bytes(void** state)
{
    struct cv_str s;
    (void)state;

    cv_str_init(&s);
    cv_str_append(&s, "a");
    cv_str_append_bytes(&s, "\0b", 2);
    cv_str_append_bytes(&s, NULL, 0);
    assert_int_equal(s.length, 3);
    assert_memory_equal(s.text, "a\0b", 4);
    cv_str_release(&s);
}

static void string_remembers_that_it_failed(void** state)
{
    struct cv_str   s;
    struct cv_error err = CV_ERROR_INIT;
    (void)state;

    cv_str_init(&s);
    cv_str_append(&s, "before");
    cv_str_append_bytes(&s, "x", SIZE_MAX / 2); /* never looked at: the length alone is refused */
    cv_str_append(&s, "after");
    assert_true(s.failed);
    assert_null(cv_str_steal(&s, &err));
    assert_int_equal(err.code, CV_ERR_NO_MEMORY);
    assert_null(s.text);
}

static void snprintf_refuses_what_does_not_fit(void** state)
{
    char buffer[4];
    (void)state;

    assert_int_equal(cv_snprintf(buffer, sizeof(buffer), "%s", "abc"), 0);
    assert_string_equal(buffer, "abc");
    assert_int_equal(cv_snprintf(buffer, sizeof(buffer), "%s", "abcd"), CV_ERR_INVALID);
    assert_string_equal(buffer, "abc");
}

static void starts_with(void** state)
{
    (void)state;
    assert_true(cv_str_starts_with("abc", "ab"));
    assert_true(cv_str_starts_with("abc", ""));
    assert_false(cv_str_starts_with("ab", "abc"));
    assert_false(cv_str_starts_with("xabc", "ab"));
}

static void utf8(void** state)
{
    static const struct {
        const char* bytes;
        bool        valid;
    } rows[] = {
        { "", true },
        { "abc", true },
        { "\xC3\xA4", true },
        { "\xE2\x82\xAC", true },
        { "\xF0\x9F\x98\x80", true },
        { "\xF4\x8F\xBF\xBF", true },
        { "\xC3", false },             /* cut */
        { "\xE2\x82", false },         /* cut */
        { "\xA4", false },             /* no start */
        { "\xC0\xAF", false },         /* overlong '/' */
        { "\xE0\x80\xAF", false },     /* overlong '/' */
        { "\xF0\x80\x80\xAF", false }, /* overlong '/' */
        { "\xED\xA0\x80", false },     /* a surrogate */
        { "\xF4\x90\x80\x80", false }, /* above U+10FFFF */
        { "\xFF", false },
        { "a\xE2\x28\xA1", false },
    };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        if (cv_utf8_valid(rows[i].bytes, strlen(rows[i].bytes)) != rows[i].valid)
            fail_msg("row %zu", i);
    assert_true(cv_utf8_valid("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(string_grows),
        cmocka_unit_test(string_keeps_nul_bytes),
        cmocka_unit_test(string_remembers_that_it_failed),
        cmocka_unit_test(snprintf_refuses_what_does_not_fit),
        cmocka_unit_test(starts_with),
        cmocka_unit_test(utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
