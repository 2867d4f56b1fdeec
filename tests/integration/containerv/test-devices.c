/* Which devices a container can use, on the real kernel, through the public API. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "suite.h"

static struct containerv_container* make(uint32_t shared, const char* device, const char* inside, const char* access)
{
    struct containerv_options*   options   = containerv_options_new();
    const char* const            layers[]  = { suite_rootfs() };
    struct containerv_container* container = NULL;
    OK(containerv_options_set_layers(options, layers, 1));
    OK(containerv_options_set_shared(options, shared));
    if (device != NULL)
        OK(containerv_options_add_device_access(options, device, inside, access));
    int rc = containerv_create(NULL, options, &container);
    containerv_options_delete(options);
    OK(rc);
    return container;
}

/* Without a user namespace nodes can be made; those that nobody gave can't be opened. */
static void nodes_that_are_made_cannot_be_used(void** state)
{
    struct containerv_container* container = make(CV_SHARE_USERS, NULL, NULL, NULL);
    char                         output[OUTPUT_MAX];
    (void)state;
    assert_int_equal(suite_run(container, "mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg", output), 1);
    assert_non_null(strstr(output, "Operation not permitted"));
    assert_int_equal(suite_run(container, "echo x >/tmp/kmsg", output), 1);
    PRINTS("made", container, "mknod /tmp/null c 1 3 && echo lost >/tmp/null && echo made");
    PRINTS("4", container, "head -c 4 /dev/urandom | wc -c");
    OK(containerv_destroy(container));
}

static void a_terminal_can_be_used(void** state)
{
    struct containerv_container*    container = make(CV_SHARE_USERS, NULL, NULL, NULL);
    const char* const               argv[]    = { "/bin/sh", "-c", "tty; echo typed >/dev/tty", NULL };
    containerv_handle_t             terminal;
    struct containerv_spawn_options spawn = {
        .size = sizeof(spawn), .argv = argv, .flags = CV_SPAWN_TERMINAL, .terminal_out = &terminal
    };
    process_handle_t handle = CV_PROCESS_MAIN;
    char             output[OUTPUT_MAX];
    (void)state;
    OK(containerv_spawn(container, argv[0], &spawn, &handle));
    suite_read_all(terminal, output);
    assert_non_null(strstr(output, "/dev/pts/"));
    assert_non_null(strstr(output, "typed"));
    OK(containerv_wait(container, handle, 10000, NULL));
    OK(containerv_destroy(container));
}

/* Also in a user namespace, and by whatever path. */
static void access_is_what_was_given(void** state)
{
    static const struct {
        const char *access, *reads, *writes;
    } cases[] = { { "r", "0", "1" }, { "w", "1", "0" }, { "rw", "0", "0" }, { NULL, "0", "0" } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct containerv_container* container = make(0, "/dev/zero", "/dev/given", cases[i].access);
        char                         expected[32];
        snprintf(expected, sizeof(expected), "%s %s %s %s", cases[i].reads, cases[i].writes, cases[i].reads,
            cases[i].writes);
        PRINTS(expected, container,
            "t() { \"$@\" 2>/dev/null; echo $?; }; r() { head -c 1 $1 >/dev/null; }; w() { ( echo x >$1 ); };"
            "echo $(t r /dev/given) $(t w /dev/given) $(t r /dev/zero) $(t w /dev/zero)");
        OK(containerv_destroy(container));
    }
}

/* A node in a layer, as an image could bring it along. */
static void nodes_of_the_root_are_no_devices(void** state)
{
    char                         folder[]  = "/tmp/cv-devices-XXXXXX", node[64], output[OUTPUT_MAX];
    struct containerv_options*   options   = containerv_options_new();
    struct containerv_container* container = NULL;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(node, sizeof(node), "%s/brought", folder);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(mknod(node, S_IFCHR | 0666, makedev(1, 5)), 0);
    assert_int_equal(chmod(node, 0666), 0);
    const char* const layers[] = { suite_rootfs(), folder };
    OK(containerv_options_set_layers(options, layers, 2));
    int rc = containerv_create(NULL, options, &container);
    containerv_options_delete(options);
    int code = rc == 0 ? suite_run(container, "test -c /brought && head -c 1 /brought", output) : -1;
    unlink(node);
    rmdir(folder);
    OK(rc);
    assert_int_equal(code, 1);
    assert_non_null(strstr(output, "Permission denied"));
    OK(containerv_destroy(container));
}

static void what_is_no_device_is_refused(void** state)
{
    struct containerv_options*   options   = containerv_options_new();
    struct containerv_container* container = NULL;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_options_add_device_access(options, "/dev/null", NULL, "x"));
    FAILS(CV_ERR_INVALID, containerv_options_add_device_access(options, "/dev/null", NULL, ""));
    OK(containerv_options_add_device_access(options, "/etc/passwd", NULL, "r"));
    FAILS(CV_ERR_INVALID, containerv_create(suite_rootfs(), options, &container));
    containerv_options_delete(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_are_made_cannot_be_used),
        cmocka_unit_test(a_terminal_can_be_used),
        cmocka_unit_test(access_is_what_was_given),
        cmocka_unit_test(nodes_of_the_root_are_no_devices),
        cmocka_unit_test(what_is_no_device_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
