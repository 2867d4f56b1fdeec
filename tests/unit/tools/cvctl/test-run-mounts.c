#include "run-table.h"

#include <cv/macros.h>

#include <cv/banned.h>

static void each_value_is_taken_or_refused(void** state)
{
    static const struct value_case rows[] = {
        { "-v", "/a:/b", NULL },
        { "-v", "/a:/b:ro", NULL },
        { "-v", "./a:/b:rw,noexec,suid,dev,idmap=off,U", NULL },
        { "--volume", "/a:/b:rw,exec,nosuid,nodev", NULL },
        { "--volume", "/a", "no path inside" },
        { "--volume", ":/b", "no source" },
        { "--volume", "/a:", "no path inside" },
        { "--volume", "/a:b", "not absolute" },
        { "--volume", "name:/b", "no named volumes" },
        { "--volume", "/a:/b:", "empty entry" },
        { "--volume", "/a:/b:ro,,noexec", "empty entry" },
        { "--volume", "/a:/b:ro,rw", "contradicts" },
        { "--volume", "/a:/b:dev,nodev", "contradicts" },
        { "--volume", "/a:/b:z", "'z' is not a mount option" },
        { "--volume", "/a:/b:idmap=on", "not a mount option" },
        { "--volume", "/a:/b:size=1m", "tmpfs only" },
        { "--tmpfs", "/t", NULL },
        { "--tmpfs", "/t:size=64m,mode=1777,noexec,ro", NULL },
        { "--tmpfs", "t", "not absolute" },
        { "--tmpfs", "/t:size=x", "size 'x'" },
        { "--tmpfs", "/t:size=0", "nothing" },
        { "--tmpfs", "/t:size=-1", "size '-1'" },
        { "--tmpfs", "/t:mode=9", "octal" },
        { "--tmpfs", "/t:mode=77777", "octal" },
        { "--tmpfs", "/t:mode=", "octal" },
        { "--tmpfs", "/t:U", "not for this type" },
        { "--tmpfs", "/t:idmap=off", "not for this type" },
        { "--mount", "type=bind,source=/a,target=/b", NULL },
        { "--mount", "src=/a,dst=/b,readonly,type=bind", NULL },
        { "--mount", "type=bind,source=/a,destination=/b,readonly=true,bind-nonrecursive", NULL },
        { "--mount", "type=tmpfs,target=/t,tmpfs-size=1g,tmpfs-mode=700", NULL },
        { "--mount", "source=/a,target=/b", "has no type" },
        { "--mount", "type=volume,source=/a,target=/b", "'volume' is not supported" },
        { "--mount", "type=bind,target=/b", "no source=" },
        { "--mount", "type=bind,source=/a", "no target=" },
        { "--mount", "type=tmpfs,source=/a,target=/b", "tmpfs has no source" },
        { "--mount", "type=bind,source=/a,target=/b,readonly=maybe", "truth value" },
        { "--mount", "type=bind,source=/a,target=/b,frob=1", "'frob=1' is not" },
        { "--mount", "type=bind,source=/a,target=/b,tmpfs-size=1m", "tmpfs only" },
        { "--mount", "type=bind,,source=/a,target=/b", "empty entry" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        check_value(&rows[i]);
}

static void flags_reach_the_mount(void** state)
{
    (void)state;
    CV_TEST_OK(err, parse_one("-v", "/a:/b:ro,noexec,U"));
    assert_int_equal(parsed.mount_count, 1);
    assert_int_equal(parsed.mounts[0].size, sizeof(struct containerv_mount));
    assert_int_equal(parsed.mounts[0].kind, CV_MOUNT_BIND);
    assert_int_equal(parsed.mounts[0].flags, CV_MOUNT_READONLY | CV_MOUNT_EXEC_OFF | CV_MOUNT_CHOWN);
    assert_string_equal(parsed.mounts[0].source, "/a");
    assert_string_equal(parsed.mounts[0].destination, "/b");

    CV_TEST_OK(err, parse_one("--tmpfs", "/t:size=64k,mode=750"));
    assert_int_equal(parsed.mounts[0].kind, CV_MOUNT_TMPFS);
    assert_int_equal(parsed.mounts[0].size_bytes, 65536);
    assert_int_equal(parsed.mounts[0].mode, 0750);

    CV_TEST_OK(err, parse_one("--mount", "target=/t,tmpfs-size=1m,type=tmpfs,ro=1"));
    assert_int_equal(parsed.mounts[0].size_bytes, 1 << 20);
    assert_int_equal(parsed.mounts[0].flags, CV_MOUNT_READONLY);
    assert_null(parsed.mounts[0].source);
}

static void relative_sources_become_absolute(void** state)
{
    (void)state;
    CV_TEST_OK(err, parse_one("-v", "./x:/b"));
    assert_int_equal(parsed.mounts[0].source[0], '/');
    assert_non_null(strstr(parsed.mounts[0].source, "/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_taken_or_refused),
        cmocka_unit_test(flags_reach_the_mount),
        cmocka_unit_test(relative_sources_become_absolute),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
