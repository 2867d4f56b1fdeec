#include <stdio.h>
#include <string.h>

#include <cv/handle.h>

#include "core-test.h"
#include "core/core.h"

static const char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static void a_process_gets_the_containers_defaults(void** state)
{
    struct containerv_container* container = test_container(NULL);
    process_handle_t             handle    = CV_PROCESS_MAIN;
    char                         wanted[256];
    (void)state;
    OK(containerv_spawn(container, "/bin/sh", NULL, &handle));
    assert_true(handle != CV_PROCESS_MAIN);
    snprintf(wanted, sizeof(wanted), "args=/bin/sh env=%s cwd=/ user=-", default_path);
    assert_string_equal(fake_last_process(), wanted);
    OK(containerv_destroy(container));
}

static void spawn_options_win_over_defaults(void** state)
{
    const char* const               argv[]        = { "sh", "-c", "", NULL };
    const char* const               environment[] = { "A=1", "B=", NULL };
    struct containerv_spawn_options spawn         = {
                .size = sizeof(spawn), .argv = argv, .environment = environment, .working_directory = "/w", .user = "1:2"
    };
    struct containerv_options* options = test_options();
    process_handle_t           handle;
    (void)state;
    OK(containerv_options_set_user(options, "joe"));
    struct containerv_container* container = test_container(options);
    OK(containerv_spawn(container, "/bin/sh", &spawn, &handle));
    assert_string_equal(fake_last_process(), "args=/bin/sh,-c, env=A=1,B= cwd=/w user=1:2");
    OK(containerv_spawn(container, "sh", NULL, &handle));
    assert_non_null(strstr(fake_last_process(), "args=sh "));
    assert_non_null(strstr(fake_last_process(), "user=joe"));
    OK(containerv_destroy(container));
}

static void a_command_is_not_the_default_of_others(void** state)
{
    const char* const               argv[]        = { "/bin/main", "x", NULL };
    const char* const               environment[] = { "MAIN=1", NULL };
    struct containerv_spawn_options spawn         = {
                .size = sizeof(spawn), .argv = argv, .environment = environment, .working_directory = "/m", .user = "main"
    };
    struct containerv_options* options = test_options();
    process_handle_t           handle;
    (void)state;
    OK(containerv_options_set_command(options, "/bin/main", &spawn));
    struct containerv_container* container = test_container(options);
    assert_string_equal(fake_last_process(), "args=/bin/main,x env=MAIN=1 cwd=/m user=main");
    OK(containerv_spawn(container, "/bin/other", NULL, &handle));
    assert_null(strstr(fake_last_process(), "main"));
    assert_null(strstr(fake_last_process(), "MAIN"));
    OK(containerv_destroy(container));
}

static void wrong_options_are_refused(void** state)
{
    const char *const empty[] = { NULL }, *const other[] = { "bash", NULL }, *const no_pair[] = { "A", NULL };
    containerv_handle_t                   none  = CV_HANDLE_NONE, terminal;
    struct containerv_exit                ended = { .size = sizeof(ended) }, no_size = { .size = 0 };
    process_handle_t                      handle = CV_PROCESS_MAIN;
    const struct containerv_spawn_options bad[]  = {
         { .size = 0 },
         { .size = sizeof(bad[0]), .flags = 1 << 2 },
         { .size = sizeof(bad[0]), .argv = empty },
         { .size = sizeof(bad[0]), .environment = no_pair },
         { .size = sizeof(bad[0]), .working_directory = "w" },
         { .size = sizeof(bad[0]), .user = "a:" },
         { .size = sizeof(bad[0]), .timeout_ms = -1 },
         { .size = sizeof(bad[0]), .stdio = { { 3, none } } },
         { .size = sizeof(bad[0]), .stdio = { { CV_STDIO_HANDLE, none } } },
         { .size = sizeof(bad[0]), .handle_count = 1 },
         { .size = sizeof(bad[0]), .handles = &none, .handle_count = 1 },
         { .size = sizeof(bad[0]), .handles = &none, .handle_count = 241 },
         { .size = sizeof(bad[0]), .columns = 80 },
         { .size = sizeof(bad[0]), .flags = CV_SPAWN_TERMINAL },
         { .size = sizeof(bad[0]), .terminal_out = &terminal },
         { .size = sizeof(bad[0]), .exit_out = &ended },
         { .size = sizeof(bad[0]), .flags = CV_SPAWN_WAIT, .exit_out = &no_size },
         { .size = sizeof(bad[0]), .flags = CV_SPAWN_WAIT | CV_SPAWN_TERMINAL, .terminal_out = &terminal },
    };
    struct containerv_container* container = test_container(NULL);
    size_t                       count     = 1;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        FAILS(CV_ERR_INVALID, containerv_spawn(container, "/bin/sh", &bad[i], &handle));
    FAILS(CV_ERR_INVALID, containerv_spawn(container, NULL, NULL, &handle));
    FAILS(CV_ERR_INVALID, containerv_spawn(container, "", NULL, &handle));
    FAILS(CV_ERR_INVALID, containerv_spawn(container, "/bin/sh", NULL, NULL));
    const struct containerv_spawn_options renamed = { .size = sizeof(renamed), .argv = other };
    FAILS(CV_ERR_UNSUPPORTED, containerv_spawn(container, "/bin/sh", &renamed, &handle));
    FAILS(CV_ERR_NOT_FOUND, containerv_spawn(container, "/fake/missing", NULL, &handle));
    assert_string_equal(containerv_error_last()->object, "/fake/missing");
    assert_true(handle == CV_PROCESS_MAIN);
    OK(containerv_processes(container, NULL, 0, &count));
    assert_int_equal(count, 0);
    OK(containerv_destroy(container));
}

static void waiting_gives_the_exit_record_once(void** state)
{
    const char* const               argv[]    = { "/fake/exit", "7", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_container*    container = test_container(NULL);
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    process_handle_t                handle;
    (void)state;
    OK(containerv_spawn(container, "/fake/exit", &spawn, &handle));
    ended.size = 0;
    FAILS(CV_ERR_INVALID, containerv_wait(container, handle, -1, &ended));
    ended.size = sizeof(ended);
    OK(containerv_wait(container, handle, -1, &ended));
    assert_int_equal(ended.code, 7);
    assert_int_equal(ended.reason, CV_EXIT_EXITED);
    FAILS(CV_ERR_NOT_FOUND, containerv_wait(container, handle, -1, &ended));
    spawn.flags    = CV_SPAWN_WAIT;
    spawn.exit_out = &ended;
    OK(containerv_spawn(container, "/fake/exit", &spawn, NULL));
    assert_int_equal(ended.code, 7);
    OK(containerv_destroy(container));
}

static void a_shorter_exit_record_is_filled_as_far_as_it_goes(void** state)
{
    const char* const               argv[] = { "/fake/exit", "9", NULL };
    struct containerv_exit          ended  = { .size = 8, .code = -1, .reason = 77 };
    struct containerv_spawn_options spawn  = {
         .size = sizeof(spawn), .flags = CV_SPAWN_WAIT, .argv = argv, .exit_out = &ended
    };
    struct containerv_container* container = test_container(NULL);
    (void)state;
    OK(containerv_spawn(container, "/fake/exit", &spawn, NULL));
    assert_int_equal(ended.code, 9);
    assert_int_equal(ended.reason, 77);
    OK(containerv_destroy(container));
}

static void signals_end_processes(void** state)
{
    struct containerv_container*   container = test_container(NULL);
    struct containerv_exit         ended     = { .size = sizeof(ended) };
    struct containerv_process_info list[1];
    size_t                         count = 0;
    process_handle_t               one, two;
    (void)state;
    OK(containerv_spawn(container, "/one", NULL, &one));
    OK(containerv_spawn(container, "/two", NULL, &two));
    OK(containerv_processes(container, list, 1, &count));
    assert_int_equal(count, 2);
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, one, 0, &ended));
    FAILS(CV_ERR_INVALID, containerv_signal(container, one, -1));
    OK(containerv_signal(container, one, 15));
    OK(containerv_wait(container, one, -1, &ended));
    assert_int_equal(ended.signal, 15);
    assert_int_equal(ended.code, 143);
    OK(containerv_kill(container));
    OK(containerv_wait(container, two, -1, NULL));
    FAILS(CV_ERR_NOT_FOUND, containerv_signal(container, two, 9));
    FAILS(CV_ERR_NOT_FOUND, containerv_wait(container, CV_PROCESS_MAIN, 0, NULL));
    FAILS(CV_ERR_NOT_FOUND, containerv_signal(container, CV_PROCESS_MAIN, 9));
    FAILS(CV_ERR_INVALID, containerv_processes(container, NULL, 3, &count));
    FAILS(CV_ERR_INVALID, containerv_processes(container, NULL, 0, NULL));
    OK(containerv_destroy(container));
}

static void terminals_can_be_resized(void** state)
{
    containerv_handle_t             terminal;
    struct containerv_spawn_options spawn = {
        .size = sizeof(spawn), .flags = CV_SPAWN_TERMINAL, .terminal_out = &terminal
    };
    struct containerv_container* container = test_container(NULL);
    process_handle_t             with, without;
    (void)state;
    OK(containerv_spawn(container, "/a", &spawn, &with));
    OK(containerv_spawn(container, "/b", NULL, &without));
    OK(containerv_resize(container, with, 100, 40));
    FAILS(CV_ERR_STATE, containerv_resize(container, without, 100, 40));
    FAILS(CV_ERR_INVALID, containerv_resize(container, with, 0, 40));
    OK(containerv_destroy(container));
}

static void nothing_starts_in_a_stopped_container(void** state)
{
    struct containerv_options* options = test_options();
    struct containerv_exit     ended   = { .size = sizeof(ended) };
    enum containerv_state      current = 0;
    process_handle_t           handle;
    size_t                     count;
    (void)state;
    OK(containerv_options_set_command(options, "/main", NULL));
    struct containerv_container* container = test_container(options);
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_RUNNING);
    OK(containerv_signal(container, CV_PROCESS_MAIN, 15));
    OK(containerv_wait(container, CV_PROCESS_MAIN, -1, &ended));
    OK(containerv_wait(container, CV_PROCESS_MAIN, -1, &ended)); /* the main process can be waited for many times */
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_STOPPED);
    FAILS(CV_ERR_STATE, containerv_spawn(container, "/x", NULL, &handle));
    FAILS(CV_ERR_STATE, containerv_signal(container, CV_PROCESS_MAIN, 9));
    FAILS(CV_ERR_STATE, containerv_kill(container));
    FAILS(CV_ERR_STATE, containerv_pause(container));
    FAILS(CV_ERR_STATE, containerv_resume(container));
    FAILS(CV_ERR_STATE, containerv_resize(container, CV_PROCESS_MAIN, 80, 24));
    FAILS(CV_ERR_STATE, containerv_processes(container, NULL, 0, &count));
    FAILS(CV_ERR_INVALID, containerv_state(container, NULL));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_process_gets_the_containers_defaults),
        TEST(spawn_options_win_over_defaults),
        TEST(a_command_is_not_the_default_of_others),
        TEST(wrong_options_are_refused),
        TEST(waiting_gives_the_exit_record_once),
        TEST(a_shorter_exit_record_is_filled_as_far_as_it_goes),
        TEST(signals_end_processes),
        TEST(terminals_can_be_resized),
        TEST(nothing_starts_in_a_stopped_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
