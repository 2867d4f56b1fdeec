/* The library of test-self.c. */
__attribute__((visibility("default"))) int cv_test_library_function(void);

int cv_test_library_function(void)
{
    return 1;
}
