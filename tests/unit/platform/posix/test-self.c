/* A shared library that was loaded by a relative path, from a program that has changed its folder since. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/self.h>

static void a_library_loaded_by_a_relative_path(void** state)
{
    struct cv_error err;
    char*           path   = NULL;
    char*           data   = NULL;
    char*           here   = getcwd(NULL, 0);
    size_t          length = 0;
    void*           library;
    (void)state;

    CV_TEST_OK(err, cv_file_read(CV_TEST_LIBRARY, 1 << 24, &data, &length, &err));
    CV_TEST_OK(err, cv_file_write(cv_test_path("a lib.so"), data, length, 0700, 0, &err));
    free(data);
    assert_int_equal(chdir(cv_test_path(".")), 0);
    library = dlopen("./a lib.so", RTLD_NOW);
    assert_non_null(library);
    assert_int_equal(chdir(here), 0);
    CV_TEST_OK(err, cv_self_path(dlsym(library, "cv_test_library_function"), &path, &err));
    assert_true(cv_path_is_absolute(path));
    assert_non_null(strstr(path, "/a lib.so"));
    assert_true(cv_path_exists(path));
    free(path);
    path = NULL;
    CV_TEST_OK(err, cv_file_remove(cv_test_path("a lib.so"), &err));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_self_path(dlsym(library, "cv_test_library_function"), &path, &err));
    assert_null(path);
    assert_int_equal(dlclose(library), 0);
    free(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_loaded_by_a_relative_path),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
