#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/clock.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/process.h>
#include <cv/str.h>

enum { LONG_MS = 60000, OUTPUT_MAX = 4096 };

/* Without '\r', which text streams on Windows write before each '\n'. */
static void read_all(containerv_handle_t handle, char* text)
{
    struct cv_error err;
    size_t          used = 0, kept = 0, length;

    do {
        assert_true(used < OUTPUT_MAX);
        CV_TEST_OK(err, cv_handle_read(handle, text + used, OUTPUT_MAX - used, &length, &err));
        used += length;
    } while (length > 0);
    for (size_t i = 0; i < used; i++)
        if (text[i] != '\r')
            text[kept++] = text[i];
    text[kept] = '\0';
}

/* Run the helper and return its exit code; its output in `output`, which has OUTPUT_MAX + 1 bytes. */
static int run(struct cv_process_spec* spec, char* output)
{
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    containerv_handle_t                             from, to;
    struct cv_error                                 err;
    int                                             code = -1;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    spec->stdio[1] = to;
    spec->program  = cv_test_helper();
    CV_TEST_OK(err, cv_process_start(spec, &process, &err));
    cv_handle_closep(&to);
    read_all(from, output);
    cv_handle_closep(&from);
    CV_TEST_OK(err, cv_process_wait(process, LONG_MS, &code, &err));
    return code;
}

static void exit_codes(void** state)
{
    static const int codes[] = { 0, 1, 42, 255 };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(codes); i++) {
        char                   number[16];
        const char*            argv[] = { "helper", "exit", number, NULL };
        struct cv_process_spec spec   = CV_PROCESS_SPEC_INIT;
        struct cv_error        err;
        int                    code = -1;

        assert_int_equal(cv_snprintf(number, sizeof(number), "%d", codes[i]), 0);
        spec.argv    = argv;
        spec.program = cv_test_helper();
        CV_TEST_OK(err, cv_process_run(&spec, LONG_MS, &code, &err));
        assert_int_equal(code, codes[i]);
    }
}

static void arguments_arrive_as_they_are(void** state)
{
    static const char* const argv[] = { "helper", "args", "a b", "", "\"", "\\", "x\\\"y", "c:\\dir\\", "*", "%PATH%",
        "$HOME", "\xC3\xA4\xE2\x82\xAC", "-x", NULL };
    struct cv_process_spec   spec   = CV_PROCESS_SPEC_INIT;
    char                     output[OUTPUT_MAX + 1];
    (void)state;

    spec.argv = argv;
    assert_int_equal(run(&spec, output), 0);
    assert_string_equal(output, "a b\n\n\"\n\\\nx\\\"y\nc:\\dir\\\n*\n%PATH%\n$HOME\n\xC3\xA4\xE2\x82\xAC\n-x\n");
}

static void environment_is_inherited_or_replaced(void** state)
{
    static const char* const argv[]  = { "helper", "env", "CV_TEST_VARIABLE", NULL };
    static const char* const other[] = { "CV_TEST_VARIABLE=other value", "B=1", NULL };
    static const char* const empty[] = { NULL };
    struct cv_process_spec   spec    = CV_PROCESS_SPEC_INIT;
    struct cv_error          err;
    char                     output[OUTPUT_MAX + 1];
    (void)state;

    spec.argv = argv;
    CV_TEST_OK(err, cv_env_set("CV_TEST_VARIABLE", "ours", &err));
    assert_int_equal(run(&spec, output), 0);
    assert_string_equal(output, "ours\n");
    spec.env = other;
    assert_int_equal(run(&spec, output), 0);
    assert_string_equal(output, "other value\n");
    spec.env = empty;
    assert_int_equal(run(&spec, output), 3);
    CV_TEST_OK(err, cv_env_set("CV_TEST_VARIABLE", NULL, &err));
    spec.env = NULL;
    assert_int_equal(run(&spec, output), 3);
}

static void working_folder(void** state)
{
    static const char* const   argv[]  = { "helper", "exists", "file-in-it", NULL };
    CV_CLEANUP(cv_freep) char* missing = strdup(cv_test_path("missing"));
    struct cv_process_spec     spec    = CV_PROCESS_SPEC_INIT;
    struct cv_process*         process = NULL;
    struct cv_error            err;
    char                       output[OUTPUT_MAX + 1];
    (void)state;

    CV_TEST_OK(err, cv_file_write(cv_test_path("file-in-it"), "", 0, 0600, 0, &err));
    spec.argv = argv;
    assert_int_equal(run(&spec, output), 1);
    spec.cwd = cv_test_path(".");
    assert_int_equal(run(&spec, output), 0);
    spec.cwd = missing;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_process_start(&spec, &process, &err));
    assert_non_null(strstr(err.text, missing));
    assert_null(process);
}

static void no_stdin_is_the_null_device(void** state)
{
    static const char* const argv[] = { "helper", "cat", NULL };
    struct cv_process_spec   spec   = CV_PROCESS_SPEC_INIT;
    char                     output[OUTPUT_MAX + 1];
    (void)state;

    spec.argv = argv;
    assert_int_equal(run(&spec, output), 0);
    assert_string_equal(output, "");
}

static void programs_that_cannot_run(void** state)
{
    static const char* const missing_argv[] = { "cv-no-such-program", NULL };
    static const char* const none[]         = { NULL };
    static const char* const empty[]        = { "", NULL };
    struct cv_process_spec   spec           = CV_PROCESS_SPEC_INIT;
    struct cv_process*       process        = NULL;
    struct cv_error          err;
    (void)state;

    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_process_start(&spec, &process, &err));
    spec.argv = none;
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_process_start(&spec, &process, &err));
    spec.argv = empty;
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_process_start(&spec, &process, &err));
    spec.argv = missing_argv;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_process_start(&spec, &process, &err));
    spec.program = cv_test_path("missing-program");
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_process_start(&spec, &process, &err));
    spec.program = cv_test_path(".");
    assert_true(cv_process_start(&spec, &process, &err) < 0);
    assert_null(process);
}

static void waiting_has_a_limit_and_killing_ends_it(void** state)
{
    static const char* const                        argv[]  = { "helper", "cat", NULL };
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    struct cv_process_spec                          spec    = CV_PROCESS_SPEC_INIT;
    containerv_handle_t                             from, to;
    struct cv_error                                 err;
    int64_t                                         before;
    int                                             code = -1;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    spec.argv     = argv;
    spec.program  = cv_test_helper();
    spec.stdio[0] = from;
    CV_TEST_OK(err, cv_process_start(&spec, &process, &err));
    assert_true(cv_process_id(process) > 0);
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, cv_process_wait(process, 0, &code, &err));
    before = cv_clock_monotonic_ms();
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, cv_process_wait(process, 100, &code, &err));
    assert_in_range(cv_clock_monotonic_ms() - before, 80, LONG_MS);
    assert_int_equal(code, -1);
    CV_TEST_OK(err, cv_process_kill(process, &err));
    CV_TEST_OK(err, cv_process_wait(process, LONG_MS, &code, &err));
    assert_int_equal(code, 137);
    code = -1;
    CV_TEST_OK(err, cv_process_wait(process, 0, &code, &err));
    assert_int_equal(code, 137);
    CV_TEST_OK(err, cv_process_kill(process, &err));
    cv_handle_closep(&from);
    cv_handle_closep(&to);
}

static void run_kills_at_its_limit(void** state)
{
    static const char* const argv[] = { "helper", "cat", NULL };
    struct cv_process_spec   spec   = CV_PROCESS_SPEC_INIT;
    containerv_handle_t      from, to;
    struct cv_error          err;
    int                      code = -1;
    (void)state;

    CV_TEST_OK(err, cv_handle_pipe(&from, &to, &err));
    spec.argv     = argv;
    spec.program  = cv_test_helper();
    spec.stdio[0] = from;
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, cv_process_run(&spec, 50, &code, &err));
    cv_handle_closep(&from);
    /* nobody reads the pipe any more: it was killed, not left */
    assert_true(cv_handle_write(to, "x", 1, &err) < 0);
    cv_handle_closep(&to);
}

static void free_accepts_nothing(void** state)
{
    (void)state;
    assert_null(cv_process_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes),
        cmocka_unit_test(arguments_arrive_as_they_are),
        cmocka_unit_test(environment_is_inherited_or_replaced),
        cmocka_unit_test(working_folder),
        cmocka_unit_test(no_stdin_is_the_null_device),
        cmocka_unit_test(programs_that_cannot_run),
        cmocka_unit_test(waiting_has_a_limit_and_killing_ends_it),
        cmocka_unit_test(run_kills_at_its_limit),
        cmocka_unit_test(free_accepts_nothing),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
