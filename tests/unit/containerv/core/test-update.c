#include <string.h>

#include "core-test.h"

static void by_name(int rc, const char* call)
{
    test_fails(CV_ERR_UNSUPPORTED, rc, call);
    assert_non_null(strstr(containerv_error_last()->text, "fake"));
}

static void what_is_not_built_yet_says_so_by_name(void** state)
{
    struct containerv_container* container = test_container(NULL);
    struct containerv_limits     limits    = { .size = sizeof(limits), .pids = 1 };
    (void)state;
    by_name(containerv_update(container, &limits), "update");
    by_name(containerv_stats(container, NULL), "stats");
    FAILS(CV_ERR_INVALID, containerv_update(NULL, &limits));
    FAILS(CV_ERR_INVALID, containerv_stats(NULL, NULL));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(what_is_not_built_yet_says_so_by_name) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
