#include <string.h>

#include <cv-test/support.h>

#include "id-prefix.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_strv ids_of(const char* const* list)
{
    struct cv_strv ids = { 0 };

    assert_int_equal(cv_strv_append_all(&ids, list), 0);
    return ids;
}

static void the_only_one_that_begins_so_is_found(void** state)
{
    static const char* const list[] = { "abc", "abcd", "xyz", NULL };
    static const struct {
        const char *text, *id;
        int         code;
    } cases[] = {
        { "abc", "abc", 0 },
        { "abcd", "abcd", 0 },
        { "x", "xyz", 0 },
        { "xyz", "xyz", 0 },
        { "ab", NULL, CV_ERR_INVALID },
        { "xyzz", NULL, CV_ERR_NOT_FOUND },
        { "y", NULL, CV_ERR_NOT_FOUND },
        { "", NULL, CV_ERR_NOT_FOUND },
    };
    struct cv_strv ids = ids_of(list);
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        const char* id = NULL;
        assert_int_equal(cvctl_id_prefix(&ids, cases[i].text, &id, &err), cases[i].code);
        if (cases[i].id != NULL)
            assert_string_equal(id, cases[i].id);
    }
    cv_strv_release(&ids);
}

static void some_of_several_are_named(void** state)
{
    static const char* const list[] = { "a1", "a2", "a3", "a4", "a5", "b", NULL };
    struct cv_strv           ids    = ids_of(list);
    const char*              id     = NULL;
    (void)state;
    assert_int_equal(cvctl_id_prefix(&ids, "a", &id, &err), CV_ERR_INVALID);
    assert_string_equal(err.text, "'a' is the beginning of 5 ids");
    assert_string_equal(err.hint, "a1, a2, a3, a4, ...");
    assert_null(id);
    cv_strv_release(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_only_one_that_begins_so_is_found),
        cmocka_unit_test(some_of_several_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
