#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/self.h>

static void finds_this_program(void** state)
{
    struct cv_error err;
    char*           path = NULL;
    (void)state;

    CV_TEST_OK(err, cv_self_path((const void*)(uintptr_t)finds_this_program, &path, &err));
    assert_true(cv_path_is_absolute(path));
    assert_true(cv_path_exists(path));
    assert_non_null(strstr(path, "test-self"));
    free(path);
}

static void no_file_behind_an_address(void** state)
{
    struct cv_error err;
    char*           path  = NULL;
    char*           plain = calloc(1, 1);
    (void)state;

    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_self_path(plain, &path, &err));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_self_path((const void*)(uintptr_t)16, &path, &err));
    assert_null(path);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_this_program),
        cmocka_unit_test(no_file_behind_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
