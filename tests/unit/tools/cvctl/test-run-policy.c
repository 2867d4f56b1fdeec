#include "run-table.h"

#include <chef/containerv/policy.h>
#include <cv/macros.h>

#include <cv/banned.h>

static void each_value_is_taken_or_refused(void** state)
{
    static const struct value_case rows[] = {
        { "--security-opt", "no-new-privileges", NULL },
        { "--security-opt", "no-new-privileges=false", NULL },
        { "--security-opt", "no-new-privileges:true", NULL },
        { "--security-opt", "no-new-privileges=maybe", "neither true nor false" },
        { "--security-opt", "no-new-privileges=", "has no value" },
        { "--security-opt", "seccomp=unconfined", NULL },
        { "--security-opt", "seccomp=default", NULL },
        { "--security-opt", "seccomp=profile.json", NULL },
        { "--security-opt", "seccomp=", "has no value" },
        { "--security-opt", "seccomp", "not a security option" },
        { "--security-opt", "level=strict", NULL },
        { "--security-opt", "level=default", NULL },
        { "--security-opt", "level=high", "no security level" },
        { "--security-opt", "mask=/a", NULL },
        { "--security-opt", "mask=/a:/b", NULL },
        { "--security-opt", "mask=/a:", "'' is not an absolute path" },
        { "--security-opt", "mask=a", "'a' is not an absolute path" },
        { "--security-opt", "unmask=/proc/kcore", NULL },
        { "--security-opt", "unmask=ALL", NULL },
        { "--security-opt", "unmask=all", "'all' is not an absolute path" },
        { "--security-opt", "apparmor=x", "not a security option" },
        { "--security-opt", "", "not a security option" },
        { "--landlock-path", "/:r", NULL },
        { "--landlock-path", "/a:b:rwx", NULL },
        { "--landlock-path", "/usr", "is not PATH:ACCESS" },
        { "--landlock-path", "/usr:", "allows nothing" },
        { "--landlock-path", "/usr:rr", "'rr' is no access" },
        { "--landlock-path", "/usr:ro", "'ro' is no access" },
        { "--landlock-path", "usr:r", "absolute" },
        { "--landlock-tcp", "443:connect", NULL },
        { "--landlock-tcp", "0:bind", NULL },
        { "--landlock-tcp", "65535:bind,connect", NULL },
        { "--landlock-tcp", "65536:bind", "65536" },
        { "--landlock-tcp", "http:connect", "http" },
        { "--landlock-tcp", "80", "is not PORT:ACCESS" },
        { "--landlock-tcp", "80:", "'' is no access" },
        { "--landlock-tcp", "80:bind,", "'' is no access" },
        { "--landlock-tcp", "80:listen", "'listen' is no access" },
        { "--landlock-tcp", ":bind", ":bind" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        check_value(&rows[i]);
}

static void values_arrive(void** state)
{
    (void)state;
    CV_TEST_OK(err, parse_one("--security-opt", "no-new-privileges=false"));
    assert_false(parsed.no_new_privileges);
    CV_TEST_OK(err, parse_one("--security-opt", "seccomp=/etc/a=b:c.json"));
    assert_string_equal(parsed.seccomp, "/etc/a=b:c.json");
    CV_TEST_OK(err, parse_one("--security-opt", "level=strict"));
    assert_true(parsed.strict);
    CV_TEST_OK(err, parse_one("--security-opt", "mask=/a:/b"));
    assert_int_equal(parsed.mask.count, 2);
    assert_string_equal(parsed.mask.items[1], "/b");
    CV_TEST_OK(err, parse_one("--security-opt", "unmask=/c"));
    assert_string_equal(parsed.unmask.items[0], "/c");
    assert_false(parsed.unmask_all);
    CV_TEST_OK(err, parse_one("--security-opt", "unmask=ALL"));
    assert_true(parsed.unmask_all);
    CV_TEST_OK(err, parse_one("--landlock-path", "/a:b:xr"));
    assert_string_equal(parsed.rules[0].path, "/a:b");
    assert_int_equal(parsed.rules[0].access, CV_ACCESS_READ | CV_ACCESS_EXECUTE);
    CV_TEST_OK(err, parse_one("--landlock-tcp", "80:connect,bind"));
    assert_null(parsed.rules[0].path);
    assert_int_equal(parsed.rules[0].port, 80);
    assert_int_equal(parsed.rules[0].access, CV_ACCESS_BIND | CV_ACCESS_CONNECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_taken_or_refused),
        cmocka_unit_test(values_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
