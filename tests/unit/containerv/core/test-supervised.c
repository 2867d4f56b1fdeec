#include <string.h>

#include "supervised-test.h"

static void it_is_started_stopped_and_started_again(void** state)
{
    struct containerv_container* container = test_supervised("/x", true, false);
    struct containerv_info       info      = { .size = sizeof(info) };
    (void)state;
    OK(containerv_info(container, &info));
    assert_int_equal(info.state, CV_STATE_CREATED);
    assert_int_equal(info.supervised, 1);
    OK(containerv_start(container));
    FAILS(CV_ERR_STATE, containerv_start(container));
    OK(containerv_stop(container, 100));
    OK(containerv_stop(container, -2));
    OK(containerv_info(container, &info));
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.has_exit, 1);
    assert_int_equal(info.exit.signal, 15);
    assert_int_equal(info.exit.size, sizeof(info.exit));
    OK(containerv_start(container));
    OK(containerv_info(container, &info));
    assert_int_equal(info.state, CV_STATE_RUNNING);
    assert_int_equal(info.has_exit, 0);
    OK(containerv_destroy(container));
}

static void what_needs_a_running_one_says_to_start_it(void** state)
{
    struct containerv_container* container = test_supervised("/fake/exit", false, false);
    process_handle_t             process;
    (void)state;
    OK(containerv_stop(container, 0));
    FAILS(CV_ERR_STATE, containerv_spawn(container, "/x", NULL, &process));
    assert_string_equal(containerv_error_last()->hint, "start it first");
    OK(containerv_copy(container, CV_COPY_TO_HOST, "/in", "/out", NULL)); /* its files are there */
    OK(containerv_destroy(container));
}

static void a_closed_handle_leaves_it_alone(void** state)
{
    struct containerv_container* container = test_supervised("/x", false, false);
    char                         id[65]    = { 0 };
    (void)state;
    strncat(id, containerv_id(container), sizeof(id) - 1);
    OK(containerv_close(container));
    struct containerv_info info   = { .size = sizeof(info) };
    void*                  opened = NULL;
    struct cv_spec*        spec   = NULL;
    OK(cv_backend_fake.open(id, &spec, &opened, NULL));
    cv_spec_free(spec);
    OK(cv_backend_fake.info(opened, &info, NULL));
    assert_int_equal(info.state, CV_STATE_RUNNING);
    OK(cv_backend_fake.destroy(opened, NULL));
}

static void input_is_there_when_it_was_asked_for(void** state)
{
    struct containerv_container* container = test_supervised("/x", false, true);
    struct containerv_container* other     = test_supervised("/x", false, false);
    containerv_handle_t          handle    = CV_HANDLE_NONE;
    (void)state;
    OK(containerv_attach_input(container, &handle));
    assert_true(handle != CV_HANDLE_NONE);
    OK(containerv_close_input(container));
    FAILS(CV_ERR_STATE, containerv_attach_input(other, &handle));
    FAILS(CV_ERR_STATE, containerv_close_input(other));
    FAILS(CV_ERR_INVALID, containerv_attach_input(other, NULL));
    OK(containerv_destroy(container));
    OK(containerv_destroy(other));
}

static void one_that_is_not_supervised_has_a_state_and_no_more(void** state)
{
    struct containerv_container* container = test_container(NULL);
    struct containerv_info       info      = { .size = sizeof(info) };
    containerv_handle_t          handle;
    (void)state;
    OK(containerv_info(container, &info));
    assert_int_equal(info.state, CV_STATE_CREATED);
    assert_int_equal(info.supervised, 0);
    FAILS(CV_ERR_STATE, containerv_start(container));
    FAILS(CV_ERR_STATE, containerv_stop(container, -1));
    FAILS(CV_ERR_STATE, containerv_attach_input(container, &handle));
    FAILS(CV_ERR_STATE, containerv_close_input(container));
    OK(containerv_destroy(container));
}

static void streams_of_a_supervised_command_are_refused(void** state)
{
    static containerv_handle_t            terminal;
    static const containerv_handle_t      handles[] = { (containerv_handle_t)1 };
    const struct containerv_spawn_options bad[]     = {
            { .size = sizeof(bad[0]), .stdio = { [1] = { .kind = CV_STDIO_INHERIT } } },
            { .size = sizeof(bad[0]), .handles = handles, .handle_count = 1 },
            { .size = sizeof(bad[0]), .flags = CV_SPAWN_TERMINAL, .terminal_out = &terminal },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct containerv_container* container = NULL;
        struct containerv_options*   options   = test_options();
        OK(containerv_options_set_supervised(options, 1));
        options->draft->ext.supervision.set = true;
        OK(containerv_options_set_command(options, "/x", &bad[i]));
        FAILS(CV_ERR_INVALID, containerv_create("/srv/root", options, &container));
        containerv_options_delete(options);
    }
}

static void a_terminal_without_a_place_for_it_is_for_supervised_ones(void** state)
{
    struct containerv_container*    container = NULL;
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .flags = CV_SPAWN_TERMINAL };
    struct containerv_options*      options   = test_options();
    (void)state;
    OK(containerv_options_set_command(options, "/x", &spawn));
    FAILS(CV_ERR_INVALID, containerv_create("/srv/root", options, &container));
    OK(containerv_options_set_supervised(options, 1));
    options->draft->ext.supervision.set = true;
    OK(containerv_create("/srv/root", options, &container));
    assert_true(fake_last_spec()->process.terminal);
    OK(containerv_destroy(container));
    containerv_options_delete(options);
}

static void arguments_are_checked(void** state)
{
    struct containerv_container* container = test_supervised("/x", false, false);
    struct containerv_info       info      = { .size = 8, .supervised = 7 };
    containerv_handle_t          handle;
    (void)state;
    OK(containerv_info(container, &info));
    assert_int_equal(info.supervised, 7); /* beyond the caller's size */
    info.size = 1;
    FAILS(CV_ERR_INVALID, containerv_info(container, &info));
    FAILS(CV_ERR_INVALID, containerv_info(container, NULL));
    FAILS(CV_ERR_INVALID, containerv_info(NULL, &info));
    FAILS(CV_ERR_INVALID, containerv_start(NULL));
    FAILS(CV_ERR_INVALID, containerv_stop(NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_stop(container, -3));
    FAILS(CV_ERR_INVALID, containerv_attach_input(NULL, &handle));
    FAILS(CV_ERR_INVALID, containerv_close_input(NULL));
    OK(containerv_destroy(container));
}

static void a_back_end_without_them_says_so(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = containerv_options_new();
    struct containerv_info       info      = { .size = sizeof(info) };
    struct containerv_log*       log;
    uint64_t                     offset;
    containerv_handle_t          handle;
    (void)state;
    OK(containerv_options_set_backend(options, "bare"));
    OK(containerv_create("/r", options, &container));
    containerv_options_delete(options);
    FAILS(CV_ERR_UNSUPPORTED, containerv_start(container));
    assert_non_null(strstr(containerv_error_last()->text, "bare"));
    FAILS(CV_ERR_UNSUPPORTED, containerv_stop(container, -1));
    FAILS(CV_ERR_UNSUPPORTED, containerv_attach_input(container, &handle));
    FAILS(CV_ERR_UNSUPPORTED, containerv_close_input(container));
    FAILS(CV_ERR_UNSUPPORTED, containerv_log_open(container, 0, &log));
    FAILS(CV_ERR_UNSUPPORTED, containerv_log_tail(container, 1, &offset));
    OK(containerv_info(container, &info)); /* its state is known */
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_started_stopped_and_started_again),
        TEST(what_needs_a_running_one_says_to_start_it),
        TEST(a_closed_handle_leaves_it_alone),
        TEST(input_is_there_when_it_was_asked_for),
        TEST(one_that_is_not_supervised_has_a_state_and_no_more),
        TEST(streams_of_a_supervised_command_are_refused),
        TEST(a_terminal_without_a_place_for_it_is_for_supervised_ones),
        TEST(arguments_are_checked),
        TEST(a_back_end_without_them_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
