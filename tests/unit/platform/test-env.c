#include <stdlib.h>

#include <cv-test/support.h>
#include <cv/env.h>

static void set_get_unset(void** state)
{
    struct cv_error err;
    char*           value = NULL;
    (void)state;

    CV_TEST_OK(err, cv_env_set("CV_TEST_ENV", "\xC3\xA4 b", &err));
    CV_TEST_OK(err, cv_env_get("CV_TEST_ENV", &value, &err));
    assert_string_equal(value, "\xC3\xA4 b");
    free(value);
    /* not a program with more rights than its caller */
    CV_TEST_OK(err, cv_env_get_secure("CV_TEST_ENV", &value, &err));
    assert_string_equal(value, "\xC3\xA4 b");
    free(value);
    CV_TEST_OK(err, cv_env_set("CV_TEST_ENV", NULL, &err));
    CV_TEST_OK(err, cv_env_set("CV_TEST_ENV", NULL, &err));
    CV_TEST_OK(err, cv_env_get("CV_TEST_ENV", &value, &err));
    assert_null(value);
    CV_TEST_OK(err, cv_env_get_secure("CV_TEST_ENV", &value, &err));
    assert_null(value);
}

static void names_are_checked(void** state)
{
    struct cv_error err;
    (void)state;

    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_env_set("", "x", &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_env_set("A=B", "x", &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_env_set("A=B", NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_get_unset),
        cmocka_unit_test(names_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
