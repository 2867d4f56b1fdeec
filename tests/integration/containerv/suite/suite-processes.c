/* Starting, waiting for, signalling and listing processes. */
#include <string.h>

#include "suite.h"

static process_handle_t start(struct containerv_container* container, const char* script)
{
    const char* const               argv[] = { "/bin/sh", "-c", script, NULL };
    struct containerv_spawn_options spawn  = { .size = sizeof(spawn), .argv = argv };
    process_handle_t                handle = CV_PROCESS_MAIN;
    OK(containerv_spawn(container, "/bin/sh", &spawn, &handle));
    return handle;
}

/* It is the program itself once spawn has returned, not a shell that is going to become it. */
static process_handle_t start_sleep(struct containerv_container* container)
{
    const char* const               argv[] = { "/bin/sleep", "1000", NULL };
    struct containerv_spawn_options spawn  = { .size = sizeof(spawn), .argv = argv };
    process_handle_t                handle = CV_PROCESS_MAIN;
    OK(containerv_spawn(container, "/bin/sleep", &spawn, &handle));
    return handle;
}

static void arguments_arrive_as_they_are(void** state)
{
    const char* const               argv[] = { "/bin/sh", "-c",
                      "[ $# = 4 ] && [ \"$1\" = '' ] && [ \"$2\" = ' a b ' ] && [ \"$3\" = '\"*' ] && [ \"$4\" = '\xc3\xa4' ]", "x",
                      "", " a b ", "\"*", "\xc3\xa4", NULL };
    struct containerv_exit          ended  = { .size = sizeof(ended), .code = -1 };
    struct containerv_spawn_options spawn  = {
         .size = sizeof(spawn), .argv = argv, .flags = CV_SPAWN_WAIT, .exit_out = &ended
    };
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    OK(containerv_spawn(container, "/bin/sh", &spawn, NULL));
    assert_int_equal(ended.code, 0);
    OK(containerv_destroy(container));
}

static void a_name_without_slash_is_looked_up(void** state)
{
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .flags = CV_SPAWN_WAIT };
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    struct containerv_container*    container = suite_container(NULL);
    process_handle_t                handle;
    (void)state;
    spawn.exit_out = &ended;
    OK(containerv_spawn(container, "true", &spawn, &handle));
    assert_int_equal(ended.code, 0);
    OK(containerv_spawn(container, "false", &spawn, NULL));
    assert_int_equal(ended.code, 1);
    FAILS(CV_ERR_NOT_FOUND, containerv_spawn(container, "no-such-program", &spawn, NULL));
    OK(containerv_destroy(container));
}

static void a_program_that_cannot_run_is_told(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    process_handle_t             handle    = CV_PROCESS_MAIN;
    (void)state;
    FAILS(CV_ERR_NOT_FOUND, containerv_spawn(container, "/no/such/program", NULL, &handle));
    assert_non_null(strstr(containerv_error_last()->object, "/no/such/program"));
    assert_string_not_equal(containerv_error_last()->hint, "");
    FAILS(CV_ERR_NOT_EXECUTABLE, containerv_spawn(container, "/etc/not-executable", NULL, &handle));
    FAILS(CV_ERR_NOT_EXECUTABLE, containerv_spawn(container, "/etc", NULL, &handle));
    assert_true(handle == CV_PROCESS_MAIN);
    PRINTS("still works", container, "echo still works");
    OK(containerv_destroy(container));
}

static void exit_codes_are_told(void** state)
{
    const int                    codes[]   = { 0, 1, 2, 42, 126, 127, 128, 255 };
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const char script[] = { 'e', 'x', 'i', 't', ' ', (char)('0' + codes[i] / 100), (char)('0' + codes[i] / 10 % 10),
            (char)('0' + codes[i] % 10), 0 };
        struct containerv_exit ended = { .size = sizeof(ended) };
        OK(containerv_wait(container, start(container, script), -1, &ended));
        assert_int_equal(ended.code, codes[i]);
        assert_int_equal(ended.signal, 0);
        assert_int_equal(ended.reason, CV_EXIT_EXITED);
        assert_true(ended.start_ns > 0 && ended.end_ns >= ended.start_ns);
    }
    OK(containerv_destroy(container));
}

static void signals_are_told(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    process_handle_t             handle    = start(container, "kill -SEGV $$");
    (void)state;
    OK(containerv_wait(container, handle, -1, &ended));
    assert_int_equal(ended.signal, 11);
    assert_int_equal(ended.code, 139);
    assert_int_equal(ended.reason, CV_EXIT_KILLED);
    handle = start_sleep(container);
    OK(containerv_signal(container, handle, 15));
    OK(containerv_wait(container, handle, 10000, &ended));
    assert_int_equal(ended.signal, 15);
    assert_int_equal(ended.code, 143);
    FAILS(CV_ERR_NOT_FOUND, containerv_signal(container, handle, 9));
    OK(containerv_destroy(container));
}

static void a_timeout_kills(void** state)
{
    const char* const               argv[] = { "/bin/sleep", "1000", NULL };
    struct containerv_exit          ended  = { .size = sizeof(ended) };
    struct containerv_spawn_options spawn  = {
         .size = sizeof(spawn), .flags = CV_SPAWN_WAIT, .argv = argv, .timeout_ms = 200, .exit_out = &ended
    };
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    OK(containerv_spawn(container, "/bin/sleep", &spawn, NULL));
    assert_int_equal(ended.reason, CV_EXIT_TIMEOUT);
    assert_int_equal(ended.code, 137);
    PRINTS("still works", container, "echo still works");
    OK(containerv_destroy(container));
}

static void a_wait_can_look_and_have_a_limit(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    process_handle_t             handle    = start_sleep(container);
    (void)state;
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, handle, 0, &ended));
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, handle, 100, &ended));
    OK(containerv_signal(container, handle, 9));
    OK(containerv_wait(container, handle, -1, &ended));
    FAILS(CV_ERR_NOT_FOUND, containerv_wait(container, handle, 0, &ended));
    FAILS(CV_ERR_NOT_FOUND, containerv_wait(container, CV_PROCESS_MAIN, 0, &ended));
    OK(containerv_destroy(container));
}

static void many_are_waited_for_in_any_order(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    process_handle_t             handles[16];
    (void)state;
    for (int i = 0; i < 16; i++) {
        const char script[] = { 'e', 'x', 'i', 't', ' ', (char)('0' + i / 10), (char)('0' + i % 10), 0 };
        handles[i]          = start(container, script);
    }
    for (int i = 15; i >= 0; i--) {
        struct containerv_exit ended = { .size = sizeof(ended) };
        OK(containerv_wait(container, handles[i], -1, &ended));
        assert_int_equal(ended.code, i);
    }
    OK(containerv_destroy(container));
}

static void kill_ends_all_and_they_are_listed_before(void** state)
{
    struct containerv_container*   container = suite_container(NULL);
    struct containerv_process_info list[64];
    struct containerv_exit         ended = { .size = sizeof(ended) };
    process_handle_t               one = start_sleep(container), two = start_sleep(container);
    size_t                         count = 0, found = 0;
    (void)state;
    OK(containerv_processes(container, list, 64, &count));
    for (size_t i = 0; i < count && i < 64; i++)
        found += strcmp(list[i].name, "sleep") == 0 && list[i].pid > 0 && list[i].uid == 0 && list[i].cpu_ns >= 0
                 && strstr(list[i].command, "sleep ") != NULL;
    assert_int_equal(found, 2);
    OK(containerv_processes(container, NULL, 0, &count));
    assert_true(count >= 2);
    OK(containerv_kill(container));
    OK(containerv_wait(container, one, 10000, &ended));
    assert_int_equal(ended.signal, 9);
    OK(containerv_wait(container, two, 10000, &ended));
    assert_int_equal(ended.signal, 9);
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_arrive_as_they_are),
        cmocka_unit_test(a_name_without_slash_is_looked_up),
        cmocka_unit_test(a_program_that_cannot_run_is_told),
        cmocka_unit_test(exit_codes_are_told),
        cmocka_unit_test(signals_are_told),
        cmocka_unit_test(a_timeout_kills),
        cmocka_unit_test(a_wait_can_look_and_have_a_limit),
        cmocka_unit_test(many_are_waited_for_in_any_order),
        cmocka_unit_test(kill_ends_all_and_they_are_listed_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
