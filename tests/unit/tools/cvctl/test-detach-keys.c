#include <string.h>

#include <cv-test/support.h>

#include "detach-keys.h"

#include <cv/banned.h>

static struct cv_error err;

static void keys_are_characters_and_those_of_control(void** state)
{
    static const struct {
        const char *text, *keys;
    } cases[] = { { "ctrl-p,ctrl-q", "\x10\x11" }, { "a", "a" }, { "ctrl-P,x,ctrl-]", "\x10x\x1d" },
        { "ctrl-\\,ctrl-[", "\x1c\x1b" }, { "", "" } };
    struct cvctl_detach_keys keys;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        CV_TEST_OK(err, cvctl_detach_keys_parse(cases[i].text, &keys, &err));
        assert_int_equal(keys.count, strlen(cases[i].keys));
        assert_memory_equal(keys.keys, cases[i].keys, keys.count);
    }
    CV_TEST_OK(err, cvctl_detach_keys_parse("ctrl-@", &keys, &err));
    assert_int_equal(keys.count, 1);
    assert_int_equal(keys.keys[0], 0);
}

static void other_text_is_refused(void** state)
{
    static const char* const bad[] = { ",", "a,", ",a", "ab", "ctrl-", "ctrl-1", "ctrl-aa", "alt-a", "a,,b", " " };
    struct cvctl_detach_keys keys;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        assert_int_equal(cvctl_detach_keys_parse(bad[i], &keys, &err), CV_ERR_INVALID);
    assert_int_equal(cvctl_detach_keys_parse("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", &keys, &err), CV_ERR_LIMIT);
}

/* What is passed on when the text is typed in pieces of one length, all the same for each. */
static void check(const char* names, const char* typed, const char* passed, bool detached)
{
    for (size_t piece = 1; piece <= strlen(typed); piece++) {
        struct cvctl_detach_keys keys;
        char                     out[64];
        size_t                   length = 0, n = 0;
        bool                     left = false;

        CV_TEST_OK(err, cvctl_detach_keys_parse(names, &keys, &err));
        for (size_t at = 0; at < strlen(typed) && !left; at += piece) {
            size_t size = strlen(typed) - at < piece ? strlen(typed) - at : piece;

            left = cvctl_detach_keys_scan(&keys, typed + at, size, out + length, &n);
            length += n;
        }
        assert_int_equal(left, detached);
        assert_int_equal(length, strlen(passed));
        assert_memory_equal(out, passed, length);
    }
}

static void keys_are_found_and_the_rest_passed_on(void** state)
{
    (void)state;
    check("x,y", "abc", "abc", false);
    check("x,y", "axyb", "a", true);
    check("x,y", "axb", "axb", false);
    check("x,y", "xxy", "x", true);
    check("x,y", "ax", "a", false); /* held back: y may follow */
    check("a,b,a,c", "ababac", "ab", true);
    check("a,a,b", "aaab", "a", true);
    check("a,a,b", "aaxab", "aaxab", false);
    check("q", "wq", "w", true);
    check("", "xyz", "xyz", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_characters_and_those_of_control),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(keys_are_found_and_the_rest_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
