#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "linux/oci-cgroup-path.h"

#include <cv/banned.h>

static struct cv_error err;

static void a_path_is_below_the_roots(void** state)
{
    static const struct {
        const char *given, *home, *path;
    } cases[] = {
        { "/a/b", "/cvrun", "/a/b" },
        { "a/b", "/cvrun", "/a/b" },
        { "//a///b/", "/cvrun", "/a/b" },
        { "/a/./b/../c", "/cvrun", "/a/c" },
        { "../../a", "/cvrun", "/a" },
        { "machine.slice:libpod:1", "/cvrun", "/machine.slice:libpod:1" },
        { NULL, "/cvrun", "/cvrun/id" },
        { NULL, "/user.slice/x/cvrun", "/user.slice/x/cvrun/id" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        char* path = NULL;
        CV_TEST_OK(err, linux_oci_cgroup_path(cases[i].given, cases[i].home, "id", &path, &err));
        assert_string_equal(path, cases[i].path);
        free(path);
    }
}

static void a_path_that_is_none_is_refused(void** state)
{
    char part[300], deep[200], huge[5000];
    const struct {
        const char* path;
        int         code;
    } cases[] = {
        { "/", CV_ERR_INVALID },
        { "", CV_ERR_INVALID },
        { "a/..", CV_ERR_INVALID },
        { "/a\n/b", CV_ERR_INVALID },
        { part, CV_ERR_LIMIT },
        { deep, CV_ERR_LIMIT },
        { huge, CV_ERR_LIMIT },
    };
    (void)state;
    memset(part, 'a', sizeof(part) - 1);
    part[sizeof(part) - 1] = '\0';
    for (size_t i = 0; i < sizeof(deep) - 1; i++)
        deep[i] = i % 2 == 0 ? '/' : 'a';
    deep[sizeof(deep) - 1] = '\0';
    memset(huge, '/', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        char* path = NULL;
        CV_TEST_FAILS(cases[i].code, err, linux_oci_cgroup_path(cases[i].path, "/cvrun", "id", &path, &err));
        assert_null(path);
        assert_non_null(strstr(err.text, "cgroupsPath"));
    }
}

static void a_path_is_split_at_its_last_part(void** state)
{
    static const char* const cases[][3] = { { "/a/b/c", "/a/b", "c" }, { "/a", "/", "a" } };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        char*       above = NULL;
        const char* leaf  = NULL;
        CV_TEST_OK(err, linux_oci_cgroup_split(cases[i][0], &above, &leaf, &err));
        assert_string_equal(above, cases[i][1]);
        assert_string_equal(leaf, cases[i][2]);
        free(above);
    }
}

static void a_unit_has_a_slice_and_a_name(void** state)
{
    static const struct {
        const char* given;
        bool        user;
        const char *slice, *name;
    } cases[] = {
        { "machine.slice:libpod:1234", false, "machine.slice", "libpod-1234.scope" },
        { ":cri-containerd:ab", false, "system.slice", "cri-containerd-ab.scope" },
        { ":a:b", true, "user.slice", "a-b.scope" },
        { "a-b.slice::c", false, "a-b.slice", "c.scope" },
        { "a.slice:x:pod.slice", false, "a.slice", "pod.slice" },
        { NULL, false, "system.slice", "cvrun-my\\x2bid.scope" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_oci_unit unit = { NULL, NULL };
        CV_TEST_OK(err, linux_oci_unit_parse(cases[i].given, "my+id", cases[i].user, &unit, &err));
        assert_string_equal(unit.slice, cases[i].slice);
        assert_string_equal(unit.name, cases[i].name);
        linux_oci_unit_release(&unit);
        assert_null(unit.name);
    }
}

static void a_unit_that_is_none_is_refused(void** state)
{
    static const char* const cases[] = { "", "/a/b", "a.slice:b", "a.slice:b:c:d", "a:b:c", "a.slice:b:c/d",
        "a/b.slice:b:c", "a.slice:b:c d", "-a.slice:b:c", "a--b.slice:b:c", "a-.slice:b:c", ".slice:b:c" };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_oci_unit unit = { NULL, NULL };
        CV_TEST_FAILS(CV_ERR_INVALID, err, linux_oci_unit_parse(cases[i], "id", false, &unit, &err));
        assert_null(unit.name);
    }
}

static void a_slice_is_below_those_it_is_named_after(void** state)
{
    static const char* const cases[][2] = {
        { "a.slice", "/a.slice" },
        { "a-b.slice", "/a.slice/a-b.slice" },
        { "kubepods-besteffort-pod1_2.slice",
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice" },
        { "-.slice", "" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        char* path = NULL;
        CV_TEST_OK(err, linux_oci_slice_path(cases[i][0], &path, &err));
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_below_the_roots),
        cmocka_unit_test(a_path_that_is_none_is_refused),
        cmocka_unit_test(a_path_is_split_at_its_last_part),
        cmocka_unit_test(a_unit_has_a_slice_and_a_name),
        cmocka_unit_test(a_unit_that_is_none_is_refused),
        cmocka_unit_test(a_slice_is_below_those_it_is_named_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
