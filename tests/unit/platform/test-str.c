#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>
#include <cv/strv.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(string_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
