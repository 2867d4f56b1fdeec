#include "core-test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cv/error.h>
#include <cv/file.h>
#include <cv/str.h>

struct containerv_options* test_options(void)
{
    struct containerv_options* options = containerv_options_new();
    assert_non_null(options);
    OK(containerv_options_set_backend(options, "fake"));
    return options;
}

struct containerv_container* test_container(struct containerv_options* options)
{
    struct containerv_container* container = NULL;
    if (options == NULL)
        options = test_options();
    OK(containerv_create("/srv/root", options, &container));
    assert_non_null(container);
    containerv_options_delete(options);
    return container;
}

const char* test_root(void)
{
    static char text[4096];
    char*       root = cv_path_absolute("/srv/root", NULL);
    assert_non_null(root);
    assert_int_equal(cv_snprintf(text, sizeof(text), "%s", root), 0);
    free(root);
    return text;
}

int test_nothing_left(void** state)
{
    (void)state;
    fake_forget();
    fake_disarm();
    return fake_live() == 0 ? 0 : -1;
}

void test_ok(int rc, const char* call)
{
    if (rc != 0)
        fail_msg("%s: %s", call, containerv_error_last()->text);
}

void test_fails(int expected, int rc, const char* call)
{
    int                            number = errno;
    const struct containerv_error* last   = containerv_error_last();
    if (rc != expected || last->code != expected)
        fail_msg("%s: %s, last error %s ('%s'), wanted %s", call, containerv_error_name(rc),
            containerv_error_name(last->code), last->text, containerv_error_name(expected));
    if (number != cv_error_code_errno(expected))
        fail_msg("%s: errno is %d (%s)", call, number, strerror(number));
    if (last->step[0] == '\0' || last->text[0] == '\0' || last->object == NULL || last->hint == NULL)
        fail_msg("%s: step '%s', text '%s'", call, last->step, last->text);
}
