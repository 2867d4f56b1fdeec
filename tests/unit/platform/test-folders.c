#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/folders.h>

static const struct {
    const char* variable;
    int (*find)(char** path_out, struct cv_error* err);
} folders[] = {
    { "CONTAINERV_STATE_DIR", cv_folders_state },
    { "CONTAINERV_RUN_DIR", cv_folders_run },
};

static void overrides_must_be_absolute(void** state)
{
    struct cv_error err;
    char*           path = NULL;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(folders); i++) {
        CV_TEST_OK(err, cv_env_set(folders[i].variable, cv_test_path("mine"), &err));
        CV_TEST_OK(err, folders[i].find(&path, &err));
        assert_string_equal(path, cv_test_path("mine"));
        cv_freep(&path);
        CV_TEST_OK(err, cv_env_set(folders[i].variable, "relative/path", &err));
        CV_TEST_FAILS(CV_ERR_INVALID, err, folders[i].find(&path, &err));
        assert_non_null(strstr(err.text, folders[i].variable));
        assert_null(path);
        CV_TEST_OK(err, cv_env_set(folders[i].variable, NULL, &err));
    }
}

static void defaults_are_absolute_and_differ(void** state)
{
    struct cv_error err;
    char*           run_path   = NULL;
    char*           state_path = NULL;
    (void)state;

    CV_TEST_OK(err, cv_folders_state(&state_path, &err));
    CV_TEST_OK(err, cv_folders_run(&run_path, &err));
    assert_true(cv_path_is_absolute(state_path));
    assert_true(cv_path_is_absolute(run_path));
    assert_non_null(strstr(state_path, "containerv"));
    assert_non_null(strstr(run_path, "containerv"));
    assert_string_not_equal(state_path, run_path);
    free(state_path);
    free(run_path);
}

/* An empty variable counts as unset. */
static void an_empty_override_is_none(void** state)
{
    struct cv_error err;
    char*           usual = NULL;
    char*           path  = NULL;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(folders); i++) {
        CV_TEST_OK(err, folders[i].find(&usual, &err));
        CV_TEST_OK(err, cv_env_set(folders[i].variable, "", &err));
        CV_TEST_OK(err, folders[i].find(&path, &err));
        assert_string_equal(path, usual);
        CV_TEST_OK(err, cv_env_set(folders[i].variable, NULL, &err));
        cv_freep(&usual);
        cv_freep(&path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overrides_must_be_absolute),
        cmocka_unit_test(defaults_are_absolute_and_differ),
        cmocka_unit_test(an_empty_override_is_none),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
