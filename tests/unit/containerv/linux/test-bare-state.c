/* What an OCI runtime writes down about a container, and what its hooks are told. */
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/bare-state.h"

static struct linux_bare_state sample(void)
{
    return (struct linux_bare_state){ .bundle = (char*)"/b \"x\"",
        .rootfs                               = (char*)"/b/rootfs",
        .cgroup                               = (char*)"/cvrun/a",
        .pid                                  = 4711,
        .pid_start                            = 1234567890123,
        .created_ns                           = 1795545255220549327,
        .owner                                = 4294967294,
        .systemd_cgroup                       = true };
}

static void what_is_written_is_read(void** state)
{
    struct linux_bare_state given = sample(), got = { .pid = 0 };
    struct cv_error         err    = CV_ERROR_INIT;
    char*                   text   = NULL;
    size_t                  length = 0;

    (void)state;
    assert_int_equal(linux_bare_state_print(&given, &text, &length, &err), 0);
    assert_int_equal(strlen(text), length);
    assert_int_equal(linux_bare_state_parse(text, length, &got, &err), 0);
    assert_string_equal(got.bundle, given.bundle);
    assert_string_equal(got.rootfs, given.rootfs);
    assert_string_equal(got.cgroup, given.cgroup);
    assert_int_equal(got.pid, given.pid);
    assert_true(got.pid_start == given.pid_start);
    assert_true(got.created_ns == given.created_ns);
    assert_int_equal(got.owner, given.owner);
    assert_true(got.systemd_cgroup);
    assert_false(got.no_new_keyring);
    linux_bare_state_release(&got);
    free(text);
}

static void without_a_cgroup(void** state)
{
    struct linux_bare_state given = sample(), got = { .pid = 0 };
    struct cv_error         err    = CV_ERROR_INIT;
    char*                   text   = NULL;
    size_t                  length = 0;

    (void)state;
    given.cgroup = NULL;
    assert_int_equal(linux_bare_state_print(&given, &text, &length, &err), 0);
    assert_int_equal(linux_bare_state_parse(text, length, &got, &err), 0);
    assert_null(got.cgroup);
    linux_bare_state_release(&got);
    free(text);
}

static void what_is_no_state(void** state)
{
    static const struct {
        const char* text;
        int         code;
    } cases[] = {
        { "", CV_ERR_INVALID },
        { "[]", CV_ERR_INVALID },
        { "{\"version\":2}", CV_ERR_UNSUPPORTED },
        { "{\"version\":1}", CV_ERR_INVALID },
        { "{\"version\":1,\"version\":1}", CV_ERR_INVALID },
        { "{\"version\":1,\"bundle\":\"/b\",\"rootfs\":\"/r\",\"pid\":0,\"pidStart\":1,\"created\":1,\"owner\":0,"
          "\"systemdCgroup\":false,\"noNewKeyring\":false}",
            CV_ERR_INVALID },
        { "{\"version\":1,\"bundle\":\"/b\",\"rootfs\":\"/r\",\"pid\":4294967296,\"pidStart\":1,\"created\":1,"
          "\"owner\":0,\"systemdCgroup\":false,\"noNewKeyring\":false}",
            CV_ERR_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_bare_state got = { .pid = 0 };
        struct cv_error         err = CV_ERROR_INIT;
        assert_int_equal(linux_bare_state_parse(cases[i].text, strlen(cases[i].text), &got, &err), cases[i].code);
        assert_null(got.bundle);
    }
}

static void state_for_hooks(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = cv_spec_new();
    struct cv_error                           err  = CV_ERROR_INIT;
    char*                                     text = NULL;

    (void)state;
    assert_int_equal(linux_bare_oci_state(spec, "a", "creating", 0, "/b", &text, &err), 0);
    assert_string_equal(text, "{\"ociVersion\":\"1.2.0\",\"id\":\"a\",\"status\":\"creating\",\"bundle\":\"/b\"}");
    free(text);
    assert_int_equal(cv_spec_set_pair(&spec->annotations, "k", "v", &err), 0);
    assert_int_equal(linux_bare_oci_state(spec, "a", "running", 7, "/b", &text, &err), 0);
    assert_string_equal(text,
        "{\"ociVersion\":\"1.2.0\",\"id\":\"a\",\"status\":\"running\",\"bundle\":\"/b\",\"pid\":7,"
        "\"annotations\":{\"k\":\"v\"}}");
    free(text);
    assert_int_equal(linux_bare_oci_state(spec, "a", "running", 7, "/\xff", &text, &err), CV_ERR_INVALID);
}

static void stat_files(void** state)
{
    static const char good[] =
        "12 (a) b) R) S 1 12 12 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654321 100 200 18446744073709551615";
    static const char* const bad[] = { "", "12 (a", "12 (a)", "12 (a) ", "12 (a) S 1 2 3",
        "12 (a) S 1 12 12 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x 1" };
    struct cv_error          err   = CV_ERROR_INIT;
    uint64_t                 start;
    char                     letter;

    (void)state;
    assert_int_equal(linux_bare_parse_stat(good, &start, &letter, &err), 0);
    assert_true(start == 987654321);
    assert_int_equal(letter, 'S');
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        assert_int_equal(linux_bare_parse_stat(bad[i], &start, &letter, &err), CV_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(without_a_cgroup),
        cmocka_unit_test(what_is_no_state),
        cmocka_unit_test(state_for_hooks),
        cmocka_unit_test(stat_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
