#include <string.h>

#include <cv-test/support.h>

#include "cp-path.h"

#include <cv/banned.h>

static struct cv_error err;

static void names_before_a_colon_are_containers(void** state)
{
    static const struct {
        const char *text, *container, *path;
    } cases[] = {
        { "box:/etc/hosts", "box", "/etc/hosts" },
        { "box:etc/hosts", "box", "/etc/hosts" },
        { "box:/", "box", "/" },
        { "box:a:b", "box", "/a:b" },
        { "box:.", "box", "/." },
        { "file", NULL, "file" },
        { "./box:/x", NULL, "./box:/x" },
        { "../a:b", NULL, "../a:b" },
        { "/tmp/a:b", NULL, "/tmp/a:b" },
        { "dir/a:b", NULL, "dir/a:b" },
        { ".", NULL, "." },
        { "./-", NULL, "./-" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct cvctl_cp_path path;
        CV_TEST_OK(err, cvctl_cp_path_parse(cases[i].text, &path, &err));
        if (cases[i].container != NULL)
            assert_string_equal(path.container, cases[i].container);
        else
            assert_null(path.container);
        assert_string_equal(path.path, cases[i].path);
        cvctl_cp_path_release(&path);
    }
}

static void what_is_no_path_is_refused(void** state)
{
    static const char* const bad[] = { "", ":/x", "box:" };
    struct cvctl_cp_path     path;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        assert_int_equal(cvctl_cp_path_parse(bad[i], &path, &err), CV_ERR_INVALID);
        cvctl_cp_path_release(&path);
    }
}

static void exactly_one_is_in_a_container(void** state)
{
    struct cvctl_cp_path inside = { "box", "/x" }, outside = { NULL, "x" };
    (void)state;
    CV_TEST_OK(err, cvctl_cp_paths_check(&inside, &outside, &err));
    CV_TEST_OK(err, cvctl_cp_paths_check(&outside, &inside, &err));
    assert_int_equal(cvctl_cp_paths_check(&inside, &inside, &err), CV_ERR_INVALID);
    assert_int_equal(cvctl_cp_paths_check(&outside, &outside, &err), CV_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_before_a_colon_are_containers),
        cmocka_unit_test(what_is_no_path_is_refused),
        cmocka_unit_test(exactly_one_is_in_a_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
