/* Where the library looks for the guardian. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "linux/client.h"
#include "linux/programs.h"

static void the_program_is_found_from_the_library(void** state)
{
    static const struct {
        const char *library, *relative, *program;
    } cases[] = {
        { "/usr/lib/libcontainerv.so.0", "../libexec/containerv/cv-guardian",
            "/usr/lib/../libexec/containerv/cv-guardian" },
        { "/usr/lib/x86_64-linux-gnu/libcontainerv.so.0", "../../libexec/containerv/cv-guardian",
            "/usr/lib/x86_64-linux-gnu/../../libexec/containerv/cv-guardian" },
        { "/opt/a b/%s/lib64/libcontainerv.so", "containerv/cv-guardian", "/opt/a b/%s/lib64/containerv/cv-guardian" },
        { "/libcontainerv.so", "usr/libexec/containerv/cv-guardian", "/usr/libexec/containerv/cv-guardian" },
    };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct cv_error err  = CV_ERROR_INIT;
        char*           path = NULL;

        assert_int_equal(linux_program_beside(cases[i].library, cases[i].relative, &path, &err), 0);
        assert_string_equal(path, cases[i].program);
        free(path);
    }
}

static void a_library_without_a_folder_is_refused(void** state)
{
    struct cv_error err  = CV_ERROR_INIT;
    char*           path = NULL;
    (void)state;

    assert_int_equal(linux_program_beside("libcontainerv.so", "../cv-guardian", &path, &err), CV_ERR_INVALID);
    assert_null(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_is_found_from_the_library),
        cmocka_unit_test(a_library_without_a_folder_is_refused),
    };
    return cmocka_run_group_tests_name("client-start", tests, NULL, NULL);
}
