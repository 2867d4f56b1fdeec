#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv/handle.h>

void suite_ok(int rc, const char* call)
{
    if (rc != 0)
        fail_msg("%s: %s: %s", call, containerv_error_name(rc), containerv_error_last()->text);
}

void suite_fails(int expected, int rc, const char* call)
{
    const struct containerv_error* last = containerv_error_last();
    if (rc != expected)
        fail_msg("%s: %s ('%s'), wanted %s", call, rc == 0 ? "succeeded" : containerv_error_name(rc),
            rc == 0 ? "" : last->text, containerv_error_name(expected));
    if (last->code != rc || last->step[0] == '\0' || last->text[0] == '\0')
        fail_msg("%s: code %d, step '%s', text '%s'", call, last->code, last->step, last->text);
}

void suite_need(uint64_t feature, const char* name)
{
    uint64_t features = 0;
    suite_ok(containerv_features(NULL, &features), "containerv_features");
    if ((features & feature) == 0) {
        print_message("skipped: the back end has no %s\n", name);
        skip();
    }
}

const char* suite_rootfs(void)
{
    const char* rootfs = getenv("CV_SUITE_ROOTFS");
    if (rootfs == NULL)
        fail_msg("CV_SUITE_ROOTFS is not set: tests/support/test-rootfs.sh makes such a folder");
    return rootfs;
}

struct containerv_container* suite_container(struct containerv_options* options)
{
    struct containerv_container* container = NULL;
    int                          rc        = containerv_create(suite_rootfs(), options, &container);
    containerv_options_delete(options); /* also when the next line ends the test */
    if (rc < 0)
        suite_ok(rc, "containerv_create");
    return container;
}

/* A terminal whose other end is gone answers with an error on Linux, a pipe with an end: both are the end here. */
void suite_read_all(containerv_handle_t handle, char* output)
{
    size_t length = 0, got = 0;
    do {
        if (cv_handle_read(handle, output + length, OUTPUT_MAX - 1 - length, &got, NULL) < 0)
            got = 0;
        length += got;
    } while (got > 0 && length < OUTPUT_MAX - 1);
    if (length > 0 && output[length - 1] == '\n')
        length--;
    output[length] = '\0';
    cv_handle_closep(&handle);
}

int suite_run_with(
    struct containerv_container* container, const char* script, struct containerv_spawn_options* options, char* output)
{
    const char* const      argv[] = { "/bin/sh", "-c", script, NULL };
    struct containerv_exit ended  = { .size = sizeof(ended) };
    containerv_handle_t    read_end, write_end;
    process_handle_t       handle = CV_PROCESS_MAIN;
    assert_int_equal(cv_handle_pipe(&read_end, &write_end, NULL), 0);
    options->size     = sizeof(*options);
    options->argv     = argv;
    options->stdio[1] = options->stdio[2] = (struct containerv_stdio){ CV_STDIO_HANDLE, write_end };
    int rc                                = containerv_spawn(container, "/bin/sh", options, &handle);
    cv_handle_closep(&write_end);
    OK(rc);
    suite_read_all(read_end, output);
    OK(containerv_wait(container, handle, -1, &ended));
    return ended.code;
}

int suite_run(struct containerv_container* container, const char* script, char* output)
{
    struct containerv_spawn_options options = { 0 };
    return suite_run_with(container, script, &options, output);
}

void suite_prints(const char* expected, struct containerv_container* container, const char* script)
{
    char output[OUTPUT_MAX];
    int  code = suite_run(container, script, output);
    if (code != 0 || strcmp(output, expected) != 0)
        fail_msg("%s: code %d, printed '%s', wanted '%s'", script, code, output, expected);
}

void suite_prints_once(const char* expected, struct containerv_options* options, const char* script)
{
    struct containerv_container* container = suite_container(options);
    suite_prints(expected, container, script);
    OK(containerv_destroy(container));
}

void suite_command(
    struct containerv_options* options, const char* script, char* output, struct containerv_exit* exit_out)
{
    const char* const               argv[]    = { "/bin/sh", "-c", script, NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_container*    container = NULL;
    containerv_handle_t             read_end, write_end;
    assert_int_equal(cv_handle_pipe(&read_end, &write_end, NULL), 0);
    spawn.stdio[1] = spawn.stdio[2] = (struct containerv_stdio){ CV_STDIO_HANDLE, write_end };
    OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    int rc = containerv_create(suite_rootfs(), options, &container);
    containerv_options_delete(options);
    cv_handle_closep(&write_end);
    OK(rc);
    suite_read_all(read_end, output);
    exit_out->size = sizeof(*exit_out);
    OK(containerv_wait(container, CV_PROCESS_MAIN, -1, exit_out));
    OK(containerv_destroy(container));
}
