/* What only Windows has: drive letters, long paths, batch files, and which handles a child gets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "wide.h"
#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/process.h>
#include <cv/str.h>

enum { LONG_MS = 60000 };

static void absolute_paths(void** state)
{
    static const struct {
        const char* path;
        bool        absolute;
    } rows[] = {
        { "C:\\x", true },
        { "c:/x", true },
        { "\\\\server\\share", true },
        { "\\\\?\\C:\\x", true },
        { "C:x", false },
        { "C:", false },
        { "\\x", false },
        { "/x", false },
        { "x", false },
        { "", false },
        { "1:\\x", false },
    };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        if (cv_path_is_absolute(rows[i].path) != rows[i].absolute)
            fail_msg("'%s'", rows[i].path);
}

static void long_paths_get_the_prefix(void** state)
{
    struct cv_error err;
    char            path[600] = "C:\\";
    wchar_t*        wide;
    (void)state;

    wide = cv_wide_path("C:/a/../b\\c", &err);
    assert_int_equal(wcscmp(wide, L"C:\\b\\c"), 0);
    free(wide);
    memset(path + 3, 'x', 300);
    wide = cv_wide_path(path, &err);
    assert_int_equal(wcsncmp(wide, L"\\\\?\\C:\\xxx", 10), 0);
    assert_int_equal(wcslen(wide), 307);
    free(wide);
    wide = cv_wide_full_path(path, &err);
    assert_int_equal(wcsncmp(wide, L"C:\\xxx", 6), 0);
    free(wide);
    memcpy(path, "\\\\s\\share\\", 10);
    wide = cv_wide_path(path, &err);
    assert_int_equal(wcsncmp(wide, L"\\\\?\\UNC\\s\\share\\xxx", 19), 0);
    free(wide);
    assert_null(cv_wide_path("\xFF", &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
}

static void utf16_and_back(void** state)
{
    static const wchar_t alone[] = { 0xD800, 0 };
    struct cv_error      err;
    wchar_t*             wide = cv_wide("\xC3\xA4\xF0\x9F\x98\x80", &err);
    char*                text;
    (void)state;

    assert_int_equal(wcslen(wide), 3);
    text = cv_utf8(wide, &err);
    assert_string_equal(text, "\xC3\xA4\xF0\x9F\x98\x80");
    free(text);
    free(wide);
    text = cv_utf8(alone, &err);
    assert_true(cv_utf8_valid(text, strlen(text)));
    free(text);
    assert_null(cv_wide("a\xC0\xAF", &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
}

static void batch_files_are_refused(void** state)
{
    static const char* const argv[]  = { "x", NULL };
    static const char* const names[] = { "x.bat", "x.CMD" };
    struct cv_process_spec   spec    = CV_PROCESS_SPEC_INIT;
    struct cv_process*       process = NULL;
    struct cv_error          err;
    (void)state;

    spec.argv = argv;
    for (size_t i = 0; i < CV_ARRAY_LEN(names); i++) {
        CV_TEST_OK(err, cv_file_write(cv_test_path(names[i]), "exit 0\r\n", 8, 0700, 0, &err));
        spec.program = cv_test_path(names[i]);
        CV_TEST_FAILS(CV_ERR_NOT_EXECUTABLE, err, cv_process_start(&spec, &process, &err));
        assert_true(err.hint[0] != '\0');
    }
    assert_null(process);
}

/* The helper writes to the handle whose number it is told: it can only if it has it. */
static int write_through(HANDLE handle, const HANDLE* pass)
{
    char                   number[32];
    const char*            argv[] = { "helper", "write", number, "hello", NULL };
    struct cv_process_spec spec   = CV_PROCESS_SPEC_INIT;
    struct cv_error        err;
    int                    code = -1;

    assert_int_equal(cv_snprintf(number, sizeof(number), "%d", (int)(intptr_t)handle), 0);
    spec.argv    = argv;
    spec.program = cv_test_helper();
    spec.pass    = pass;
    spec.n_pass  = pass != NULL ? 1 : 0;
    CV_TEST_OK(err, cv_process_run(&spec, LONG_MS, &code, &err));
    return code;
}

static void only_what_was_passed_is_inherited(void** state)
{
    HANDLE          from, to;
    DWORD           flags = HANDLE_FLAG_INHERIT;
    struct cv_error err;
    char            text[8] = "";
    size_t          length  = 0;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    assert_int_equal(write_through(to, &to), 0);
    CV_TEST_OK(err, cv_handle_read(from, text, sizeof(text) - 1, &length, &err));
    assert_string_equal(text, "hello");
    assert_true(GetHandleInformation(to, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    /* even an inheritable one stays here when it was not asked for */
    assert_true(SetHandleInformation(to, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    assert_int_not_equal(write_through(to, NULL), 0);
    cv_handle_closep(&to);
    CV_TEST_OK(err, cv_handle_read(from, text, sizeof(text) - 1, &length, &err));
    assert_int_equal(length, 0);
    cv_handle_closep(&from);
}

static void devices_are_no_files(void** state)
{
    struct cv_error err;
    char*           data = NULL;
    (void)state;

    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_file_read("NUL", 10, &data, NULL, &err));
    assert_null(data);
}

static void read_only_files_are_removed_with_their_tree(void** state)
{
    struct cv_error err;
    wchar_t*        wide;
    (void)state;

    CV_TEST_OK(err, cv_folder_make(cv_test_path("tree/sub"), 0700, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("tree/sub/file"), "x", 1, 0600, 0, &err));
    wide = cv_wide_path(cv_test_path("tree/sub/file"), &err);
    assert_true(SetFileAttributesW(wide, FILE_ATTRIBUTE_READONLY));
    free(wide);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("tree"), &err));
    assert_false(cv_path_exists(cv_test_path("tree")));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_tree_remove("C:\\", &err));
}

static void folders_are_beneath_program_data(void** state)
{
    struct cv_error err;
    char*           path = NULL;
    (void)state;

    CV_TEST_OK(err, cv_folders_state(&path, &err));
    assert_string_equal(path, "C:\\ProgramData\\containerv");
    cv_freep(&path);
    CV_TEST_OK(err, cv_folders_run(&path, &err));
    assert_string_equal(path, "C:\\ProgramData\\containerv\\run");
    cv_freep(&path);
}

static void the_system_has_texts_for_other_numbers(void** state)
{
    struct cv_error err;
    (void)state;

    cv_error_win32(&err, ERROR_DISK_FULL, "write", "C:\\x");
    assert_null(strstr(err.text, "error 0x"));
    assert_null(strchr(err.text, '\n'));
    cv_error_win32(&err, 0x3FFFFFFF, "write", "C:\\x");
    assert_string_equal(err.text, "write 'C:\\x': error 0x3FFFFFFF (unknown)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_paths),
        cmocka_unit_test(long_paths_get_the_prefix),
        cmocka_unit_test(utf16_and_back),
        cmocka_unit_test(batch_files_are_refused),
        cmocka_unit_test(only_what_was_passed_is_inherited),
        cmocka_unit_test(devices_are_no_files),
        cmocka_unit_test(read_only_files_are_removed_with_their_tree),
        cmocka_unit_test(folders_are_beneath_program_data),
        cmocka_unit_test(the_system_has_texts_for_other_numbers),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
