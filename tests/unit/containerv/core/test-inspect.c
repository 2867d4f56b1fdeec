#include <string.h>

#include "core-test.h"

static struct containerv_container* with_secrets(void)
{
    struct containerv_options* options = test_options();
    OK(containerv_options_set_environment(options, (const char* const[]){ "TOKEN=hidden=1", "EMPTY=", NULL }));
    return test_container(options);
}

static void it_is_whole(void** state)
{
    struct containerv_container* container = with_secrets();
    char*                        text      = NULL;
    (void)state;
    OK(containerv_inspect(container, &text));
    assert_non_null(strstr(text, "TOKEN=hidden=1"));
    containerv_free(text);
    FAILS(CV_ERR_INVALID, containerv_inspect(container, NULL));
    FAILS(CV_ERR_INVALID, containerv_inspect(NULL, &text));
    OK(containerv_destroy(container));
}

static void values_of_the_environment_are_left_out(void** state)
{
    struct containerv_container* container = with_secrets();
    char*                        text      = NULL;
    (void)state;
    OK(containerv_inspect_redacted(container, &text));
    assert_non_null(strstr(text, "\"TOKEN=***\""));
    assert_non_null(strstr(text, "\"EMPTY=***\""));
    assert_null(strstr(text, "hidden"));
    containerv_free(text);
    FAILS(CV_ERR_INVALID, containerv_inspect_redacted(container, NULL));
    FAILS(CV_ERR_INVALID, containerv_inspect_redacted(NULL, &text));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(it_is_whole), TEST(values_of_the_environment_are_left_out) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
