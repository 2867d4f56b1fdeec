#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

static void make(const char* folder)
{
    struct cv_error err;
    CV_TEST_OK(err, cv_folder_make(cv_test_path(folder), 0700, &err));
}

static void touch(const char* file)
{
    struct cv_error err;
    CV_TEST_OK(err, cv_file_write(cv_test_path(file), "x", 1, 0600, 0, &err));
}

static void removes_all_of_it_and_nothing_else(void** state)
{
    struct cv_error err;
    (void)state;

    make("tree/a/b");
    make("tree/empty");
    make("treetop");
    touch("tree/file");
    touch("tree/a/b/file");
    touch("treetop/file");
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("tree"), &err));
    assert_false(cv_path_exists(cv_test_path("tree")));
    assert_true(cv_path_exists(cv_test_path("treetop/file")));
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("treetop/"), &err));
    assert_false(cv_path_exists(cv_test_path("treetop")));
}

static void removes_one_file(void** state)
{
    struct cv_error err;
    (void)state;

    touch("single");
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("single"), &err));
    assert_false(cv_path_exists(cv_test_path("single")));
}

static void nothing_there_is_a_success(void** state)
{
    struct cv_error err;
    (void)state;

    CV_TEST_OK(err, cv_tree_remove(cv_test_path("none"), &err));
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("none/at/all"), &err));
}

static void many_entries(void** state)
{
    struct cv_error err;
    char            name[32];
    (void)state;

    make("many");
    for (int i = 0; i < 500; i++) {
        assert_int_equal(cv_snprintf(name, sizeof(name), "many/%d", i), 0);
        touch(name);
    }
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("many"), &err));
    assert_false(cv_path_exists(cv_test_path("many")));
}

/* Several times what is gone down to at once, with something beside the chain on each level. */
static void deeper_than_descriptors_are_held(void** state)
{
    struct cv_error err;
    struct cv_str   path;
    char*           text;
    (void)state;

    cv_str_init(&path);
    cv_str_append(&path, "deep");
    for (int i = 0; i < 130; i++)
        cv_str_append(&path, "/d");
    text = cv_str_steal(&path, &err);
    assert_non_null(text);
    make(text);
    for (size_t length = strlen(text); length > 4; length -= 10) {
        char file[400];
        assert_int_equal(cv_snprintf(file, sizeof(file), "%.*s-file", (int)length, text), 0);
        touch(file);
    }
    free(text);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("deep"), &err));
    assert_false(cv_path_exists(cv_test_path("deep")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removes_all_of_it_and_nothing_else),
        cmocka_unit_test(removes_one_file),
        cmocka_unit_test(nothing_there_is_a_success),
        cmocka_unit_test(many_entries),
        cmocka_unit_test(deeper_than_descriptors_are_held),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
