#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/journal.h"

#include <cv/banned.h>

static void an_entry_comes_back(void** state)
{
    struct containerv_journal_entry entry = { .kind = CV_EVENT_EXITED,
        .time_ns                                    = INT64_C(1764000000000000001),
        .id                                         = "web",
        .process                                    = 12345,
        .is_main                                    = 1,
        .has_exit                                   = 1,
        .exit                                       = { .code        = 137,
                                                  .signal            = 9,
                                                  .reason            = CV_EXIT_OOM,
                                                  .start_ns          = 5,
                                                  .end_ns            = 7,
                                                  .cpu_ns            = 3,
                                                  .peak_memory_bytes = 1 << 20,
                                                  .on_request        = 1,
                                                  .request_uid       = 1000,
                                                  .request_pid       = 99 } };
    struct containerv_journal_entry back;
    struct cv_error                 err  = CV_ERROR_INIT;
    CV_CLEANUP(cv_freep) char*      line = NULL;
    (void)state;
    CV_TEST_OK(err, journal_print(&entry, &line, &err));
    assert_string_equal(line,
        "{\"timeNs\":1764000000000000001,\"id\":\"web\",\"event\":\"exited\",\"process\":12345,\"main\":1,"
        "\"exit\":{\"code\":137,\"signal\":9,\"reason\":\"oom\",\"startNs\":5,\"endNs\":7,\"cpuNs\":3,"
        "\"peakMemoryBytes\":1048576,\"onRequest\":1,\"requestUid\":1000,\"requestPid\":99}}");
    CV_TEST_OK(err, journal_parse(line, strlen(line), &back, &err));
    entry.size      = sizeof(entry);
    entry.exit.size = sizeof(entry.exit);
    assert_memory_equal(&back, &entry, sizeof(entry));
}

static void each_kind_has_a_name(void** state)
{
    struct cv_error err = CV_ERROR_INIT;
    (void)state;
    for (uint32_t kind = CV_EVENT_STARTED; kind <= CV_EVENT_DESTROYED; kind++) {
        struct containerv_journal_entry entry = { .kind = kind, .id = "a" }, back;
        CV_CLEANUP(cv_freep) char*      line  = NULL;
        CV_TEST_OK(err, journal_print(&entry, &line, &err));
        CV_TEST_OK(err, journal_parse(line, strlen(line), &back, &err));
        assert_int_equal(back.kind, kind);
        assert_int_equal(back.has_exit, 0);
    }
}

static void any_detail_is_one_line(void** state)
{
    struct containerv_journal_entry entry = { .kind = CV_EVENT_HEALTH,
        .id                                         = "a",
        .detail                                     = "un\nhe\"al\xff"
                                                      "thy" },
                                    back;
    struct cv_error            err  = CV_ERROR_INIT;
    CV_CLEANUP(cv_freep) char* line = NULL;
    (void)state;
    CV_TEST_OK(err, journal_print(&entry, &line, &err));
    assert_null(strchr(line, '\n'));
    CV_TEST_OK(err, journal_parse(line, strlen(line), &back, &err));
    assert_string_equal(back.detail, "un\nhe\"al?thy");
}

/* All that may stand in it at its longest has room in a line. */
static void a_line_has_room_for_the_longest(void** state)
{
    struct containerv_journal_entry entry = {
        .kind = CV_EVENT_RESTARTING, .time_ns = INT64_MAX, .process = INT64_MAX, .is_main = 1, .has_exit = 1
    };
    struct cv_error            err  = CV_ERROR_INIT;
    CV_CLEANUP(cv_freep) char* line = NULL;
    (void)state;
    entry.exit = (struct containerv_exit){ INT32_MAX, INT32_MIN, INT32_MIN, CV_EXIT_PIDS_LIMIT, INT64_MAX, INT64_MAX,
        INT64_MAX, UINT64_MAX, 1, UINT32_MAX, INT64_MAX };
    memset(entry.id, 'x', sizeof(entry.id) - 1);
    memset(entry.detail, 1, sizeof(entry.detail) - 1);
    CV_TEST_OK(err, journal_print(&entry, &line, &err));
    assert_true(strlen(line) <= JOURNAL_MAX_LINE);
}

static void what_is_no_entry_is_refused(void** state)
{
    static const char* const        lines[] = { "", "{}", "[]", "{\"id\":\"a\"}", "{\"id\":\"\",\"event\":\"created\"}",
               "{\"event\":\"started\"}", "{\"id\":\"a\",\"event\":\"sung\"}", "{\"id\":\"a\",\"event\":\"started\"",
               "{\"id\":\"a\",\"event\":\"exited\",\"exit\":{}}", "{\"id\":\"a\",\"event\":\"started\",\"main\":2}",
               "{\"id\":\"a\",\"event\":\"started\",\"timeNs\":-1}",
               "{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"event\":\"started\"}" };
    struct containerv_journal_entry entry;
    struct cv_error                 err;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(lines); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, journal_parse(lines[i], strlen(lines[i]), &entry, &err));
}

static void what_a_newer_version_says_more_is_passed_over(void** state)
{
    static const char               line[] = "{\"id\":\"a\",\"event\":\"started\",\"weather\":\"fine\"}";
    struct containerv_journal_entry entry;
    struct cv_error                 err = CV_ERROR_INIT;
    (void)state;
    CV_TEST_OK(err, journal_parse(line, strlen(line), &entry, &err));
    assert_string_equal(entry.id, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_comes_back),
        cmocka_unit_test(each_kind_has_a_name),
        cmocka_unit_test(any_detail_is_one_line),
        cmocka_unit_test(a_line_has_room_for_the_longest),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(what_a_newer_version_says_more_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
