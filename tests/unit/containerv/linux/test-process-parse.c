#include <string.h>

#include <cv-test/support.h>

#include "linux/process-parse.h"

#include <cv/banned.h>

static void times_are_found_behind_any_name(void** state)
{
    static const struct {
        const char* text;
        int64_t     ns;
    } cases[] = {
        { "7 (sh) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 9 9 20 0 1 0 100 1 1 1", 2000000000 },
        { "7 (a) R (b) c) S 1 7 7 0 -1 4194560 1 2 3 4 1 0 9 9 20 0 1", 10000000 },
        { "7 (sh) S 1 7 7 0 -1 4194560 1 2 3 4 0 0 9", 0 },
        { "7 (sh) S 1 7 7", -1 },
        { "7 (sh) S 1 7 7 0 -1 4194560 1 2 3 4 x 50 9 9", -1 },
        { "7 (sh) S 1 7 7 0 -1 4194560 1 2 3 4 1 99999999999999999999999 9", -1 },
        { "", -1 },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++)
        assert_true(linux_process_cpu_ns(cases[i].text, 100) == cases[i].ns);
}

static void the_real_uid_is_taken(void** state)
{
    (void)state;
    assert_int_equal(linux_process_uid("Name:\tUid:\t5\nUmask:\t0\nUid:\t1000\t0\t0\t0\nGid:\t1\n"), 1000);
    assert_int_equal(linux_process_uid("Name:\tx\n"), LINUX_PROCESS_ID_UNKNOWN);
    assert_int_equal(linux_process_uid(""), LINUX_PROCESS_ID_UNKNOWN);
}

static void ids_are_those_inside(void** state)
{
    static const char map[] = "         0     100000      65536\n     70000       1000          1\n";
    (void)state;
    assert_int_equal(linux_process_id_inside(map, 100000), 0);
    assert_int_equal(linux_process_id_inside(map, 165535), 65535);
    assert_int_equal(linux_process_id_inside(map, 165536), LINUX_PROCESS_ID_UNKNOWN);
    assert_int_equal(linux_process_id_inside(map, 1000), 70000);
    assert_int_equal(linux_process_id_inside(map, 0), LINUX_PROCESS_ID_UNKNOWN);
    assert_int_equal(linux_process_id_inside("", 0), LINUX_PROCESS_ID_UNKNOWN);
}

static void a_command_is_one_line(void** state)
{
    char command[8];
    (void)state;
    linux_process_command("a\0b\nc\0", 6, command, sizeof(command));
    assert_string_equal(command, "a b?c");
    linux_process_command("longer than it", 14, command, sizeof(command));
    assert_string_equal(command, "longer ");
    linux_process_command("", 0, command, sizeof(command));
    assert_string_equal(command, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_found_behind_any_name),
        cmocka_unit_test(the_real_uid_is_taken),
        cmocka_unit_test(ids_are_those_inside),
        cmocka_unit_test(a_command_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
