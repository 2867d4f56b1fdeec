#include <errno.h>
#include <string.h>

#include "core-test.h"
#include "core/core.h"

static void nothing_failed_yet(void** state)
{
    const struct containerv_error* last = containerv_error_last();
    (void)state;
    assert_non_null(last);
    assert_int_equal(last->size, sizeof(*last));
    assert_int_equal(last->code, CV_OK);
    assert_string_equal(last->text, "");
}

static void a_failure_is_kept_with_all_its_fields(void** state)
{
    struct cv_error err = CV_ERROR_INIT;
    (void)state;
    cv_error_errno(&err, EEXIST, "make the folder", "/x");
    cv_error_hint(&err, "choose another");
    assert_int_equal(cv_publish(&err, CV_ERR_EXISTS, "not used"), CV_ERR_EXISTS);
    assert_int_equal(errno, EEXIST);
    const struct containerv_error* last = containerv_error_last();
    assert_int_equal(last->code, CV_ERR_EXISTS);
    assert_int_equal(last->domain, CV_DOMAIN_ERRNO);
    assert_int_equal(last->number, EEXIST);
    assert_string_equal(last->step, "make the folder");
    assert_string_equal(last->object, "/x");
    assert_string_equal(last->hint, "choose another");
    assert_non_null(strstr(last->text, "make the folder"));
}

static void a_success_leaves_it_and_errno_alone(void** state)
{
    struct cv_error err = CV_ERROR_INIT;
    (void)state;
    errno = 0;
    assert_int_equal(cv_publish(&err, 0, "x"), 0);
    assert_int_equal(errno, 0);
    assert_int_equal(containerv_error_last()->code, CV_ERR_EXISTS);
}

static void step_and_text_are_never_empty(void** state)
{
    struct cv_error err = CV_ERROR_INIT;
    (void)state;
    assert_int_equal(cv_publish(&err, CV_ERR_LOST, "do it"), CV_ERR_LOST);
    assert_string_equal(containerv_error_last()->step, "do it");
    assert_string_equal(containerv_error_last()->text, "do it: the container was lost");
    assert_string_equal(containerv_error_name(CV_ERR_LOST), "CV_ERR_LOST");
    assert_string_equal(containerv_error_text(CV_ERR_STATE), "not possible in this state");
    assert_string_equal(containerv_error_text(12345), "unknown error");
    assert_string_equal(containerv_error_name(12345), "CV_ERR_UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_failed_yet),
        TEST(a_failure_is_kept_with_all_its_fields),
        TEST(a_success_leaves_it_and_errno_alone),
        TEST(step_and_text_are_never_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
