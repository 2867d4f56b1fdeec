/* Standard streams, extra handles and terminals of processes. */
#include <string.h>

#include <cv/handle.h>

#include "suite.h"

static void input_and_output_are_the_handles_given(void** state)
{
    const char* const               argv[]    = { "/bin/cat", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_container*    container = suite_container(NULL);
    containerv_handle_t             in[2], out[2];
    process_handle_t                handle;
    char                            output[OUTPUT_MAX];
    (void)state;
    assert_int_equal(cv_handle_pipe(&in[0], &in[1], NULL), 0);
    assert_int_equal(cv_handle_pipe(&out[0], &out[1], NULL), 0);
    spawn.stdio[0] = (struct containerv_stdio){ CV_STDIO_HANDLE, in[0] };
    spawn.stdio[1] = (struct containerv_stdio){ CV_STDIO_HANDLE, out[1] };
    OK(containerv_spawn(container, "/bin/cat", &spawn, &handle));
    cv_handle_closep(&in[0]);
    cv_handle_closep(&out[1]);
    assert_int_equal(cv_handle_write(in[1], "through\n", 8, NULL), 0);
    cv_handle_closep(&in[1]);
    suite_read_all(out[0], output);
    assert_string_equal(output, "through");
    OK(containerv_wait(container, handle, -1, NULL));
    OK(containerv_destroy(container));
}

static void streams_are_the_null_device_by_default(void** state)
{
    char                            output[OUTPUT_MAX];
    struct containerv_spawn_options options   = { 0 };
    struct containerv_container*    container = suite_container(NULL);
    (void)state;
    assert_int_equal(suite_run_with(container, "readlink /proc/self/fd/0; cat", &options, output), 0);
    assert_string_equal(output, "/dev/null");
    OK(containerv_destroy(container));
}

static void only_the_handles_asked_for_are_open(void** state)
{
    struct containerv_container*    container = suite_container(NULL);
    struct containerv_spawn_options options   = { 0 };
    containerv_handle_t             extra[2];
    char                            output[OUTPUT_MAX];
    (void)state;
    PRINTS("0\n1\n2", container, "ls /proc/$$/fd; true");
    NEED(CV_FEATURE_HANDLES);
    assert_int_equal(cv_handle_pipe(&extra[0], &extra[1], NULL), 0);
    options.handles      = &extra[1];
    options.handle_count = 1;
    assert_int_equal(suite_run_with(container, "ls /proc/$$/fd; echo extra >&3", &options, output), 0);
    assert_string_equal(output, "0\n1\n2\n3");
    cv_handle_closep(&extra[1]);
    suite_read_all(extra[0], output);
    assert_string_equal(output, "extra");
    OK(containerv_destroy(container));
}

static void much_output_is_complete(void** state)
{
    const char* const               argv[]    = { "/bin/sh", "-c", "head -c 1000000 /dev/zero", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_container*    container = suite_container(NULL);
    containerv_handle_t             out[2];
    process_handle_t                handle;
    size_t                          total = 0, got = 0;
    char                            buffer[4096];
    (void)state;
    assert_int_equal(cv_handle_pipe(&out[0], &out[1], NULL), 0);
    spawn.stdio[1] = (struct containerv_stdio){ CV_STDIO_HANDLE, out[1] };
    OK(containerv_spawn(container, "/bin/sh", &spawn, &handle));
    cv_handle_closep(&out[1]);
    while (cv_handle_read(out[0], buffer, sizeof(buffer), &got, NULL) == 0 && got > 0)
        total += got;
    assert_int_equal(total, 1000000);
    cv_handle_closep(&out[0]);
    OK(containerv_wait(container, handle, -1, NULL));
    OK(containerv_destroy(container));
}

static void a_terminal_has_its_size_and_can_be_resized(void** state)
{
    const char* const               argv[]    = { "/bin/sh", "-c",
                         "trap 'stty size; exit 7' WINCH; test -t 0 && tty; stty size; while :; do sleep 0.1; done", NULL };
    containerv_handle_t             terminal  = CV_HANDLE_NONE;
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn),
            .argv                                       = argv,
            .flags                                      = CV_SPAWN_TERMINAL,
            .columns                                    = 100,
            .rows                                       = 40,
            .terminal_out                               = &terminal };
    struct containerv_container*    container = suite_container(NULL);
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    process_handle_t                handle;
    char                            output[OUTPUT_MAX] = "";
    size_t                          length = 0, got = 0;
    (void)state;
    NEED(CV_FEATURE_TERMINAL);
    OK(containerv_spawn(container, "/bin/sh", &spawn, &handle));
    while (strstr(output, "40 100") == NULL
           && cv_handle_read(terminal, output + length, OUTPUT_MAX - 1 - length, &got, NULL) == 0 && got > 0)
        output[length += got] = '\0';
    assert_non_null(strstr(output, "/dev/pts/"));
    assert_non_null(strstr(output, "40 100"));
    OK(containerv_resize(container, handle, 90, 30));
    suite_read_all(terminal, output);
    assert_non_null(strstr(output, "30 90"));
    OK(containerv_wait(container, handle, 10000, &ended));
    assert_int_equal(ended.code, 7);
    OK(containerv_destroy(container));
}

static void a_process_without_terminal_cannot_be_resized(void** state)
{
    const char* const               argv[]    = { "/bin/sleep", "1000", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_container*    container = suite_container(NULL);
    process_handle_t                handle;
    (void)state;
    NEED(CV_FEATURE_TERMINAL);
    OK(containerv_spawn(container, "/bin/sleep", &spawn, &handle));
    FAILS(CV_ERR_STATE, containerv_resize(container, handle, 90, 30));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_and_output_are_the_handles_given),
        cmocka_unit_test(streams_are_the_null_device_by_default),
        cmocka_unit_test(only_the_handles_asked_for_are_open),
        cmocka_unit_test(much_output_is_complete),
        cmocka_unit_test(a_terminal_has_its_size_and_can_be_resized),
        cmocka_unit_test(a_process_without_terminal_cannot_be_resized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
