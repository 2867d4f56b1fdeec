#include "run-table.h"

#include <cv/macros.h>

#include <cv/banned.h>

enum { WORDS_MAX = 12 };

static int parse_and_check(const char* const* words)
{
    char* argv[WORDS_MAX + 2] = { (char*)(uintptr_t) "run" };
    int   argc = 1, first = 0;
    bool  help = false;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char*)(uintptr_t)words[argc - 1];
    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    err = (struct cv_error)CV_ERROR_INIT;
    if (cv_options_parse(cvctl_run_table, argc, argv, &parsed, &help, &first, &err) < 0)
        return err.code;
    return cvctl_run_options_check(&parsed, argc, argv, first, &err);
}

static void what_goes_together(void** state)
{
    static const struct {
        const char* words[WORDS_MAX];
        const char* says; /* NULL: fine */
    } rows[] = {
        { { "--rootfs", "/r", "--", "true" }, NULL },
        { { "--rootfs", "/r", "true" }, NULL },
        { { "--debian", "bookworm", "--arch", "amd64", "--include", "gcc", "--", "true" }, NULL },
        { { "--rootfs", "/r:O", "--layer", "/l", "true" }, NULL },
        { { "--debian", "bookworm", "--layer", "/l", "true" }, NULL },
        { { "--rm", "--rm=true", "--rootfs", "/r", "true" }, NULL },
        { { "--share", "network", "--network", "host", "--rootfs", "/r", "true" }, NULL },
        { { "-d", "--rootfs", "/r", "true" }, NULL },
        { { "-d", "--rm=false", "--rootfs", "/r", "true" }, NULL },
        { { "-d", "--rm", "--restart", "no", "--rootfs", "/r", "true" }, NULL },
        { { "-d", "--restart", "always", "--rootfs", "/r", "true" }, NULL },
        { { "--secret", "id=a,src=/a", "--rootfs", "/r", "true" }, NULL },
        { { "true" }, "no root folder" },
        { { "--rootfs", "/r", "--debian", "sid", "true" }, "exclude each other" },
        { { "--rootfs", "/r", "--arch", "amd64", "true" }, "belong to --debian" },
        { { "--rootfs", "/r", "--include", "gcc", "true" }, "belong to --debian" },
        { { "--rootfs", "/r", "--layer", "/l", "true" }, "throw-away upper" },
        { { "--rootfs", "/r" }, "no command" },
        { { "--rootfs", "/r", "--" }, "no command" },
        { { "--rootfs", "/r", "" }, "no command" },
        { { "--rm=false", "--rootfs", "/r", "true" }, "can't be had" },
        { { "-d", "--rm", "--restart", "always", "--rootfs", "/r", "true" }, "--rm and --restart" },
        { { "--restart", "always", "--rootfs", "/r", "true" }, "--restart is for containers that outlive" },
        { { "--stop-signal", "INT", "--rootfs", "/r", "true" }, "--stop-signal is for" },
        { { "--stop-timeout", "5", "--rootfs", "/r", "true" }, "--stop-timeout is for" },
        { { "--health-cmd", "x", "--rootfs", "/r", "true" }, "--health-cmd is for" },
        { { "--health-interval", "1", "--rootfs", "/r", "true" }, "--health-interval is for" },
        { { "--health-retries", "1", "--rootfs", "/r", "true" }, "--health-retries is for" },
        { { "--log-opt", "max-size=1m", "--rootfs", "/r", "true" }, "--log-opt is for" },
        { { "--share", "network", "--network", "veth:10.9.0.2/24:10.9.0.1", "--rootfs", "/r", "true" }, "contradicts" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        int rc = parse_and_check(rows[i].words);

        if (rows[i].says == NULL && rc != 0)
            fail_msg("row %zu: %s", i, err.text);
        if (rows[i].says != NULL
            && (rc != CV_ERR_INVALID || strstr(err.text, rows[i].says) == NULL || err.hint[0] == '\0'))
            fail_msg("row %zu: %d '%s', hint '%s'", i, rc, err.text, err.hint);
    }
}

static void the_rest_is_the_command(void** state)
{
    static const char* const words[] = { "-it", "--no-init", "--rootfs", "/r", "sh", "-c", "--rootfs", NULL };

    (void)state;
    CV_TEST_OK(err, parse_and_check(words));
    assert_true(parsed.interactive && parsed.terminal);
    assert_false(parsed.init);
    assert_string_equal(parsed.command[0], "sh");
    assert_string_equal(parsed.command[2], "--rootfs");
    assert_null(parsed.command[3]);
}

static void the_defaults(void** state)
{
    static const char* const words[] = { "--rootfs", "/r", "true", NULL };

    (void)state;
    CV_TEST_OK(err, parse_and_check(words));
    assert_true(parsed.rm && parsed.init && parsed.no_new_privileges);
    assert_false(parsed.read_only || parsed.interactive || parsed.terminal || parsed.umask_set || parsed.overlay);
    assert_int_equal(parsed.network.mode, CV_NETWORK_NONE);
    assert_int_equal(parsed.shared, 0);
    assert_int_equal(parsed.timeout_ms, 0);
    assert_null(parsed.seccomp);
}

static void lists_have_an_end(void** state)
{
    struct cvctl_run_options options;

    (void)state;
    cvctl_run_options_init(&options);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(
            cvctl_run_grow((void**)&options.devices, &options.device_count, sizeof(*options.devices), 3, &err));
    assert_null(cvctl_run_grow((void**)&options.devices, &options.device_count, sizeof(*options.devices), 3, &err));
    assert_int_equal(err.code, CV_ERR_LIMIT);
    assert_int_equal(options.device_count, 3);
    cvctl_run_options_release(&options);
}

/* Help is made from the table: no row without it, no name twice. */
static void the_table_is_sound(void** state)
{
    (void)state;
    for (const struct cv_option* a = cvctl_run_table; a->name != NULL; a++) {
        assert_non_null(a->help);
        assert_non_null(a->set);
        for (const struct cv_option* b = a + 1; b->name != NULL; b++) {
            assert_string_not_equal(a->name, b->name);
            assert_true(a->short_name == 0 || a->short_name != b->short_name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_together),
        cmocka_unit_test(the_rest_is_the_command),
        cmocka_unit_test(the_defaults),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(the_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
