/* Starts, stops and losses, and what the journal tells of them. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/str.h>

#include "clients.h"

enum { STARTERS = 4, TURNS = 5, SLOW_MS = 150 };

static void files_stay_over_starts(void** state)
{
    struct containerv_container* container = clients_make("echo run >>/runs; cat /runs", CV_SUPERVISED_DEFER);
    struct containerv_info       info      = { .size = sizeof(info) };
    char                         text[TEXT_MAX];
    (void)state;
    for (int i = 0; i < 3; i++) {
        OK(containerv_start(container));
        assert_int_equal(clients_wait(container), 0);
    }
    clients_log(container, text);
    assert_string_equal(text, "run\nrun\nrun\nrun\nrun\nrun\n");
    OK(containerv_info(container, &info));
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.has_exit, 1);
    assert_int_equal(info.supervisor, 0);
    assert_true(info.created_ns > 0 && info.started_ns >= info.created_ns && info.finished_ns >= info.started_ns);
    OK(containerv_destroy(container));
}

static void it_is_stopped_and_started_in_turn(void** state)
{
    struct containerv_container* container =
        clients_make("trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done", 0);
    char text[TEXT_MAX];
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct containerv_log_record record = { .size = sizeof(record) };
        struct containerv_log*       log    = NULL;
        uint64_t                     offset = 0;
        FAILS(CV_ERR_STATE, containerv_start(container));
        OK(containerv_log_tail(container, 1, &offset));
        OK(containerv_log_open(container, i == 0 ? 0 : offset, &log));
        OK(containerv_log_read(log, -1, &record));
        containerv_log_close(log);
        OK(containerv_stop(container, -1));
        assert_int_equal(clients_state(container), CV_STATE_STOPPED);
        OK(containerv_stop(container, -1));
        OK(containerv_start(container));
        assert_int_equal(clients_state(container), CV_STATE_RUNNING);
    }
    OK(containerv_stop(container, 0));
    clients_log(container, text);
    OK(containerv_destroy(container));
}

/* --- at the same time ----------------------------------------------------------------------------------------------------------------- */

/* What may be told when others are at it too: that it runs, that it does not, that it has just ended. */
static bool is_fair(int rc)
{
    return rc == 0 || rc == CV_ERR_STATE;
}

static bool starts_and_stops(const char* id)
{
    struct containerv_container* container = NULL;
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    enum containerv_state        now       = 0;
    if (containerv_open(id, &container) < 0)
        return false;
    for (int i = 0; i < TURNS; i++)
        if (!is_fair(containerv_start(container)) || containerv_state(container, &now) < 0
            || !is_fair(containerv_stop(container, 0))
            || containerv_wait(container, CV_PROCESS_MAIN, 10000, &ended) < 0)
            return false;
    return containerv_close(container) == 0;
}

static void several_processes_start_and_stop_it(void** state)
{
    struct containerv_container* container = clients_make("sleep 1000", 0);
    int                          children[STARTERS];
    (void)state;
    for (int i = 0; i < STARTERS; i++)
        children[i] = clients_fork(starts_and_stops, containerv_id(container));
    for (int i = 0; i < STARTERS; i++)
        clients_reap(children[i]);
    OK(containerv_stop(container, 0));
    assert_int_equal(clients_state(container), CV_STATE_STOPPED);
    OK(containerv_destroy(container));
}

static bool destroys_it(const char* id)
{
    struct containerv_container* container = NULL;
    int                          rc        = containerv_open(id, &container);
    if (rc == 0)
        rc = containerv_destroy(container);
    return rc == 0 || rc == CV_ERR_NOT_FOUND;
}

static void several_processes_destroy_it(void** state)
{
    int  children[STARTERS];
    char id[ID_SIZE];
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct containerv_container* container = clients_make("sleep 1000", i % 2 == 0 ? 0 : CV_SUPERVISED_DEFER);
        clients_id(container, id);
        OK(containerv_close(container));
        for (int k = 0; k < STARTERS; k++)
            children[k] = clients_fork(destroys_it, id);
        for (int k = 0; k < STARTERS; k++)
            clients_reap(children[k]);
        assert_false(clients_listed(id));
        FAILS(CV_ERR_NOT_FOUND, containerv_open(id, &container));
    }
}

/* --- input ------------------------------------------------------------------------------------------------------------------------- */

static void what_is_written_to_its_input_it_reads(void** state)
{
    struct containerv_container* container = clients_make("cat; echo end", CV_SUPERVISED_STDIN);
    containerv_handle_t          input     = -1;
    char                         text[TEXT_MAX];
    (void)state;
    OK(containerv_attach_input(container, &input));
    assert_int_equal(write(input, "hello\n", 6), 6);
    close(input);
    OK(containerv_attach_input(container, &input)); /* it did not end with the first */
    assert_int_equal(write(input, "again\n", 6), 6);
    OK(containerv_close_input(container));
    close(input);
    assert_int_equal(clients_wait(container), 0);
    clients_log(container, text);
    assert_string_equal(text, "hello\nagain\nend\n");
    OK(containerv_destroy(container));
    container = clients_make("sleep 1000", 0);
    FAILS(CV_ERR_STATE, containerv_attach_input(container, &input));
    OK(containerv_destroy(container));
}

static struct containerv_container* with_terminal(const char* script)
{
    const char* const               argv[]    = { "/bin/sh", "-c", script, NULL };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv, .flags = CV_SPAWN_TERMINAL };
    struct containerv_options*      options   = containerv_options_new();
    struct containerv_container*    container = NULL;
    OK(containerv_options_set_supervised(options, 1));
    OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    int rc = containerv_create(suite_rootfs(), options, &container);
    containerv_options_delete(options);
    OK(rc);
    return container;
}

static void its_terminal_is_its_input_and_its_log(void** state)
{
    struct containerv_container* container = with_terminal("stty -echo; echo ready; read line; echo got $line; tty");
    containerv_handle_t          input     = -1;
    char                         text[TEXT_MAX];
    (void)state;
    clients_first_line(container);
    OK(containerv_resize(container, CV_PROCESS_MAIN, 100, 40));
    OK(containerv_attach_input(container, &input));
    assert_int_equal(write(input, "hello\n", 6), 6);
    close(input);
    assert_int_equal(clients_wait(container), 0);
    clients_log(container, text);
    assert_non_null(strstr(text, "ready\r\n"));
    assert_non_null(strstr(text, "got hello\r\n/dev/pts/"));
    OK(containerv_destroy(container));
}

/* --- restarts ---------------------------------------------------------------------------------------------------------------------- */

static void a_follower_reads_over_restarts_to_the_last_end(void** state)
{
    const struct containerv_supervision supervision = { .restart = CV_RESTART_ON_FAILURE, .restart_max = 2 };
    struct containerv_container*        container   = clients_make_with("echo run; exit 8", &supervision);
    struct containerv_info              info        = { .size = sizeof(info) };
    char                                text[TEXT_MAX];
    (void)state;
    clients_log(container, text);
    assert_string_equal(text, "run\nrun\nrun\n");
    assert_int_equal(clients_wait(container), 8);
    OK(containerv_info(container, &info));
    assert_int_equal(info.restarts, 2);
    assert_int_equal(info.state, CV_STATE_STOPPED);
    OK(containerv_destroy(container));
}

/* --- the supervisor is killed ------------------------------------------------------------------------------------------------------- */

static void an_end_that_nobody_saw_is_lost(void** state)
{
    struct containerv_container* container = clients_make("echo before; sleep 1000", 0);
    struct containerv_info       info      = { .size = sizeof(info) };
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    struct containerv_log_record record    = { .size = sizeof(record) };
    struct containerv_log*       log       = NULL;
    (void)state;
    OK(containerv_info(container, &info));
    OK(containerv_log_open(container, 0, &log));
    OK(containerv_log_read(log, -1, &record));
    assert_int_equal(kill((pid_t)info.supervisor, SIGKILL), 0);
    assert_int_equal(containerv_log_read(log, -1, &record), 1); /* a follower is woken */
    containerv_log_close(log);
    OK(containerv_wait(container, CV_PROCESS_MAIN, -1, &ended));
    assert_int_equal(ended.reason, CV_EXIT_LOST);
    OK(containerv_info(container, &info));
    assert_int_equal(info.state, CV_STATE_STOPPED);
    assert_int_equal(info.exit.reason, CV_EXIT_LOST);
    OK(containerv_start(container)); /* and it can be started again */
    assert_int_equal(clients_state(container), CV_STATE_RUNNING);
    OK(containerv_destroy(container));
}

/* The lock of the container, as its supervisor has it: it is held until both have closed it. */
static int share_lock(const struct containerv_info* info)
{
    int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)info->supervisor, 0);
    int lock  = -1;
    assert_true(pidfd >= 0);
    for (int fd = 3; fd < 256 && lock < 0; fd++) {
        char path[64], target[256] = "";
        assert_int_equal(cv_snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)info->supervisor, fd), 0);
        if (readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "/c-") != NULL
            && strcmp(target + strlen(target) - 5, "/lock") == 0)
            lock = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    }
    close(pidfd);
    assert_true(lock >= 0);
    return lock;
}

/* As on a machine that is so busy that a supervisor which is killed takes a while over its end. */
static int kill_slowly(struct containerv_container* container)
{
    struct containerv_info info = { .size = sizeof(info) };
    OK(containerv_info(container, &info));
    int   lock = share_lock(&info);
    pid_t pid  = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        poll(NULL, 0, SLOW_MS);
        _exit(0);
    }
    close(lock);
    struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, (pid_t)info.supervisor, 0), .events = POLLIN };
    assert_int_equal(kill((pid_t)info.supervisor, SIGKILL), 0);
    assert_int_equal(poll(&ended, 1, 20000), 1);
    close(ended.fd);
    return (int)pid;
}

static int stop_it(struct containerv_container* container)
{
    return containerv_stop(container, 0);
}

static int wait_for_it(struct containerv_container* container)
{
    return containerv_wait(container, CV_PROCESS_MAIN, -1, NULL);
}

static int copy_to_it(struct containerv_container* container)
{
    const char* const from[] = { "/etc/passwd" };
    const char* const to[]   = { "/copied" };
    return containerv_upload(container, from, to, 1);
}

static int look_at_it(struct containerv_container* container)
{
    enum containerv_state state = CV_STATE_RUNNING;
    int                   rc    = containerv_state(container, &state);
    return rc == 0 && state != CV_STATE_STOPPED ? CV_ERR_STATE : rc;
}

static void one_whose_supervisor_is_just_dying_is_waited_for(void** state)
{
    static int (*const calls[])(struct containerv_container*) = { stop_it, wait_for_it, copy_to_it, look_at_it,
        containerv_start, containerv_destroy };
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct containerv_container* container = clients_make("sleep 1000", 0);
        int                          slow      = kill_slowly(container);
        print_message("call %zu\n", i);
        OK(calls[i](container));
        clients_reap(slow);
        if (calls[i] != containerv_destroy)
            OK(containerv_destroy(container));
    }
}

/* --- events -------------------------------------------------------------------------------------------------------------------------- */

static void await(containerv_handle_t handle)
{
    struct pollfd entry = { .fd = handle, .events = POLLIN };
    assert_int_equal(poll(&entry, 1, 10000), 1);
}

static void next_is(struct containerv_container* container, containerv_handle_t handle, uint32_t kind)
{
    struct containerv_event event = { .size = sizeof(event) };
    int                     rc;
    while ((rc = containerv_events(container, &event)) == CV_ERR_TIMEOUT)
        await(handle);
    OK(rc);
    assert_int_equal(event.kind, kind);
    assert_true(event.time_ns > 0);
}

static void its_events_are_those_of_the_journal(void** state)
{
    struct containerv_container* other     = clients_make("true", 0);
    struct containerv_container* container = clients_make("exit 6", CV_SUPERVISED_DEFER);
    containerv_handle_t          handle    = -1;
    (void)state;
    OK(containerv_event_fd(container, &handle));
    OK(containerv_start(container));
    next_is(container, handle, CV_EVENT_CREATED);
    next_is(container, handle, CV_EVENT_STARTED);
    next_is(container, handle, CV_EVENT_EXITED);
    next_is(container, handle, CV_EVENT_STOPPED);
    OK(containerv_destroy(container));
    OK(containerv_destroy(other));
}

static void the_journal_outlives_the_container(void** state)
{
    struct containerv_journal_entry entry   = { .size = sizeof(entry) };
    struct containerv_journal*      journal = NULL;
    char                            id[ID_SIZE];
    uint32_t kinds[] = { CV_EVENT_CREATED, CV_EVENT_STARTED, CV_EVENT_EXITED, CV_EVENT_STOPPED, CV_EVENT_DESTROYED };
    size_t   seen    = 0;
    (void)state;
    OK(containerv_journal_open(-1, &journal));
    struct containerv_container* container = clients_make("exit 6", 0);
    clients_id(container, id);
    clients_wait(container);
    OK(containerv_destroy(container));
    while (seen < sizeof(kinds) / sizeof(kinds[0])) {
        OK(containerv_journal_read(journal, 10000, &entry));
        if (strcmp(entry.id, id) != 0)
            continue;
        assert_int_equal(entry.kind, kinds[seen++]);
        if (entry.kind == CV_EVENT_EXITED)
            assert_int_equal(entry.exit.code, 6);
    }
    containerv_journal_close(journal);
}

static void one_that_goes_by_itself_tells_its_end(void** state)
{
    struct containerv_container* container = clients_make("exit 9", CV_SUPERVISED_REMOVE);
    char                         id[ID_SIZE];
    (void)state;
    clients_id(container, id);
    assert_int_equal(clients_wait(container), 9);
    assert_false(clients_listed(id));
    assert_int_equal(clients_wait(container), 9); /* by the journal */
    OK(containerv_close(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_stay_over_starts),
        cmocka_unit_test(it_is_stopped_and_started_in_turn),
        cmocka_unit_test(several_processes_start_and_stop_it),
        cmocka_unit_test(several_processes_destroy_it),
        cmocka_unit_test(what_is_written_to_its_input_it_reads),
        cmocka_unit_test(its_terminal_is_its_input_and_its_log),
        cmocka_unit_test(a_follower_reads_over_restarts_to_the_last_end),
        cmocka_unit_test(an_end_that_nobody_saw_is_lost),
        cmocka_unit_test(one_whose_supervisor_is_just_dying_is_waited_for),
        cmocka_unit_test(its_events_are_those_of_the_journal),
        cmocka_unit_test(the_journal_outlives_the_container),
        cmocka_unit_test(one_that_goes_by_itself_tells_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
