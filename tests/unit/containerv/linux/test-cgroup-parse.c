#include <string.h>

#include <cv-test/support.h>

#include "linux/cgroup-parse.h"

#include <cv/banned.h>

static struct cv_error err;

static void events_are_read(void** state)
{
    static const struct {
        const char* text;
        bool        ok, populated, frozen;
    } cases[] = {
        { "populated 1\nfrozen 0\n", true, true, false },
        { "populated 0\nfrozen 1\n", true, false, true },
        { "frozen 1\nlater 7\npopulated 1", true, true, true },
        { "populated 0\n", true, false, false },
        { "", false, false, false },
        { "frozen 1\n", false, false, false },
        { "populated 2\n", false, false, false },
        { "populated  1\n", false, false, false },
        { "unpopulated 1\n", false, false, false },
        { "populated 10\n", false, false, false },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_cgroup_state found = { 0 };
        int                       rc    = linux_cgroup_parse_events(cases[i].text, strlen(cases[i].text), &found, &err);
        assert_int_equal(rc, cases[i].ok ? 0 : CV_ERR_INVALID);
        assert_int_equal(found.populated, cases[i].populated);
        assert_int_equal(found.frozen, cases[i].frozen);
    }
}

static void pids_are_read(void** state)
{
    static const char text[] = "1\n22\n4194304\n0\n7";
    const char*       at     = text;
    const int32_t     pids[] = { 1, 22, 4194304, 0, 7 };
    int32_t           pid    = 0;

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(pids); i++) {
        assert_int_equal(linux_cgroup_next_pid(&at, text + sizeof(text) - 1, &pid, &err), 1);
        assert_int_equal(pid, pids[i]);
    }
    assert_int_equal(linux_cgroup_next_pid(&at, text + sizeof(text) - 1, &pid, &err), 0);
}

static void what_is_no_pid_is_refused(void** state)
{
    static const char* const bad[] = { "x", "\n", "-1\n", "4194305\n", "99999999999999999999", "1 \n", " 1" };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        const char* at  = bad[i];
        int32_t     pid = 42;
        CV_TEST_FAILS(CV_ERR_INVALID, err, linux_cgroup_next_pid(&at, bad[i] + strlen(bad[i]), &pid, &err));
        assert_int_equal(pid, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read),
        cmocka_unit_test(pids_are_read),
        cmocka_unit_test(what_is_no_pid_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
