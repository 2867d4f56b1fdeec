#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/mountinfo-parse.h"

#include <cv/banned.h>

static struct cv_error err;

static const char hybrid[] =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - tmpfs tmpfs rw,mode=755\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
    "50 27 8:1 /sub\\040folder /mnt/a\\011b\\134c rw shared:1 master:2 - ext4 /dev/a\\040b ro,errors=continue\n"
    "51 27 0:44 / /mnt/none rw unbindable - tmpfs  rw";

static int parse(const char* text, struct mountinfo* info)
{
    return mountinfo_parse(text, strlen(text), info, &err);
}

static void entries_are_read(void** state)
{
    struct mountinfo info = MOUNTINFO_INIT;

    (void)state;
    CV_TEST_OK(err, parse(hybrid, &info));
    assert_int_equal(info.count, 7);
    assert_int_equal(info.entries[0].id, 22);
    assert_int_equal(info.entries[0].parent_id, 27);
    assert_string_equal(info.entries[0].tags, "");
    assert_string_equal(info.entries[1].tags, "shared:9");
    assert_int_equal(info.entries[5].major, 8);
    assert_int_equal(info.entries[5].minor, 1);
    assert_string_equal(info.entries[5].root, "/sub folder");
    assert_string_equal(info.entries[5].target, "/mnt/a\tb\\c");
    assert_string_equal(info.entries[5].options, "rw");
    assert_string_equal(info.entries[5].tags, "shared:1 master:2");
    assert_string_equal(info.entries[5].type, "ext4");
    assert_string_equal(info.entries[5].source, "/dev/a b");
    assert_string_equal(info.entries[5].super_options, "ro,errors=continue");
    assert_string_equal(info.entries[6].source, ""); /* mount -t tmpfs "" /mnt/none */
    mountinfo_release(&info);
    assert_null(info.entries);
}

static void cgroup_hierarchies_are_found(void** state)
{
    struct mountinfo              info  = MOUNTINFO_INIT;
    const struct mountinfo_entry* entry = NULL;

    (void)state;
    CV_TEST_OK(err, parse(hybrid, &info));
    entry = mountinfo_next(&info, NULL, "cgroup2");
    assert_non_null(entry);
    assert_string_equal(entry->target, "/sys/fs/cgroup/unified");
    assert_null(mountinfo_next(&info, entry, "cgroup2"));
    assert_string_equal(mountinfo_cgroup1(&info, "memory")->target, "/sys/fs/cgroup/memory");
    assert_string_equal(mountinfo_cgroup1(&info, "name=systemd")->target, "/sys/fs/cgroup/systemd");
    assert_null(mountinfo_cgroup1(&info, "mem"));
    assert_null(mountinfo_cgroup1(&info, "pids"));
    assert_null(mountinfo_next(&info, NULL, "xfs"));
    mountinfo_release(&info);
}

static void an_empty_text_has_no_entry(void** state)
{
    struct mountinfo info = MOUNTINFO_INIT;

    (void)state;
    CV_TEST_OK(err, mountinfo_parse(NULL, 0, &info, &err));
    assert_int_equal(info.count, 0);
    assert_null(mountinfo_next(&info, NULL, "proc"));
    mountinfo_release(&info);
}

static void malformed_lines_are_refused(void** state)
{
    static const char* const bad[] = { "\n", "1", "1 2 0:1 / /x rw", "1 2 0:1 / /x rw - ", "1 2 0:1 / /x rw - t s",
        "1 2 0:1 / /x rw t s o", "x 2 0:1 / /x rw - t s o", "1 2 0 / /x rw - t s o", "1 2 0:x / /x rw - t s o",
        "1 2 :1 / /x rw - t s o", "1 2 0:1 / x rw - t s o", "1 2 0:1 / /x rw - t s o more",
        "1 2 0:4294967296 / /x rw - t s o", "99999999999999999999 2 0:1 / /x rw - t s o", "1  2 0:1 / /x rw - t s o",
        "1 2 0:1 / /x rw - t s o\n\n1 2 0:1 / /x rw - t s o" };
    struct mountinfo         info  = { .count = 42 };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        if (parse(bad[i], &info) != CV_ERR_INVALID)
            fail_msg("'%s' was read", bad[i]);
        assert_non_null(strstr(err.text, i < 15 ? "line 1 " : "line 2 "));
        assert_int_equal(info.count, 42);
    }
    CV_TEST_FAILS(CV_ERR_INVALID, err, mountinfo_parse("1 2 0:1 / /x\0 rw - t s o", 24, &info, &err));
}

static void escapes_are_only_those_of_the_kernel(void** state)
{
    struct mountinfo info = MOUNTINFO_INIT;

    (void)state;
    CV_TEST_OK(err, parse("1 2 0:1 / /\\0\\04\\8\\777\\1012\\ rw - t \\043s\\ o", &info));
    assert_string_equal(info.entries[0].target, "/\\0\\04\\8\\777A2\\");
    assert_string_equal(info.entries[0].source, "#s\\");
    mountinfo_release(&info);
    CV_TEST_OK(err, parse("1 2 0:1 / /a\\000b rw - t s o", &info));
    assert_string_equal(info.entries[0].target, "/a?b");
    mountinfo_release(&info);
}

static void too_much_is_refused(void** state)
{
    static const char line[] = "1 2 0:1 / /x rw - t s o\n";
    struct mountinfo  info   = MOUNTINFO_INIT;
    struct cv_str     text   = { 0 };

    (void)state;
    for (size_t i = 0; i < MOUNTINFO_MAX_ENTRIES; i++)
        cv_str_append(&text, line);
    CV_TEST_OK(err, mountinfo_parse(text.text, text.length, &info, &err));
    assert_int_equal(info.count, MOUNTINFO_MAX_ENTRIES);
    mountinfo_release(&info);
    cv_str_append(&text, line);
    CV_TEST_FAILS(CV_ERR_LIMIT, err, mountinfo_parse(text.text, text.length, &info, &err));
    cv_str_release(&text);
    CV_TEST_FAILS(CV_ERR_LIMIT, err,
        mountinfo_parse(line, MOUNTINFO_MAX_BYTES + 1, &info, &err)); /* refused before it is looked at */
}

static void options_are_whole_words(void** state)
{
    (void)state;
    assert_true(mountinfo_has_option("rw,memory", "memory"));
    assert_true(mountinfo_has_option("rw,memory", "rw"));
    assert_true(mountinfo_has_option("memory", "memory"));
    assert_false(mountinfo_has_option("rw,memory", "mem"));
    assert_false(mountinfo_has_option("rw,memory", "emory"));
    assert_false(mountinfo_has_option("", "memory"));
    assert_false(mountinfo_has_option("rw,,x", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read),
        cmocka_unit_test(cgroup_hierarchies_are_found),
        cmocka_unit_test(an_empty_text_has_no_entry),
        cmocka_unit_test(malformed_lines_are_refused),
        cmocka_unit_test(escapes_are_only_those_of_the_kernel),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(options_are_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
