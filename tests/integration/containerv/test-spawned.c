/*
 * Rows of the security review that a process spawned into a running container must keep as the main process does. cvctl has no command
 * for that yet, so it is done through the public API.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cv/str.h>

#include "suite.h"

enum { LOW_FD = 3, HIGH_FD = 50, CALLERS_FD = 77, STOP_TRIES = 100 };

static const char* const users[] = { NULL, "0:0", "1000:1000", "1000" };

/* With and without a PID 1 of ours. */
static struct containerv_container* container_of_kind(int init)
{
    const char* const               argv[]  = { "sleep", "1000", NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
    struct containerv_options*      options = containerv_options_new();
    OK(containerv_options_set_init(options, init));
    OK(containerv_options_set_command(options, "sleep", &spawn));
    return suite_container(options);
}

static void T1_exactly_three_descriptors(void** state)
{
    char output[OUTPUT_MAX];
    int  folder = open("/", O_RDONLY | O_DIRECTORY); /* not close-on-exec, as a careless caller has it */
    (void)state;
    assert_int_equal(dup2(folder, CALLERS_FD), CALLERS_FD);
    for (int init = 0; init <= 1; init++) {
        struct containerv_container* container = container_of_kind(init);
        for (size_t i = 0; i < CV_ARRAY_LEN(users); i++) {
            struct containerv_spawn_options spawn = { .user = users[i] };
            assert_int_equal(suite_run_with(container, "ls /proc/$$/fd; true", &spawn, output), 0);
            assert_string_equal(output, "0\n1\n2");
        }
        OK(containerv_destroy(container));
    }
    close(folder);
    close(CALLERS_FD);
}

static void refuse_folder(struct containerv_container* container, const char* folder)
{
    const char* const               argv[]  = { "/bin/sh", "-c", "echo started >/tmp/started", NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv, .working_directory = folder };
    process_handle_t                process = 0;
    if (containerv_spawn(container, "/bin/sh", &spawn, &process) == 0)
        fail_msg("'%s' was taken as a working folder", folder);
}

static void T2_no_working_folder_through_a_descriptor(void** state)
{
    static const char* const others[] = { "/proc/1/fd/3", "/proc/1/root", "/proc/1/cwd", "/proc/self/fd/3/../..",
        "/proc/thread-self/fd/4", "/proc/self/cwd" };
    char                     path[64];
    (void)state;
    for (int init = 0; init <= 1; init++) {
        struct containerv_container* container = container_of_kind(init);
        PRINTS("up", container, "rm -f /tmp/started; echo up");
        for (int fd = LOW_FD; fd <= HIGH_FD; fd++) {
            assert_int_equal(cv_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd), 0);
            refuse_folder(container, path);
        }
        for (size_t i = 0; i < CV_ARRAY_LEN(others); i++)
            refuse_folder(container, others[i]);
        PRINTS("gone", container, "[ -e /tmp/started ] || echo gone");
        OK(containerv_destroy(container));
    }
}

static void T11_nothing_is_inherited(void** state)
{
    static const char script[] =
        "awk '/^Cap(Inh|Amb)/ && $2 !~ /^0+$/ { print } /^NoNewPrivs|^Seccomp:/ { print $2 }' /proc/self/status";
    char output[OUTPUT_MAX];
    (void)state;
    for (int init = 0; init <= 1; init++) {
        struct containerv_container* container = container_of_kind(init);
        for (size_t i = 0; i < CV_ARRAY_LEN(users); i++) {
            struct containerv_spawn_options spawn = { .user = users[i] };
            assert_int_equal(suite_run_with(container, script, &spawn, output), 0);
            assert_string_equal(output, "1\n2"); /* no new privileges, a filter, and no line of capabilities */
        }
        OK(containerv_destroy(container));
    }
}

static void T15_odd_users_are_errors(void** state)
{
    static const char* const     odd[]     = { "-1", "+0", "0x0", " 0", "0 ", "4294967295", "4294967296",
                "18446744073709551616", "1e3", "1000:1000:1000", "0:-1", "0:+0", "0: 0", "no-such", "root:no-such",
                "../etc/passwd", "%d", "::", "65536", "0:65536" };
    const char* const            argv[]    = { "/bin/true", NULL };
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(odd); i++) {
        struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv, .user = odd[i] };
        process_handle_t                process = 0;
        if (containerv_spawn(container, "/bin/true", &spawn, &process) == 0)
            fail_msg("'%s' was taken as a user", odd[i]);
    }
    OK(containerv_destroy(container));
}

/* Who is in the container may stop a process that was cloned and has not become its program yet. That must not stop the guardian. */
static void one_that_is_stopped_holds_nobody_up(void** state)
{
    const char* const               stopper[] = { "/bin/sh", "-c", "while :; do kill -STOP -1; done", NULL };
    const char* const               stopped[] = { "/bin/true", NULL };
    struct containerv_container*    container = suite_container(NULL);
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = stopper };
    process_handle_t                process   = 0;
    int                             result    = 0;
    (void)state;
    OK(containerv_spawn(container, stopper[0], &spawn, &process));
    spawn.argv = stopped;
    for (int tries = 0; tries < STOP_TRIES && result == 0; tries++) /* it may be stopped a bit too late */
        result = containerv_spawn(container, stopped[0], &spawn, &process);
    assert_int_equal(result, CV_ERR_TIMEOUT);
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T1_exactly_three_descriptors),
        cmocka_unit_test(T2_no_working_folder_through_a_descriptor),
        cmocka_unit_test(T11_nothing_is_inherited),
        cmocka_unit_test(T15_odd_users_are_errors),
        cmocka_unit_test(one_that_is_stopped_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
