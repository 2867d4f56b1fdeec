#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

static void write_text(const char* path, const char* text)
{
    struct cv_error err;
    CV_TEST_OK(err, cv_file_write(path, text, strlen(text), 0600, 0, &err));
}

static void assert_content(const char* path, const char* text)
{
    struct cv_error err;
    char*           data = NULL;
    CV_TEST_OK(err, cv_file_read(path, 1000, &data, NULL, &err));
    assert_string_equal(data, text);
    free(data);
}

static void what_is_written_is_read(void** state)
{
    struct cv_error err;
    char*           data   = NULL;
    size_t          length = 0;
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("bytes"), "a\0b\r\n", 5, 0644, CV_FILE_DURABLE, &err));
    CV_TEST_OK(err, cv_file_read(cv_test_path("bytes"), 5, &data, &length, &err));
    assert_int_equal(length, 5);
    assert_memory_equal(data, "a\0b\r\n", 6);
    free(data);
    CV_TEST_OK(err, cv_file_write(cv_test_path("bytes"), "", 0, 0644, 0, &err));
    CV_TEST_OK(err, cv_file_read(cv_test_path("bytes"), 0, &data, &length, &err));
    assert_int_equal(length, 0);
    assert_string_equal(data, "");
    free(data);
}

static void names_beyond_ascii(void** state)
{
    (void)state;
    write_text(cv_test_path("\xC3\xA4\xE2\x82\xAC \xF0\x9F\x98\x80"), "unicode");
    assert_content(cv_test_path("\xC3\xA4\xE2\x82\xAC \xF0\x9F\x98\x80"), "unicode");
}

static void reading_is_bounded(void** state)
{
    struct cv_error err;
    char*           data = NULL;
    char*           big  = calloc(1, 100000);
    (void)state;

    assert_non_null(big);
    memset(big, 'x', 100000);
    CV_TEST_OK(err, cv_file_write(cv_test_path("big"), big, 100000, 0600, 0, &err));
    CV_TEST_FAILS(CV_ERR_LIMIT, err, cv_file_read(cv_test_path("big"), 99999, &data, NULL, &err));
    CV_TEST_FAILS(CV_ERR_LIMIT, err, cv_file_read(cv_test_path("big"), 0, &data, NULL, &err));
    assert_null(data);
    CV_TEST_OK(err, cv_file_read(cv_test_path("big"), 100000, &data, NULL, &err));
    assert_memory_equal(data, big, 100000);
    free(data);
    free(big);
}

static void reading_what_is_no_text_or_no_file_fails(void** state)
{
    struct cv_error err;
    char*           data = NULL;
    (void)state;

    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_file_read(cv_test_path("missing"), 10, &data, NULL, &err));
    assert_non_null(strstr(err.text, "missing"));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_file_read(cv_test_path("no/such/folder"), 10, &data, NULL, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_file_read(cv_test_path("."), 10, &data, NULL, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("no-text"), "a\0b", 3, 0600, 0, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_file_read(cv_test_path("no-text"), 10, &data, NULL, &err));
    assert_null(data);
}

static void writing_replaces_or_refuses(void** state)
{
    struct cv_error err;
    (void)state;

    write_text(cv_test_path("once"), "old");
    CV_TEST_FAILS(CV_ERR_EXISTS, err, cv_file_write(cv_test_path("once"), "new", 3, 0600, CV_FILE_EXCLUSIVE, &err));
    assert_content(cv_test_path("once"), "old");
    write_text(cv_test_path("once"), "new");
    assert_content(cv_test_path("once"), "new");
    CV_TEST_OK(err, cv_file_write(cv_test_path("other"), "1", 1, 0600, CV_FILE_EXCLUSIVE, &err));
    assert_content(cv_test_path("other"), "1");
}

/* A failed write leaves no temporary file: the folder can be removed as an empty one would be. */
static void failed_writes_leave_nothing(void** state)
{
    struct cv_error err;
    (void)state;

    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_file_write(cv_test_path("no/file"), "x", 1, 0600, 0, &err));
    CV_TEST_OK(err, cv_folder_make(cv_test_path("in/taken"), 0700, &err));
    assert_true(cv_file_write(cv_test_path("in/taken"), "x", 1, 0600, 0, &err) < 0);
    assert_true(cv_path_is_folder(cv_test_path("in/taken")));
    assert_true(cv_file_remove(cv_test_path("in/taken"), &err) < 0);
}

static void removing_a_file(void** state)
{
    struct cv_error err;
    (void)state;

    write_text(cv_test_path("gone"), "x");
    CV_TEST_OK(err, cv_file_remove(cv_test_path("gone"), &err));
    assert_false(cv_path_exists(cv_test_path("gone")));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_file_remove(cv_test_path("gone"), &err));
}

static void making_folders(void** state)
{
    struct cv_error err;
    (void)state;

    CV_TEST_OK(err, cv_folder_make(cv_test_path("a/b/c"), 0700, &err));
    assert_true(cv_path_is_folder(cv_test_path("a/b/c")));
    CV_TEST_OK(err, cv_folder_make(cv_test_path("a/b/c"), 0700, &err));
    CV_TEST_OK(err, cv_folder_make(cv_test_path("a//b/d/"), 0700, &err));
    assert_true(cv_path_is_folder(cv_test_path("a/b/d")));
    write_text(cv_test_path("a/file"), "x");
    assert_false(cv_path_is_folder(cv_test_path("a/file")));
    assert_true(cv_path_exists(cv_test_path("a/file")));
    CV_TEST_FAILS(CV_ERR_EXISTS, err, cv_folder_make(cv_test_path("a/file"), 0700, &err));
    assert_true(cv_folder_make(cv_test_path("a/file/under"), 0700, &err) < 0);
    assert_true(cv_folder_make("", 0700, &err) < 0);
}

static void joining_paths(void** state)
{
    static const char* const refused[][2] = { { "a", "" }, { "", "b" }, { "", "" } };
    struct cv_error          err;
    char*                    path;
    (void)state;

    path = cv_path_join("a/b", "c", &err);
    assert_string_equal(path, "a/b/c");
    free(path);
    path = cv_path_join("/", "c", &err);
    assert_string_equal(path, "/c");
    free(path);
    for (size_t i = 0; i < CV_ARRAY_LEN(refused); i++) {
        assert_null(cv_path_join(refused[i][0], refused[i][1], &err));
        assert_int_equal(err.code, CV_ERR_INVALID);
    }
    assert_null(cv_path_join("a", cv_test_path("x"), &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
}

static void absolute_paths(void** state)
{
    struct cv_error err;
    char*           path;
    (void)state;

    path = cv_path_absolute("x/y", &err);
    assert_non_null(path);
    assert_true(cv_path_is_absolute(path));
    assert_int_equal(path[strlen(path) - 1], 'y');
    free(path);
    path = cv_path_absolute(cv_test_path("x"), &err);
    assert_string_equal(path, cv_test_path("x"));
    free(path);
    assert_null(cv_path_absolute("", &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    assert_false(cv_path_is_absolute(""));
    assert_false(cv_path_is_absolute("x/y"));
}

static void long_paths(void** state)
{
    struct cv_error err;
    struct cv_str   path;
    char*           text;
    (void)state;

    cv_str_init(&path);
    cv_str_append(&path, cv_test_path("long"));
    for (int i = 0; i < 12; i++)
        cv_str_append(&path, "/a-folder-with-a-name-of-forty-characters");
    text = cv_str_steal(&path, &err);
    assert_non_null(text);
    CV_TEST_OK(err, cv_folder_make(text, 0700, &err));
    assert_true(cv_path_is_folder(text));
    free(text);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("long"), &err));
    assert_false(cv_path_exists(cv_test_path("long")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(names_beyond_ascii),
        cmocka_unit_test(reading_is_bounded),
        cmocka_unit_test(reading_what_is_no_text_or_no_file_fails),
        cmocka_unit_test(writing_replaces_or_refuses),
        cmocka_unit_test(failed_writes_leave_nothing),
        cmocka_unit_test(removing_a_file),
        cmocka_unit_test(making_folders),
        cmocka_unit_test(joining_paths),
        cmocka_unit_test(absolute_paths),
        cmocka_unit_test(long_paths),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
