#include <string.h>

#include <cv-test/support.h>

#include "linux/archive-name.h"

#include <cv/banned.h>

static char            name[COPY_PATH_MAX + 1];
static struct cv_error err;

static void names_are_cleaned(void** state)
{
    static const struct {
        const char *text, *clean;
    } cases[] = { { "a", "a" }, { "./a", "a" }, { "a/", "a" }, { "a//b/./c//", "a/b/c" }, { "./", "" }, { ".", "" },
        { "", "" }, { "..a/b..", "..a/b.." }, { ".hidden", ".hidden" }, { "...", "..." } };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        CV_TEST_OK(err, archive_name_clean(cases[i].text, name, &err));
        assert_string_equal(name, cases[i].clean);
        assert_true(name[0] == '\0' || copy_path_is_proper(name));
    }
}

static void names_that_lead_out_are_refused(void** state)
{
    static const char* const bad[] = { "/", "/a", "//a", "..", "../a", "a/..", "a/../b", "./../a" };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        assert_int_equal(archive_name_clean(bad[i], name, &err), CV_ERR_INVALID);
}

static void long_and_deep_ones_are_refused(void** state)
{
    static char text[4 * COPY_PATH_MAX];
    (void)state;
    memset(text, 'n', COPY_NAME_MAX);
    CV_TEST_OK(err, archive_name_clean(text, name, &err));
    text[COPY_NAME_MAX] = 'n';
    assert_int_equal(archive_name_clean(text, name, &err), CV_ERR_LIMIT);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = i % 2 == 0 ? 'd' : '/';
    assert_int_equal(archive_name_clean(text, name, &err), CV_ERR_LIMIT);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = i % 200 == 199 ? '/' : 'd';
    assert_int_equal(archive_name_clean(text, name, &err), CV_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_cleaned),
        cmocka_unit_test(names_that_lead_out_are_refused),
        cmocka_unit_test(long_and_deep_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
