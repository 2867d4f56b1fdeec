#include "run-table.h"

#include <cv/macros.h>

#include "signal-names.h"

#include <cv/banned.h>

static void each_value_is_taken_or_refused(void** state)
{
    static const struct value_case rows[] = {
        { "--restart", "no", NULL },
        { "--restart", "always", NULL },
        { "--restart", "on-failure", NULL },
        { "--restart", "on-failure:1", NULL },
        { "--restart", "on-failure:0", "0" },
        { "--restart", "on-failure:", "on-failure:" },
        { "--restart", "on-failure:1000001", "1000001" },
        { "--restart", "always:3", "no restart policy" },
        { "--restart", "unless-stopped", "no restart policy" },
        { "--restart", "", "no restart policy" },
        { "--stop-signal", "TERM", NULL },
        { "--stop-signal", "sigint", NULL },
        { "--stop-signal", "64", NULL },
        { "--stop-signal", "0", "not a signal" },
        { "--stop-signal", "65", "not a signal" },
        { "--stop-signal", "SIGNOTHING", "not a signal" },
        { "--stop-signal", "SIG", "not a signal" },
        { "--stop-timeout", "10", NULL },
        { "--stop-timeout", "1m30s", NULL },
        { "--stop-timeout", "-1", NULL },
        { "--stop-timeout", "0", "no time at all" },
        { "--stop-timeout", "-2", "-2" },
        { "--stop-timeout", "soon", "soon" },
        { "--health-cmd", "test -e /run/up", NULL },
        { "--health-cmd", "", "empty" },
        { "--health-interval", "500ms", NULL },
        { "--health-interval", "0", "no time at all" },
        { "--health-timeout", "1s", NULL },
        { "--health-timeout", "x", "x" },
        { "--health-start-period", "1h", NULL },
        { "--health-start-period", "-1", "-1" },
        { "--health-retries", "3", NULL },
        { "--health-retries", "0", "0" },
        { "--health-retries", "4294967296", "4294967296" },
        { "--log-opt", "max-size=1m", NULL },
        { "--log-opt", "total-size=1g", NULL },
        { "--log-opt", "max-size=0", "no size" },
        { "--log-opt", "max-size=big", "big" },
        { "--log-opt", "max-file=3", "not an option of the log" },
        { "--log-opt", "max-size", "not an option of the log" },
        { "--secret", "id=a,src=/a", NULL },
        { "--secret", "source=/a,id=a,uid=0,gid=4294967294,mode=0444", NULL },
        { "--secret", "src=/a", "has no id" },
        { "--secret", "id=a", "has no src" },
        { "--secret", "id=a,src=", "src is empty" },
        { "--secret", "id=a,src=/a,uid=me", "me" },
        { "--secret", "id=a,src=/a,gid=4294967295", "4294967295" },
        { "--secret", "id=a,src=/a,mode=888", "octal mode" },
        { "--secret", "id=a,src=/a,mode=0", "octal mode" },
        { "--secret", "id=a,src=/a,mode=1777", "octal mode" },
        { "--secret", "id=a,src=/a,type=file", "'type=file' is not known" },
        { "--secret", "id=a,src=/a,", "'' is not known" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        check_value(&rows[i]);
}

static void values_are_those_of_the_library(void** state)
{
    (void)state;
    assert_int_equal(parse_one("--restart", "on-failure:7"), 0);
    assert_int_equal(parsed.supervision.restart, CV_RESTART_ON_FAILURE);
    assert_int_equal(parsed.supervision.restart_max, 7);
    assert_int_equal(parse_one("--stop-signal", "SIGINT"), 0);
    assert_int_equal(parsed.supervision.stop_signal, 2);
    assert_int_equal(parse_one("--stop-timeout", "-1"), 0);
    assert_int_equal(parsed.supervision.stop_timeout_ms, -1);
    assert_int_equal(parse_one("--stop-timeout", "3"), 0);
    assert_int_equal(parsed.supervision.stop_timeout_ms, 3000);
    assert_int_equal(parse_one("--health-interval", "1s"), 0);
    assert_int_equal(parsed.supervision.health_interval_ms, 1000);
    assert_int_equal(parse_one("--health-timeout", "2s"), 0);
    assert_int_equal(parsed.supervision.health_timeout_ms, 2000);
    assert_int_equal(parse_one("--health-start-period", "3s"), 0);
    assert_int_equal(parsed.supervision.health_start_period_ms, 3000);
    assert_int_equal(parse_one("--log-opt", "max-size=1m"), 0);
    assert_int_equal(parsed.supervision.log_file_bytes, 1 << 20);
    assert_int_equal(parse_one("--log-opt", "total-size=2m"), 0);
    assert_int_equal(parsed.supervision.log_bytes, 2 << 20);
    assert_int_equal(parsed.supervision.log_file_bytes, 0);
}

static void the_last_restart_counts(void** state)
{
    const char* const argv[] = { "run", "--restart", "on-failure:7", "--restart", "always", NULL };
    bool              help   = false;
    int               first  = 0;

    (void)state;
    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    CV_TEST_OK(err, cv_options_parse(cvctl_run_table, 5, (char**)(uintptr_t)argv, &parsed, &help, &first, &err));
    assert_int_equal(parsed.supervision.restart, CV_RESTART_ALWAYS);
    assert_int_equal(parsed.supervision.restart_max, 0);
}

static void a_health_line_is_for_the_shell(void** state)
{
    (void)state;
    assert_int_equal(parse_one("--health-cmd", "exit 1 # no"), 0);
    assert_string_equal(parsed.supervision.health_command[0], "/bin/sh");
    assert_string_equal(parsed.supervision.health_command[1], "-c");
    assert_string_equal(parsed.supervision.health_command[2], "exit 1 # no");
    assert_null(parsed.supervision.health_command[3]);
}

static void secrets_are_taken_apart(void** state)
{
    (void)state;
    assert_int_equal(parse_one("--secret", "id=tok,src=/s/t,uid=5,gid=6,mode=640"), 0);
    assert_int_equal(parsed.secret_count, 1);
    assert_string_equal(parsed.secrets[0].name, "tok");
    assert_string_equal(parsed.secrets[0].source, "/s/t");
    assert_int_equal(parsed.secrets[0].uid, 5);
    assert_int_equal(parsed.secrets[0].gid, 6);
    assert_int_equal(parsed.secrets[0].mode, 0640);
    assert_int_equal(parse_one("--secret", "id=tok,src=s/t"), 0); /* from the working folder */
    assert_int_equal(parsed.secrets[0].source[0], '/');
}

static void there_are_at_most_64_secrets(void** state)
{
    char* argv[2 * 65 + 2] = { (char*)(uintptr_t) "run" };
    bool  help             = false;
    int   first            = 0;

    (void)state;
    for (size_t i = 0; i < 65; i++) {
        argv[2 * i + 1] = (char*)(uintptr_t) "--secret";
        argv[2 * i + 2] = (char*)(uintptr_t) "id=a,src=/a";
    }
    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    CV_TEST_FAILS(CV_ERR_LIMIT, err, cv_options_parse(cvctl_run_table, 131, argv, &parsed, &help, &first, &err));
    assert_int_equal(parsed.secret_count, 64);
}

static void flags_follow_from_all_options(void** state)
{
    static const struct {
        const char* words[6];
        uint32_t    flags;
    } rows[] = {
        { { "run", "--rootfs=/r", "-d", "true" }, 0 },
        { { "run", "--rootfs=/r", "-d", "--rm", "true" }, CV_SUPERVISED_REMOVE },
        { { "run", "--rootfs=/r", "-d", "--rm=false", "true" }, 0 },
        { { "run", "--rootfs=/r", "-di", "true" }, CV_SUPERVISED_STDIN },
        { { "run", "--rootfs=/r", "-dit", "--rm", "true" }, CV_SUPERVISED_STDIN | CV_SUPERVISED_REMOVE },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        bool help  = false;
        int  first = 0, argc = 0;

        while (rows[i].words[argc] != NULL)
            argc++;
        char** argv = (char**)(uintptr_t)rows[i].words;
        cvctl_run_options_release(&parsed);
        cvctl_run_options_init(&parsed);
        CV_TEST_OK(err, cv_options_parse(cvctl_run_table, argc, argv, &parsed, &help, &first, &err));
        CV_TEST_OK(err, cvctl_run_options_check(&parsed, argc, argv, first, &err));
        assert_int_equal(parsed.supervision.flags, rows[i].flags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_taken_or_refused),
        cmocka_unit_test(values_are_those_of_the_library),
        cmocka_unit_test(the_last_restart_counts),
        cmocka_unit_test(a_health_line_is_for_the_shell),
        cmocka_unit_test(secrets_are_taken_apart),
        cmocka_unit_test(there_are_at_most_64_secrets),
        cmocka_unit_test(flags_follow_from_all_options),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
