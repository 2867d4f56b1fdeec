#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>
#include <cv/strv.h>

static void stays_terminated_while_it_grows_and_shrinks(void** state)
{
    struct cv_strv v;
    char           text[16];
    (void)state;

    cv_strv_init(&v);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(cv_snprintf(text, sizeof(text), "%d", i % 10), 0);
        assert_int_equal(cv_strv_append(&v, text), 0);
        assert_null(v.items[v.count]);
    }
    assert_int_equal(v.count, 100);
    cv_strv_remove(&v, "3");
    cv_strv_remove(&v, "no such");
    assert_int_equal(v.count, 90);
    assert_null(v.items[90]);
    assert_false(cv_strv_contains(&v, "3"));
    assert_true(cv_strv_contains(&v, "4"));
    for (int i = 0; i < 100; i++)
        assert_int_equal(cv_strv_append(&v, "more"), 0);
    assert_int_equal(v.count, 190);
    assert_string_equal(v.items[0], "0");
    assert_string_equal(v.items[3], "4");
    cv_strv_release(&v);
    assert_null(v.items);
}

static void copies_and_compares(void** state)
{
    static const char* const list[] = { "a", "b", NULL };
    struct cv_strv           v, copy, empty;
    (void)state;

    cv_strv_init(&v);
    cv_strv_init(&copy);
    cv_strv_init(&empty);
    assert_int_equal(cv_strv_append_all(&v, list), 0);
    assert_int_equal(cv_strv_append_all(&v, NULL), 0);
    assert_int_equal(cv_strv_copy(&copy, &v), 0);
    assert_true(cv_strv_equal(&v, &copy));
    assert_ptr_not_equal(v.items[0], copy.items[0]);
    assert_int_equal(cv_strv_append(&copy, "c"), 0);
    assert_false(cv_strv_equal(&v, &copy));
    assert_false(cv_strv_equal(&v, &empty));
    cv_strv_release(&copy);
    assert_int_equal(cv_strv_copy(&copy, &empty), 0);
    assert_true(cv_strv_equal(&empty, &copy));
    cv_strv_release(&v);
    cv_strv_release(&copy);
}

static void empty_again_after_removing_all(void** state)
{
    struct cv_strv v;
    (void)state;

    cv_strv_init(&v);
    cv_strv_remove(&v, "a");
    assert_int_equal(cv_strv_append_steal(&v, strdup("a")), 0);
    cv_strv_remove(&v, "a");
    assert_int_equal(v.count, 0);
    assert_null(v.items[0]);
    assert_int_equal(cv_strv_append(&v, "b"), 0);
    assert_string_equal(v.items[0], "b");
    assert_int_equal(cv_strv_append_steal(&v, NULL), CV_ERR_NO_MEMORY);
    assert_int_equal(v.count, 1);
    cv_strv_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_terminated_while_it_grows_and_shrinks),
        cmocka_unit_test(copies_and_compares),
        cmocka_unit_test(empty_again_after_removing_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
