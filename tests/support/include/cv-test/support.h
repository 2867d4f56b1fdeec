/* What every test program has: a folder of its own for files, and ways to check errors. */
#ifndef CV_TEST_SUPPORT_H
#define CV_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cv/error.h>

/* A new empty folder, removed by cv_test_folder_remove(). Static memory, one at a time. Ends the test program when
 * it can't be made. */
const char* cv_test_folder_make(void);
void        cv_test_folder_remove(void);

/* cmocka's setup and teardown of a group that uses it. */
int cv_test_setup(void** state);
int cv_test_teardown(void** state);

/* The path of `name` in the test's folder. Static memory, the last eight stay valid. */
const char* cv_test_path(const char* name);

/* The path of cv-test-helper, the program that tests start as another process (see tests/support/helper.c). Static. */
const char* cv_test_helper(void);

/* Check that a call succeeded, and print its error if not. */
#define CV_TEST_OK(err, call)                                                                                          \
    do {                                                                                                               \
        int cv_result_ = (call);                                                                                       \
        if (cv_result_ != 0)                                                                                           \
            fail_msg("%s: %d, %s", #call, cv_result_, (err).text);                                                     \
    } while (0)

/* Check that a call failed with a code, and that the error says the same and has a text. */
#define CV_TEST_FAILS(expected, err, call)                                                                             \
    do {                                                                                                               \
        int cv_result_;                                                                                                \
        (err)      = (struct cv_error)CV_ERROR_INIT;                                                                   \
        cv_result_ = (call);                                                                                           \
        if (cv_result_ != (expected) || (err).code != (expected) || (err).text[0] == '\0')                             \
            fail_msg("%s: %s (%s), wanted %s: '%s'", #call, cv_error_code_name(cv_result_),                            \
                cv_error_code_name((err).code), cv_error_code_name(expected), (err).text);                             \
    } while (0)

#endif
