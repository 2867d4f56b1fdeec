/* Creating, naming and destroying containers; their state; their main process. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static void create_and_destroy(void** state)
{
    enum containerv_state        current   = 0;
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_CREATED);
    assert_int_equal(strlen(containerv_id(container)), 16);
    PRINTS("hello", container, "echo hello");
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_RUNNING);
    OK(containerv_destroy(container));
}

static void an_id_is_taken_once(void** state)
{
    struct containerv_container *one = NULL, *two = NULL;
    struct containerv_options*   options = containerv_options_new();
    (void)state;
    OK(containerv_options_set_id(options, "suite-box"));
    OK(containerv_create(suite_rootfs(), options, &one));
    assert_string_equal(containerv_id(one), "suite-box");
    FAILS(CV_ERR_EXISTS, containerv_create(suite_rootfs(), options, &two));
    assert_non_null(strstr(containerv_error_last()->text, "suite-box"));
    PRINTS("alive", one, "echo alive"); /* the failure took nothing from it */
    OK(containerv_destroy(one));
    OK(containerv_create(suite_rootfs(), options, &two));
    OK(containerv_destroy(two));
    containerv_options_delete(options);
}

static void a_root_that_is_not_there_is_told(void** state)
{
    struct containerv_container* container = NULL;
    (void)state;
    FAILS(CV_ERR_NOT_FOUND, containerv_create("/no/such/root", NULL, &container));
    assert_non_null(strstr(containerv_error_last()->object, "/no/such/root"));
    assert_null(container);
}

static void many_live_side_by_side(void** state)
{
    struct containerv_container* containers[8];
    (void)state;
    for (size_t i = 0; i < 8; i++)
        containers[i] = suite_container(NULL);
    for (size_t i = 0; i < 8; i++)
        PRINTS("x", containers[i], "echo x");
    for (size_t i = 0; i < 8; i++)
        OK(containerv_destroy(containers[i]));
}

static void destroy_ends_what_runs(void** state)
{
    struct containerv_container*    container = suite_container(NULL);
    const char* const               argv[]    = { "/bin/sleep", "1000", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    process_handle_t                handle;
    (void)state;
    OK(containerv_spawn(container, "/bin/sleep", &spawn, &handle));
    OK(containerv_destroy(container));
}

static void the_commands_end_stops_the_container(void** state)
{
    const char* const               argv[]  = { "/bin/sh", "-c", "exit 42", NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
    struct containerv_options*      options = containerv_options_new();
    struct containerv_exit          ended   = { .size = sizeof(ended) };
    enum containerv_state           current = 0;
    process_handle_t                handle;
    (void)state;
    OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    struct containerv_container* container = suite_container(options);
    for (int i = 0; i < 2; i++) { /* as often as one likes */
        OK(containerv_wait(container, CV_PROCESS_MAIN, -1, &ended));
        assert_int_equal(ended.code, 42);
        assert_int_equal(ended.reason, CV_EXIT_EXITED);
    }
    assert_true(ended.start_ns > 0 && ended.end_ns >= ended.start_ns);
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_STOPPED);
    FAILS(CV_ERR_STATE, containerv_spawn(container, "/bin/true", NULL, &handle));
    FAILS(CV_ERR_STATE, containerv_kill(container));
    FAILS(CV_ERR_STATE, containerv_pause(container));
    OK(containerv_destroy(container));
}

static void a_command_that_is_not_there_fails_the_create(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = containerv_options_new();
    (void)state;
    OK(containerv_options_set_id(options, "suite-failed"));
    OK(containerv_options_set_command(options, "/no/such/program", NULL));
    FAILS(CV_ERR_NOT_FOUND, containerv_create(suite_rootfs(), options, &container));
    assert_non_null(strstr(containerv_error_last()->object, "/no/such/program"));
    assert_null(container);
    OK(containerv_options_set_command(options, "/bin/true", NULL)); /* nothing is left of it: the id is free */
    OK(containerv_create(suite_rootfs(), options, &container));
    OK(containerv_destroy(container));
    containerv_options_delete(options);
}

static void the_main_process_can_be_signalled(void** state)
{
    const char* const argv[] = { "/bin/sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done", NULL };
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
    struct containerv_options*      options = containerv_options_new();
    struct containerv_exit          ended   = { .size = sizeof(ended) };
    (void)state;
    OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    struct containerv_container* container = suite_container(options);
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, CV_PROCESS_MAIN, 500, &ended)); /* also time for the trap */
    OK(containerv_signal(container, CV_PROCESS_MAIN, 15));
    OK(containerv_wait(container, CV_PROCESS_MAIN, 10000, &ended));
    assert_int_equal(ended.code, 9);
    OK(containerv_destroy(container));
}

static void init_is_pid_1_unless_it_is_off(void** state)
{
    char                   output[OUTPUT_MAX];
    struct containerv_exit ended;
    (void)state;
    suite_command(containerv_options_new(), "echo $$", output, &ended);
    assert_int_equal(ended.code, 0);
    assert_string_not_equal(output, "1");
    NEED(CV_FEATURE_PID1);
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_init(options, 0));
    suite_command(options, "echo $$; exit 3", output, &ended);
    assert_string_equal(output, "1");
    assert_int_equal(ended.code, 3);
}

static void inspect_names_the_container(void** state)
{
    char*                        text      = NULL;
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    OK(containerv_inspect(container, &text));
    assert_non_null(strstr(text, containerv_id(container)));
    containerv_free(text);
    OK(containerv_destroy(container));
}

/* In another process: a spawn, a kill of what is spawned, the state, all that is not a return of the line. */
static int use_by_id(const char* id)
{
    const char* const               argv[] = { "/bin/sh", "-c", "exit 5", NULL };
    struct containerv_exit          ended  = { .size = sizeof(ended) };
    struct containerv_spawn_options spawn  = {
         .size = sizeof(spawn), .argv = argv, .flags = CV_SPAWN_WAIT, .exit_out = &ended
    };
    struct containerv_container* opened  = NULL;
    struct containerv_container* nothing = NULL;
    enum containerv_state        current = 0;
    if (containerv_open("no-such-one", &nothing) != CV_ERR_NOT_FOUND || nothing != NULL)
        return 1;
    if (containerv_open(id, &opened) != 0 || strcmp(containerv_id(opened), id) != 0)
        return 2;
    if (containerv_state(opened, &current) != 0 || current != CV_STATE_RUNNING)
        return 3;
    if (containerv_spawn(opened, "/bin/sh", &spawn, NULL) != 0 || ended.code != 5)
        return 4;
    return containerv_close(opened) == 0 ? 0 : 5;
}

static int count_it(const char* id, void* context)
{
    struct {
        const char* id;
        int         count;
    }* wanted = context;
    wanted->count += strcmp(id, wanted->id) == 0;
    return 0;
}

static void another_process_reaches_it_by_its_id(void** state)
{
    NEED(CV_FEATURE_OPEN);
    struct containerv_container* container = suite_container(NULL);
    struct {
        const char* id;
        int         count;
    } wanted    = { containerv_id(container), 0 };
    int   raw   = -1;
    pid_t child = -1;
    (void)state;
    PRINTS("x", container, "echo x");
    OK(containerv_list(count_it, &wanted));
    assert_int_equal(wanted.count, 1);
    child = fork();
    if (child == 0)
        _exit(use_by_id(wanted.id));
    assert_int_equal(waitpid(child, &raw, 0), child);
    assert_int_equal(raw, 0);
    PRINTS("y", container, "echo y");
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_and_destroy),
        cmocka_unit_test(an_id_is_taken_once),
        cmocka_unit_test(a_root_that_is_not_there_is_told),
        cmocka_unit_test(many_live_side_by_side),
        cmocka_unit_test(destroy_ends_what_runs),
        cmocka_unit_test(the_commands_end_stops_the_container),
        cmocka_unit_test(a_command_that_is_not_there_fails_the_create),
        cmocka_unit_test(the_main_process_can_be_signalled),
        cmocka_unit_test(init_is_pid_1_unless_it_is_off),
        cmocka_unit_test(inspect_names_the_container),
        cmocka_unit_test(another_process_reaches_it_by_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
