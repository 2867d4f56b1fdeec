/* Containers of this process, used by others: children that the library knows nothing about. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/file.h>

#include "clients.h"

enum { WAITERS = 50 };

/* --- opened by another process ------------------------------------------------------------------------------------------------- */

static bool uses_it(const char* id)
{
    const char* const               argv[]    = { "/bin/sh", "-c", "echo there >/from-another; exit 3", NULL };
    struct containerv_container*    container = NULL;
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    struct containerv_spawn_options spawn     = {
            .size = sizeof(spawn), .argv = argv, .flags = CV_SPAWN_WAIT, .exit_out = &ended
    };
    struct containerv_info info = { .size = sizeof(info) };
    return containerv_open(id, &container) == 0 && containerv_spawn(container, argv[0], &spawn, NULL) == 0
           && ended.code == 3 && containerv_info(container, &info) == 0 && info.supervised == 1
           && info.state == CV_STATE_RUNNING && info.main_process > 0 && info.supervisor > 0
           && containerv_close(container) == 0;
}

static void another_process_runs_a_command_in_it(void** state)
{
    struct containerv_container* container = clients_make("sleep 1000", 0);
    (void)state;
    clients_in_child(uses_it, containerv_id(container));
    PRINTS("there", container, "cat /from-another");
    assert_int_equal(clients_state(container), CV_STATE_RUNNING);
    OK(containerv_destroy(container));
}

/* --- it outlives who made it ----------------------------------------------------------------------------------------------------- */

static bool makes_it(const char* id)
{
    const char* const               argv[]    = { "/bin/sh", "-c", "echo up; sleep 1000", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_options*      options   = containerv_options_new();
    struct containerv_container*    container = NULL;
    return containerv_options_set_id(options, id) == 0 && containerv_options_set_supervised(options, 1) == 0
           && containerv_options_set_command(options, argv[0], &spawn) == 0
           && containerv_create(suite_rootfs(), options, &container) == 0; /* and ends, without a word */
}

static void it_outlives_who_made_it(void** state)
{
    char                         id[ID_SIZE], text[TEXT_MAX];
    struct containerv_container* container = NULL;
    (void)state;
    assert_true(snprintf(id, sizeof(id), "outlives-%d", (int)getpid()) > 0);
    clients_in_child(makes_it, id);
    assert_true(clients_listed(id));
    container = clients_open(id);
    assert_int_equal(clients_state(container), CV_STATE_RUNNING);
    clients_first_line(container);
    OK(containerv_stop(container, 0));
    assert_int_equal(clients_state(container), CV_STATE_STOPPED);
    clients_log(container, text);
    assert_string_equal(text, "up\n");
    OK(containerv_destroy(container));
    assert_false(clients_listed(id));
}

static void a_closed_handle_leaves_it_alone(void** state)
{
    struct containerv_container* container = clients_make("sleep 1000", 0);
    char                         id[ID_SIZE];
    (void)state;
    clients_id(container, id);
    OK(containerv_close(container)); /* the one that made it */
    container = clients_open(id);
    OK(containerv_close(container)); /* and one that opened it */
    container = clients_open(id);
    assert_int_equal(clients_state(container), CV_STATE_RUNNING);
    OK(containerv_destroy(container));
    FAILS(CV_ERR_NOT_FOUND, containerv_open(id, &container));
}

/* --- list ------------------------------------------------------------------------------------------------------------------------ */

static void all_kinds_are_listed_once(void** state)
{
    struct containerv_container* running = clients_make("sleep 1000", 0);
    struct containerv_container* created = clients_make("true", CV_SUPERVISED_DEFER);
    struct containerv_container* stopped = clients_make("true", 0);
    struct containerv_container* ours    = suite_container(NULL);
    char                         id[ID_SIZE];
    (void)state;
    assert_int_equal(clients_wait(stopped), 0);
    assert_true(clients_listed(containerv_id(running)));
    assert_true(clients_listed(containerv_id(created)));
    assert_true(clients_listed(containerv_id(stopped)));
    assert_true(clients_listed(containerv_id(ours)));
    clients_id(stopped, id);
    OK(containerv_destroy(stopped));
    assert_false(clients_listed(id));
    OK(containerv_destroy(running));
    OK(containerv_destroy(created));
    OK(containerv_destroy(ours));
}

/* --- wait ------------------------------------------------------------------------------------------------------------------------ */

/* What a list has told of one container. */
struct listed {
    const char*            id;
    struct containerv_info info;
    int                    count;
};

static int note_info(const char* id, const struct containerv_info* info, void* context)
{
    struct listed* listed = context;
    if (strcmp(id, listed->id) != 0)
        return 0;
    assert_non_null(info);
    listed->info = *info;
    listed->count++;
    return 0;
}

static void list_info(const char* id, struct listed* listed_out)
{
    *listed_out = (struct listed){ .id = id };
    OK(containerv_list_info(note_info, listed_out));
    assert_int_equal(listed_out->count, 1);
}

static void a_list_tells_what_is_known_of_each(void** state)
{
    struct containerv_container* container = clients_make("sleep 1000", 0);
    struct containerv_container* held      = NULL;
    uint64_t                     features  = 0;
    struct listed                listed;
    (void)state;
    list_info(containerv_id(container), &listed);
    assert_int_equal(listed.info.state, CV_STATE_RUNNING);
    assert_int_equal(listed.info.supervised, 1);
    assert_string_equal(listed.info.command, "/bin/sh -c sleep 1000");
    OK(containerv_features(NULL, &features));
    if ((features & CV_FEATURE_PAUSE) != 0) { /* a plain user may have no cgroup */
        OK(containerv_pause(container));
        list_info(containerv_id(container), &listed);
        assert_int_equal(listed.info.state, CV_STATE_PAUSED);
        OK(containerv_resume(container));
    }
    assert_int_equal(kill((pid_t)listed.info.supervisor, SIGKILL), 0); /* and no other call looks at it meanwhile */
    OK(containerv_wait(container, CV_PROCESS_MAIN, -1, NULL));
    list_info(containerv_id(container), &listed);
    assert_int_equal(listed.info.state, CV_STATE_STOPPED);
    assert_int_equal(listed.info.exit.reason, CV_EXIT_LOST);
    assert_int_equal(listed.info.exit.code, CV_EXIT_CODE_LOST);
    OK(containerv_destroy(container));
    OK(containerv_create(suite_rootfs(), NULL, &held));
    list_info(containerv_id(held), &listed);
    assert_int_equal(listed.info.supervised, 0);
    assert_int_equal(listed.info.state, CV_STATE_CREATED);
    OK(containerv_destroy(held));
}

static void* waits(void* data)
{
    struct containerv_container* container = data;
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    return containerv_wait(container, CV_PROCESS_MAIN, -1, &ended) == 0 && ended.code == 7 ? data : NULL;
}

static bool waits_too(const char* id)
{
    struct containerv_container* container = NULL;
    return containerv_open(id, &container) == 0 && waits(container) != NULL;
}

static void all_that_wait_are_told(void** state)
{
    struct containerv_container* container = clients_make("mkfifo /go; read x </go; exit 7", 0);
    pthread_t                    threads[WAITERS];
    char                         output[OUTPUT_MAX];
    int                          child;
    (void)state;
    child = clients_fork(waits_too, containerv_id(container));
    for (size_t i = 0; i < WAITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, waits, container), 0);
    suite_run(container, "until [ -p /go ]; do :; done; echo now >/go",
        output); /* it may be killed by the end that it brings about */
    for (size_t i = 0; i < WAITERS; i++) {
        void* result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
    clients_reap(child);
    OK(containerv_destroy(container));
}

static void a_wait_on_a_stopped_one_is_answered_from_its_record(void** state)
{
    struct containerv_container* container = clients_make("exit 5", 0);
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    char                         id[ID_SIZE];
    (void)state;
    clients_id(container, id);
    assert_int_equal(clients_wait(container), 5);
    OK(containerv_close(container));
    container = clients_open(id);
    OK(containerv_wait(container, CV_PROCESS_MAIN, 0, &ended));
    assert_int_equal(ended.code, 5);
    assert_int_equal(ended.reason, CV_EXIT_EXITED);
    assert_true(ended.end_ns > 0);
    OK(containerv_destroy(container));
}

static void the_end_of_a_further_process_is_not_lost_with_its_container(void** state)
{
    const char* const               argv[]    = { "/bin/sh", "-c", "exit 9", NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_container*    container = clients_make("sleep 1000", 0);
    struct containerv_exit          ended     = { .size = sizeof(ended) };
    struct containerv_event         event     = { .size = sizeof(event) };
    containerv_handle_t             handle;
    process_handle_t                process;
    (void)state;
    OK(containerv_event_fd(container, &handle));
    OK(containerv_spawn(container, argv[0], &spawn, &process));
    while (containerv_events(container, &event) != 0 || event.kind != CV_EVENT_EXITED) {
        struct pollfd entry = { .fd = handle, .events = POLLIN };
        assert_true(poll(&entry, 1, -1) == 1);
    }
    OK(containerv_stop(container, 0));
    OK(containerv_wait(container, process, -1, &ended)); /* nobody is there to be asked */
    assert_int_equal(ended.code, 9);
    FAILS(CV_ERR_STATE, containerv_wait(container, process + 1, -1, &ended));
    OK(containerv_destroy(container));
}

static void a_wait_has_its_time(void** state)
{
    struct containerv_container* container = clients_make("sleep 1000", 0);
    (void)state;
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, CV_PROCESS_MAIN, 0, NULL));
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, CV_PROCESS_MAIN, 50, NULL));
    OK(containerv_destroy(container));
    container = clients_make("true", CV_SUPERVISED_DEFER);
    FAILS(CV_ERR_STATE, containerv_wait(container, CV_PROCESS_MAIN, -1, NULL));
    OK(containerv_destroy(container));
}

/* --- what needs one that runs ---------------------------------------------------------------------------------------------------- */

static void what_needs_a_running_one_says_to_start_it(struct containerv_container* container)
{
    const char* const               argv[] = { "/bin/true", NULL };
    struct containerv_spawn_options spawn  = { .size = sizeof(spawn), .argv = argv };
    struct containerv_stats         stats  = { .size = sizeof(stats) };
    process_handle_t                process;
    containerv_handle_t             handle;
    FAILS(CV_ERR_STATE, containerv_spawn(container, argv[0], &spawn, &process));
    assert_non_null(strstr(containerv_error_last()->hint, "start it"));
    FAILS(CV_ERR_STATE, containerv_stats(container, &stats));
    assert_non_null(strstr(containerv_error_last()->hint, "start it"));
    FAILS(CV_ERR_STATE, containerv_pause(container));
    FAILS(CV_ERR_STATE, containerv_signal(container, CV_PROCESS_MAIN, 15));
    FAILS(CV_ERR_STATE, containerv_kill(container));
    FAILS(CV_ERR_STATE, containerv_attach_input(container, &handle));
    OK(containerv_stop(container, 0));
}

static void one_that_does_not_run_is_not_to_be_used(void** state)
{
    struct containerv_container* container = clients_make("true", CV_SUPERVISED_DEFER);
    char*                        text      = NULL;
    (void)state;
    assert_int_equal(clients_state(container), CV_STATE_CREATED);
    what_needs_a_running_one_says_to_start_it(container);
    OK(containerv_start(container));
    assert_int_equal(clients_wait(container), 0);
    assert_int_equal(clients_state(container), CV_STATE_STOPPED);
    what_needs_a_running_one_says_to_start_it(container);
    OK(containerv_inspect(container, &text));
    assert_non_null(strstr(text, "supervision"));
    containerv_free(text);
    OK(containerv_destroy(container));
}

/* --- copies to and from one that does not run -------------------------------------------------------------------------------------- */

static void its_files_are_reached_while_it_rests(void** state)
{
    struct containerv_container* container = clients_make("cat /in; echo out >/out", CV_SUPERVISED_DEFER);
    char                         in[]      = "/tmp/cv-supervised-in-XXXXXX", out[sizeof(in) + 8], text[TEXT_MAX];
    int                          fd        = mkstemp(in);
    (void)state;
    assert_int_equal(write(fd, "hello\n", 6), 6);
    close(fd);
    assert_true(snprintf(out, sizeof(out), "%s.out", in) > 0);
    OK(containerv_copy(container, CV_COPY_TO_CONTAINER, in, "/in", NULL));
    assert_int_equal(clients_state(container), CV_STATE_CREATED);
    OK(containerv_start(container));
    assert_int_equal(clients_wait(container), 0);
    clients_log(container, text);
    assert_string_equal(text, "hello\n");
    OK(containerv_copy(container, CV_COPY_TO_HOST, "/out", out, NULL));
    assert_int_equal(clients_state(container), CV_STATE_STOPPED);
    assert_true(cv_path_exists(out));
    OK(containerv_start(container));
    OK(containerv_destroy(container));
    unlink(in);
    unlink(out);
}

/* --- destroy ----------------------------------------------------------------------------------------------------------------------- */

static void destroy_takes_all_away(void** state)
{
    struct containerv_container* running = clients_make("sleep 1000", 0);
    struct containerv_container* created = clients_make("true", CV_SUPERVISED_DEFER);
    struct containerv_container* stopped = clients_make("true", 0);
    struct containerv_container* again   = NULL;
    struct containerv_container* list[]  = { running, created, stopped };
    char                         id[ID_SIZE];
    (void)state;
    clients_wait(stopped);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        clients_id(list[i], id);
        again = clients_open(id);
        OK(containerv_destroy(list[i]));
        assert_false(clients_listed(id));
        FAILS(CV_ERR_NOT_FOUND, containerv_start(again)); /* by a handle of its own */
        FAILS(CV_ERR_NOT_FOUND, containerv_destroy(again));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_process_runs_a_command_in_it),
        cmocka_unit_test(it_outlives_who_made_it),
        cmocka_unit_test(a_closed_handle_leaves_it_alone),
        cmocka_unit_test(all_kinds_are_listed_once),
        cmocka_unit_test(a_list_tells_what_is_known_of_each),
        cmocka_unit_test(all_that_wait_are_told),
        cmocka_unit_test(a_wait_on_a_stopped_one_is_answered_from_its_record),
        cmocka_unit_test(the_end_of_a_further_process_is_not_lost_with_its_container),
        cmocka_unit_test(a_wait_has_its_time),
        cmocka_unit_test(one_that_does_not_run_is_not_to_be_used),
        cmocka_unit_test(its_files_are_reached_while_it_rests),
        cmocka_unit_test(destroy_takes_all_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
