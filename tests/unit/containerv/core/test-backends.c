#include <string.h>

#include <cv/env.h>

#include "core-test.h"

static void names_are_those_of_the_table(void** state)
{
    (void)state;
    assert_string_equal(containerv_backends()[0], "bare");
    assert_string_equal(containerv_backends()[1], "fake");
    assert_null(containerv_backends()[2]);
    assert_string_equal(containerv_version(), "0.1.0");
}

static void the_first_that_works_is_chosen(void** state)
{
    uint64_t chosen = 0, fake = 0;
    (void)state;
    OK(containerv_features(NULL, &chosen));
    OK(containerv_features("fake", &fake));
    assert_int_equal(chosen, fake);
    OK(containerv_probe(NULL));
    OK(containerv_probe("fake"));
}

static void one_that_does_not_work_says_why(void** state)
{
    uint64_t features = 5;
    (void)state;
    FAILS(CV_ERR_UNSUPPORTED, containerv_probe("bare"));
    assert_non_null(strstr(containerv_error_last()->text, "it never runs"));
    OK(containerv_features("bare", &features));
    assert_int_equal(features, 0);
}

static void unknown_names_are_refused(void** state)
{
    uint64_t features = 5;
    (void)state;
    FAILS(CV_ERR_NOT_FOUND, containerv_features("nosuch", &features));
    assert_int_equal(features, 5);
    assert_string_equal(containerv_error_last()->object, "nosuch");
    assert_string_not_equal(containerv_error_last()->hint, "");
    FAILS(CV_ERR_NOT_FOUND, containerv_probe("nosuch"));
    FAILS(CV_ERR_INVALID, containerv_features("fake", NULL));
}

static void the_environment_chooses(void** state)
{
    struct containerv_container* container = NULL;
    (void)state;
    assert_int_equal(cv_env_set("CONTAINERV_BACKEND", "nosuch", NULL), 0);
    FAILS(CV_ERR_NOT_FOUND, containerv_create("/r", NULL, &container));
    assert_null(container);
    assert_non_null(strstr(containerv_error_last()->text, "CONTAINERV_BACKEND"));
    assert_int_equal(cv_env_set("CONTAINERV_BACKEND", "bare", NULL), 0);
    FAILS(CV_ERR_UNSUPPORTED, containerv_probe(NULL));
    container = test_container(NULL); /* the option wins */
    OK(containerv_pause(container));
    OK(containerv_destroy(container));
    assert_int_equal(cv_env_set("CONTAINERV_BACKEND", "", NULL), 0);
    OK(containerv_probe(NULL));
    assert_int_equal(cv_env_set("CONTAINERV_BACKEND", NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_those_of_the_table),
        TEST(the_first_that_works_is_chosen),
        TEST(one_that_does_not_work_says_why),
        TEST(unknown_names_are_refused),
        TEST(the_environment_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
