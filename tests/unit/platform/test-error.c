#include <errno.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

static void errno_is_named_and_mapped(void** state)
{
    static const struct {
        int number;
        int code;
    } rows[] = {
        { ENOENT, CV_ERR_NOT_FOUND },
        { EEXIST, CV_ERR_EXISTS },
        { EPERM, CV_ERR_PERMISSION },
        { EACCES, CV_ERR_PERMISSION },
        { ENOMEM, CV_ERR_NO_MEMORY },
        { EINVAL, CV_ERR_SYSTEM },
        { EIO, CV_ERR_SYSTEM },
    };
    struct cv_error err;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        assert_int_equal(cv_error_errno(&err, rows[i].number, "open the thing", "/x"), rows[i].code);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(err.domain, CV_DOMAIN_ERRNO);
        assert_true(err.number == rows[i].number);
    }
    cv_error_errno(&err, ENOENT, "open the thing", "/x");
    assert_string_equal(err.text, "open the thing '/x': No such file or directory (ENOENT)");
    assert_string_equal(err.step, "open the thing");
    assert_string_equal(err.object, "/x");
    assert_string_equal(err.hint, "");
    cv_error_errno(&err, EACCES, "fork", NULL);
    assert_string_equal(err.text, "fork: Permission denied (EACCES)");
    cv_error_errno(&err, 77777, "fork", NULL);
    assert_string_equal(err.text, "fork: error 77777 (unknown)");
}

static void context_goes_before_the_text(void** state)
{
    struct cv_error err;
    (void)state;

    cv_error_errno(&err, ENOENT, "open", "/x");
    cv_error_hint(&err, "make %s", "it");
    assert_int_equal(cv_error_wrap(&err, "layer '%s'", "abc"), CV_ERR_NOT_FOUND);
    assert_string_equal(err.text, "layer 'abc': open '/x': No such file or directory (ENOENT)");
    assert_string_equal(err.step, "open");
    assert_string_equal(err.hint, "make it");
    assert_true(err.number == ENOENT);
    assert_int_equal(cv_error_step(&err, "step %d", 2), CV_ERR_NOT_FOUND);
    assert_int_equal(cv_error_object(&err, "object"), CV_ERR_NOT_FOUND);
    assert_string_equal(err.step, "step 2");
    assert_string_equal(err.object, "object");
    assert_int_equal(cv_error_set(&err, CV_ERR_STATE, "new"), CV_ERR_STATE);
    assert_string_equal(err.text, "new");
    assert_string_equal(err.hint, "");
    assert_true(err.number == 0);
}

static void long_texts_are_cut_between_characters(void** state)
{
    struct cv_error err;
    char            text[CV_ERROR_TEXT_MAX * 2];
    (void)state;

    for (unsigned offset = 0; offset < 4; offset++) {
        memset(text, 'x', sizeof(text));
        for (size_t i = offset; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 3);
        text[sizeof(text) - 1] = '\0';
        cv_error_set(&err, CV_ERR_INVALID, "%s", text);
        assert_in_range(strlen(err.text), CV_ERROR_TEXT_MAX - 4, CV_ERROR_TEXT_MAX - 1);
        assert_true(cv_utf8_valid(err.text, strlen(err.text)));
        for (int i = 0; i < 3; i++)
            cv_error_wrap(&err, "context");
        assert_memory_equal(err.text, "context: context: context: ", 27);
        assert_true(cv_utf8_valid(err.text, strlen(err.text)));
    }
}

static void no_error_object_is_fine(void** state)
{
    (void)state;
    assert_int_equal(cv_error_set(NULL, CV_ERR_STATE, "x"), CV_ERR_STATE);
    assert_int_equal(cv_error_errno(NULL, ENOENT, "x", NULL), CV_ERR_NOT_FOUND);
    assert_int_equal(cv_error_win32(NULL, 5, "x", NULL), CV_ERR_PERMISSION);
    assert_int_equal(cv_error_no_memory(NULL), CV_ERR_NO_MEMORY);
    assert_int_equal(cv_error_unsupported(NULL, "x", "y"), CV_ERR_UNSUPPORTED);
    assert_int_equal(cv_error_wrap(NULL, "x"), CV_ERR_INTERNAL);
    assert_int_equal(cv_error_hint(NULL, "x"), CV_ERR_INTERNAL);
}

static void numbers_of_windows_are_known_everywhere(void** state)
{
    struct cv_error err;
    (void)state;

    assert_int_equal(cv_error_win32(&err, 2, "open", "C:\\x"), CV_ERR_NOT_FOUND);
    assert_string_equal(err.text, "open 'C:\\x': the file was not found (ERROR_FILE_NOT_FOUND)");
    assert_int_equal(err.domain, CV_DOMAIN_WIN32);
    assert_int_equal(cv_error_hresult(&err, 0x80070005, "start", NULL), CV_ERR_PERMISSION);
    assert_string_equal(err.text, "start: access is denied (ERROR_ACCESS_DENIED)");
    assert_int_equal(err.domain, CV_DOMAIN_HRESULT);
    assert_true(err.number == INT64_C(0x80070005));
    assert_int_equal(cv_error_hresult(&err, 0x800705B4, "wait", NULL), CV_ERR_TIMEOUT);
    assert_int_equal(cv_error_hresult(&err, 0xC0370106, "wait", NULL), CV_ERR_SYSTEM);
    assert_non_null(strstr(err.text, "(unknown)"));
}

static void codes_come_from_the_list(void** state)
{
    (void)state;
    assert_string_equal(cv_error_code_text(CV_ERR_STATE), "not possible in this state");
    assert_string_equal(cv_error_code_name(CV_ERR_STATE), "CV_ERR_STATE");
    assert_int_equal(cv_error_code_errno(CV_ERR_STATE), EBUSY);
    assert_int_equal(cv_error_code_grpc(CV_ERR_STATE), 9);
    assert_string_equal(cv_error_code_name(CV_OK), "CV_OK");
    assert_int_equal(cv_error_code_errno(CV_OK), 0);
    assert_int_equal(cv_error_code_grpc(CV_OK), 0);
    assert_string_equal(cv_error_code_name(-999), "CV_ERR_UNKNOWN");
    assert_string_equal(cv_error_code_text(5), "unknown error");
    assert_int_equal(cv_error_code_errno(-999), EIO);
}

static void unsupported_names_the_back_end(void** state)
{
    struct cv_error err;
    (void)state;
    assert_int_equal(cv_error_unsupported(&err, "pause", "fake"), CV_ERR_UNSUPPORTED);
    assert_string_equal(err.text, "'pause' is not supported by the fake back end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errno_is_named_and_mapped),
        cmocka_unit_test(context_goes_before_the_text),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(no_error_object_is_fine),
        cmocka_unit_test(numbers_of_windows_are_known_everywhere),
        cmocka_unit_test(codes_come_from_the_list),
        cmocka_unit_test(unsupported_names_the_back_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
