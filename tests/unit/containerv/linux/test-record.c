#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/record.h"

#include <cv/banned.h>

static const struct containerv_exit full_exit = {
    .size              = sizeof(full_exit),
    .code              = 143,
    .signal            = 15,
    .reason            = CV_EXIT_KILLED,
    .start_ns          = 11,
    .end_ns            = 12,
    .cpu_ns            = 13,
    .peak_memory_bytes = UINT64_MAX,
    .on_request        = 1,
    .request_uid       = UINT32_MAX,
    .request_pid       = 4711,
};

static struct containerv_info full(void)
{
    return (struct containerv_info){
        .size            = sizeof(struct containerv_info),
        .state           = CV_STATE_RESTARTING,
        .supervised      = 1,
        .restarts        = UINT32_MAX,
        .health          = CV_HEALTH_UNHEALTHY,
        .health_failures = 7,
        .created_ns      = 1,
        .started_ns      = 2,
        .finished_ns     = INT64_MAX,
        .main_process    = 100,
        .supervisor      = 99,
        .has_exit        = 1,
        .exit            = full_exit,
        .command         = "/bin/sh -c 'a b'",
        .error           = "no \"such\"\nfile",
    };
}

static char* print(const struct containerv_info* info)
{
    struct cv_error err    = CV_ERROR_INIT;
    char*           text   = NULL;
    size_t          length = 0;
    CV_TEST_OK(err, linux_record_print(info, &text, &length, &err));
    assert_int_equal(strlen(text), length);
    return text;
}

static struct containerv_info parse(const char* text)
{
    struct cv_error        err = CV_ERROR_INIT;
    struct containerv_info info;
    memset(&info, 0x55, sizeof(info));
    CV_TEST_OK(err, linux_record_parse(text, strlen(text), &info, &err));
    return info;
}

static void same(const struct containerv_info* a, const struct containerv_info* b)
{
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->supervised, b->supervised);
    assert_int_equal(a->restarts, b->restarts);
    assert_int_equal(a->health, b->health);
    assert_int_equal(a->health_failures, b->health_failures);
    assert_int_equal(a->created_ns, b->created_ns);
    assert_int_equal(a->started_ns, b->started_ns);
    assert_int_equal(a->finished_ns, b->finished_ns);
    assert_int_equal(a->main_process, b->main_process);
    assert_int_equal(a->supervisor, b->supervisor);
    assert_int_equal(a->has_exit, b->has_exit);
    assert_string_equal(a->command, b->command);
    assert_string_equal(a->error, b->error);
    assert_int_equal(a->exit.size, b->exit.size);
    assert_int_equal(a->exit.code, b->exit.code);
    assert_int_equal(a->exit.signal, b->exit.signal);
    assert_int_equal(a->exit.reason, b->exit.reason);
    assert_int_equal(a->exit.start_ns, b->exit.start_ns);
    assert_int_equal(a->exit.end_ns, b->exit.end_ns);
    assert_int_equal(a->exit.cpu_ns, b->exit.cpu_ns);
    assert_true(a->exit.peak_memory_bytes == b->exit.peak_memory_bytes);
    assert_int_equal(a->exit.on_request, b->exit.on_request);
    assert_int_equal(a->exit.request_uid, b->exit.request_uid);
    assert_int_equal(a->exit.request_pid, b->exit.request_pid);
}

static void every_field_comes_back(void** state)
{
    const struct containerv_info info = full();
    CV_CLEANUP(cv_freep) char*   text = print(&info);
    struct containerv_info       back = parse(text);
    (void)state;
    same(&info, &back);
}

static void the_written_form_is_this(void** state)
{
    struct containerv_info     info  = full();
    CV_CLEANUP(cv_freep) char* text  = print(&info);
    struct containerv_info     least = { .state = CV_STATE_CREATED };
    CV_CLEANUP(cv_freep) char* small = print(&least);
    (void)state;
    assert_string_equal(text,
        "{\"version\":1,\"state\":\"restarting\",\"restarts\":4294967295,\"health\":\"unhealthy\",\"healthFailures\":7,"
        "\"createdNs\":1,\"startedNs\":2,\"finishedNs\":9223372036854775807,\"mainProcess\":100,\"supervisor\":99,"
        "\"exit\":{\"code\":143,\"signal\":15,\"reason\":\"killed\",\"startNs\":11,\"endNs\":12,\"cpuNs\":13,"
        "\"peakMemoryBytes\":18446744073709551615,\"onRequest\":1,\"requestUid\":4294967295,\"requestPid\":4711},"
        "\"command\":\"/bin/sh -c 'a b'\",\"error\":\"no \\\"such\\\"\\nfile\"}");
    assert_string_equal(small, "{\"version\":1,\"state\":\"created\"}");
}

static void every_word_comes_back(void** state)
{
    (void)state;
    for (uint32_t i = CV_STATE_CREATED; i <= CV_STATE_RESTARTING; i++) {
        struct containerv_info info = { .state = i, .has_exit = 1, .exit = { .reason = CV_EXIT_EXITED, .code = -1 } };
        CV_CLEANUP(cv_freep) char* text = print(&info);
        struct containerv_info     back = parse(text);
        assert_int_equal(back.state, i);
        assert_int_equal(back.exit.code, -1);
        assert_int_equal(back.size, sizeof(back));
        assert_int_equal(back.supervised, 1);
    }
    for (uint32_t i = CV_HEALTH_NONE; i <= CV_HEALTH_UNHEALTHY; i++) {
        struct containerv_info     info = { .state = CV_STATE_RUNNING, .health = i };
        CV_CLEANUP(cv_freep) char* text = print(&info);
        assert_int_equal(parse(text).health, i);
    }
    for (uint32_t i = CV_EXIT_EXITED; i <= CV_EXIT_UPPER_FULL; i++) {
        struct containerv_info     info = { .state = CV_STATE_STOPPED, .has_exit = 1, .exit = { .reason = i } };
        CV_CLEANUP(cv_freep) char* text = print(&info);
        assert_int_equal(parse(text).exit.reason, i);
    }
}

static void an_exit_that_is_not_there_is_not_written(void** state)
{
    struct containerv_info     info = { .state = CV_STATE_RUNNING, .exit = full_exit };
    CV_CLEANUP(cv_freep) char* text = print(&info);
    struct containerv_info     back = parse(text);
    (void)state;
    assert_null(strstr(text, "exit"));
    assert_int_equal(back.has_exit, 0);
    assert_int_equal(back.exit.code, 0);
}

static void an_error_that_is_not_utf8_does_not_stop_the_record(void** state)
{
    struct containerv_info     info = { .state = CV_STATE_STOPPED, .error = "open '/\xff\xfe/\xc3\xa9': \xe2\x82" };
    CV_CLEANUP(cv_freep) char* text = print(&info);
    (void)state;
    assert_string_equal(parse(text).error, "open '/\?\?/\xc3\xa9': \?\?");
    memset(info.error, 0x80, sizeof(info.error)); /* nor one without an end */
    CV_CLEANUP(cv_freep) char* other = print(&info);
    assert_int_equal(strspn(parse(other).error, "?"), sizeof(info.error) - 1);
}

static void a_record_that_makes_no_sense_is_not_written(void** state)
{
    const struct containerv_info bad[] = {
        { .state = 0 },
        { .state = 77 },
        { .state = CV_STATE_RUNNING, .health = 9 },
        { .state = CV_STATE_RUNNING, .created_ns = -1 },
        { .state = CV_STATE_RUNNING, .main_process = -5 },
        { .state = CV_STATE_STOPPED, .has_exit = 1 },
        { .state = CV_STATE_STOPPED, .has_exit = 1, .exit = { .reason = 99 } },
        { .state = CV_STATE_STOPPED, .has_exit = 1, .exit = { .reason = CV_EXIT_EXITED, .on_request = 2 } },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_error err    = CV_ERROR_INIT;
        char*           text   = NULL;
        size_t          length = 0;
        CV_TEST_FAILS(CV_ERR_INVALID, err, linux_record_print(&bad[i], &text, &length, &err));
        assert_null(text);
    }
}

static void damaged_and_newer_records_are_refused(void** state)
{
    static const struct {
        const char *text, *says;
        int         code;
    } rows[] = {
        { "", "line 1", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"run", "line 1", CV_ERR_INVALID },
        { "[]", "an object", CV_ERR_INVALID },
        { "{\"state\":\"running\"}", "version", CV_ERR_INVALID },
        { "{\"version\":0,\"state\":\"running\"}", "version 0", CV_ERR_PROTOCOL },
        { "{\"version\":2,\"state\":\"floating\",\"more\":[1]}", "version 2", CV_ERR_PROTOCOL },
        { "{\"version\":\"1\",\"state\":\"running\"}", "version", CV_ERR_INVALID },
        { "{\"version\":1}", "state", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"floating\"}", "floating", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"running\",\"more\":1}", "more", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"running\",\"restarts\":-1}", "restarts", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"running\",\"restarts\":4294967296}", "restarts", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"running\",\"startedNs\":-1}", "startedNs", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"stopped\",\"exit\":{}}", "reason", CV_ERR_INVALID },
        { "{\"version\":1,\"state\":\"stopped\",\"exit\":{\"reason\":\"exited\",\"code\":2147483648}}", "exit.code",
            CV_ERR_INVALID },
        { "{\"version\":1,\"version\":1,\"state\":\"running\"}", "duplicate", CV_ERR_INVALID },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        struct cv_error        err  = CV_ERROR_INIT;
        struct containerv_info info = { .state = 42 };
        CV_TEST_FAILS(rows[i].code, err, linux_record_parse(rows[i].text, strlen(rows[i].text), &info, &err));
        if (strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu: '%s' does not say '%s'", i, err.text, rows[i].says);
        assert_int_equal(info.state, 42);
    }
}

static void an_error_that_is_too_long_is_refused(void** state)
{
    char                   text[512];
    char                   error[257];
    struct cv_error        err = CV_ERROR_INIT;
    struct containerv_info info;
    (void)state;
    memset(error, 'x', sizeof(error));
    error[256] = '\0';
    cv_snprintf(text, sizeof(text), "{\"version\":1,\"state\":\"stopped\",\"error\":\"%s\"}", error);
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_record_parse(text, strlen(text), &info, &err));
    cv_snprintf(text, sizeof(text), "{\"version\":1,\"state\":\"stopped\",\"error\":\"%s\"}", error + 1);
    info = parse(text);
    assert_string_equal(info.error, error + 1);
}

/* --- lost --- */

static void nobody_loses_what_has_an_end(void** state)
{
    struct containerv_info stopped = full(), created = { .state = CV_STATE_CREATED, .created_ns = 5 };
    struct containerv_info before;
    (void)state;
    stopped.state = CV_STATE_STOPPED;
    before        = stopped;
    assert_false(linux_record_lost(&stopped, 1000));
    same(&stopped, &before);
    before = created;
    assert_false(linux_record_lost(&created, 1000));
    same(&created, &before);
}

static void a_run_that_nobody_saw_end_is_lost(void** state)
{
    static const uint32_t states[] = { CV_STATE_RUNNING, CV_STATE_PAUSED, CV_STATE_CREATED };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(states); i++) {
        struct containerv_info info = full();
        info.state                  = states[i];
        info.error[0]               = '\0';
        assert_true(linux_record_lost(&info, 1000));
        assert_int_equal(info.state, CV_STATE_STOPPED);
        assert_int_equal(info.main_process, 0);
        assert_int_equal(info.supervisor, 0);
        assert_int_equal(info.finished_ns, 1000);
        assert_int_equal(info.has_exit, 1);
        assert_int_equal(info.exit.size, sizeof(info.exit));
        assert_int_equal(info.exit.reason, CV_EXIT_LOST);
        assert_int_equal(info.exit.code, CV_EXIT_CODE_LOST);
        assert_int_equal(info.exit.signal, 0);
        assert_int_equal(info.exit.start_ns, 2);
        assert_int_equal(info.exit.end_ns, 1000);
        assert_int_equal(info.exit.on_request, 0);
        assert_int_equal(info.restarts, UINT32_MAX);
        assert_false(linux_record_lost(&info, 2000));
    }
}

static void between_two_runs_the_end_of_the_first_stays(void** state)
{
    struct containerv_info info = full();
    (void)state;
    assert_true(linux_record_lost(&info, 1000));
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.finished_ns, INT64_MAX);
    assert_int_equal(info.exit.reason, CV_EXIT_KILLED);
    assert_int_equal(info.exit.code, 143);
    assert_int_equal(info.supervisor, 0);
    assert_non_null(strstr(info.error, "killed"));
    info = (struct containerv_info){ .state = CV_STATE_RESTARTING };
    assert_true(linux_record_lost(&info, 1000));
    assert_int_equal(info.exit.reason, CV_EXIT_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(the_written_form_is_this),
        cmocka_unit_test(every_word_comes_back),
        cmocka_unit_test(an_exit_that_is_not_there_is_not_written),
        cmocka_unit_test(an_error_that_is_not_utf8_does_not_stop_the_record),
        cmocka_unit_test(a_record_that_makes_no_sense_is_not_written),
        cmocka_unit_test(damaged_and_newer_records_are_refused),
        cmocka_unit_test(an_error_that_is_too_long_is_refused),
        cmocka_unit_test(nobody_loses_what_has_an_end),
        cmocka_unit_test(a_run_that_nobody_saw_end_is_lost),
        cmocka_unit_test(between_two_runs_the_end_of_the_first_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
