/* Whose sub-ids, what newuidmap is asked for, and what a map holds. */
#include <stdint.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/subids-plan.h"

static void parse(const char* text, const char* name, uint32_t uid, struct linux_subids* subids)
{
    linux_subids_parse(text, strlen(text), name, uid, subids);
}

static void name_of_a_user(void** state)
{
    static const char passwd[] =
        "root:x:0:0:root:/root:/bin/sh\n\nbroken:x\nsue:x:1000:1000::/:\nother:x:1000:5::/:\n:x:7:7::/:\nlast:x:8:8";
    char name[LINUX_SUBIDS_NAME_MAX + 1];

    (void)state;
    assert_true(linux_subids_name(passwd, strlen(passwd), 1000, name));
    assert_string_equal(name, "sue");
    assert_true(linux_subids_name(passwd, strlen(passwd), 8, name));
    assert_string_equal(name, "last");
    assert_false(linux_subids_name(passwd, strlen(passwd), 7, name));
    assert_false(linux_subids_name(passwd, strlen(passwd), 1001, name));
    assert_false(linux_subids_name("", 0, 0, name));
}

static void entries_by_name_and_by_number(void** state)
{
    struct linux_subids subids;

    (void)state;
    parse("bob:1:1\nsue:100000:65536\n1000:300000:10\nsue2:5:5\nsue:7:x\nsue:7\n#sue:1:1\n", "sue", 1000, &subids);
    assert_int_equal(subids.count, 1); /* the first fills it */
    assert_int_equal(subids.ranges[0].first, 100000);
    assert_int_equal(subids.ranges[0].count, 65535);
    assert_int_equal(subids.total, 65535);
    parse("sue:100000:10\n1000:300000:20", "sue", 1000, &subids);
    assert_int_equal(subids.count, 2);
    assert_int_equal(subids.total, 30);
    parse("sue:100000:10\n1000:300000:20", NULL, 1000, &subids);
    assert_int_equal(subids.count, 1);
    assert_int_equal(subids.ranges[0].first, 300000);
    parse("sue:100000:10\n", "su", 1, &subids);
    assert_int_equal(subids.count, 0);
}

static void odd_numbers(void** state)
{
    struct linux_subids subids;

    (void)state;
    parse("a:4294967295:5\na:4294967296:5\na:-1:5\na: 1:5\na:1:0\na::5\na:4294967290:9\n", "a", 1, &subids);
    assert_int_equal(subids.count, 1);
    assert_int_equal(subids.ranges[0].first, 4294967290u);
    assert_int_equal(subids.ranges[0].count, 5);
}

static void many_ranges(void** state)
{
    char                text[4096] = "";
    struct linux_subids subids;

    (void)state;
    for (int i = 0; i < LINUX_SUBIDS_RANGES + 10; i++)
        strcat(text, "a:100000:2\n");
    parse(text, "a", 1, &subids);
    assert_int_equal(subids.count, LINUX_SUBIDS_RANGES);
    assert_int_equal(subids.total, 2 * LINUX_SUBIDS_RANGES);
}

static void command_line(void** state)
{
    static const char* const wanted[] = { "/usr/bin/newuidmap", "77", "0", "1000", "1", "1", "100000", "10", "11",
        "300000", "20" };
    struct linux_subids      subids;
    struct cv_strv           argv = { 0 };
    struct cv_error          err;

    (void)state;
    parse("sue:100000:10\n1000:300000:20", "sue", 1000, &subids);
    assert_int_equal(linux_subids_command(wanted[0], 77, 1000, &subids, &argv, &err), 0);
    assert_int_equal(argv.count, CV_ARRAY_LEN(wanted));
    for (size_t i = 0; i < CV_ARRAY_LEN(wanted); i++)
        assert_string_equal(argv.items[i], wanted[i]);
    cv_strv_release(&argv);
}

static void each_id_is_itself(void** state)
{
    static const char* const wanted[] = { "newuidmap", "77", "1000", "1000", "1", "100000", "100000", "65536", "300000",
        "300000", "20" };
    struct linux_subids      subids;
    struct cv_strv           argv = { 0 };
    struct cv_error          err;

    (void)state;
    parse("sue:100000:65536\n1000:300000:20", "sue", 1000, &subids); /* more than a container of ours has */
    assert_int_equal(linux_subids_identity_command(wanted[0], 77, 1000, &subids, &argv, &err), 0);
    assert_int_equal(argv.count, CV_ARRAY_LEN(wanted));
    for (size_t i = 0; i < CV_ARRAY_LEN(wanted); i++)
        assert_string_equal(argv.items[i], wanted[i]);
    cv_strv_release(&argv);
}

static void what_a_map_reaches(void** state)
{
    static const char host[] = "         0          0 4294967295\n";
    static const char inner[] =
        "         1     100000      65535\n         0       1000          1\n     70000       5000         10\n";

    (void)state;
    assert_int_equal(linux_idmap_reach(host, strlen(host), 0), UINT32_MAX);
    assert_int_equal(linux_idmap_reach(inner, strlen(inner), 0), 65536);
    assert_int_equal(linux_idmap_reach(inner, strlen(inner), 65536), 65536);
    assert_int_equal(linux_idmap_reach(inner, strlen(inner), 70003), 70010);
    assert_int_equal(linux_idmap_reach("", 0, 0), 0);
    assert_int_equal(linux_idmap_reach("0 0\n0 0 x\n", 10, 0), 0);
}

static void the_same_ids_below(void** state)
{
    static const char map[] =
        "         0       1000          1\n         1     100000      70000\n     80000          5          5\n";
    char            below[64];
    struct cv_error err;

    (void)state;
    assert_int_equal(linux_idmap_identity(map, strlen(map), 65536, below, sizeof(below), &err), 0);
    assert_string_equal(below, "0 0 1\n1 1 65535\n");
    assert_int_equal(linux_idmap_identity(map, strlen(map), 1, below, sizeof(below), &err), 0);
    assert_string_equal(below, "0 0 1\n");
    assert_int_equal(linux_idmap_identity(map, strlen(map), 65536, below, 9, &err), CV_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_of_a_user),
        cmocka_unit_test(entries_by_name_and_by_number),
        cmocka_unit_test(odd_numbers),
        cmocka_unit_test(many_ranges),
        cmocka_unit_test(command_line),
        cmocka_unit_test(each_id_is_itself),
        cmocka_unit_test(what_a_map_reaches),
        cmocka_unit_test(the_same_ids_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
