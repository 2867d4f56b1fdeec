/* Pause and resume; events and their handle. */
#include <poll.h>

#include <cv/handle.h>

#include "suite.h"

static process_handle_t start(struct containerv_container* container, const char* script, containerv_handle_t output)
{
    const char* const               argv[] = { "/bin/sh", "-c", script, NULL };
    struct containerv_spawn_options spawn  = { .size = sizeof(spawn), .argv = argv };
    process_handle_t                handle = CV_PROCESS_MAIN;
    if (output != CV_HANDLE_NONE)
        spawn.stdio[1] = (struct containerv_stdio){ CV_STDIO_HANDLE, output };
    OK(containerv_spawn(container, "/bin/sh", &spawn, &handle));
    return handle;
}

static void what_is_paused_does_not_run(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    enum containerv_state        current   = 0;
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    process_handle_t             handle, other;
    (void)state;
    NEED(CV_FEATURE_PAUSE);
    handle = start(container, "sleep 0.3; exit 5", CV_HANDLE_NONE);
    FAILS(CV_ERR_STATE, containerv_resume(container));
    OK(containerv_pause(container));
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_PAUSED);
    FAILS(CV_ERR_STATE, containerv_pause(container));
    FAILS(CV_ERR_STATE, containerv_spawn(container, "/bin/true", NULL, &other));
    FAILS(CV_ERR_TIMEOUT, containerv_wait(container, handle, 1000, &ended));
    OK(containerv_resume(container));
    OK(containerv_wait(container, handle, 10000, &ended));
    assert_int_equal(ended.code, 5);
    OK(containerv_destroy(container));
}

static void what_is_paused_can_be_killed(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_exit       ended     = { .size = sizeof(ended) };
    process_handle_t             handle;
    (void)state;
    NEED(CV_FEATURE_PAUSE);
    handle = start(container, "sleep 1000", CV_HANDLE_NONE);
    OK(containerv_pause(container));
    OK(containerv_kill(container));
    OK(containerv_wait(container, handle, 10000, &ended));
    assert_int_equal(ended.signal, 9);
    OK(containerv_destroy(container));
}

static void what_is_paused_can_be_destroyed(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    (void)state;
    NEED(CV_FEATURE_PAUSE);
    start(container, "sleep 1000", CV_HANDLE_NONE);
    OK(containerv_pause(container));
    OK(containerv_destroy(container));
}

/* Events that have not come yet are waited for at the handle, never by asking again and again. */
static struct containerv_event next(struct containerv_container* container, containerv_handle_t handle)
{
    struct containerv_event event = { .size = sizeof(event) };
    struct pollfd           poll_ = { .fd = handle, .events = POLLIN };
    if (poll(&poll_, 1, 10000) != 1)
        fail_msg("no event within ten seconds");
    OK(containerv_events(container, &event));
    return event;
}

static void events_tell_what_happened(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    containerv_handle_t          events;
    process_handle_t             handle;
    (void)state;
    NEED(CV_FEATURE_EVENTS);
    OK(containerv_event_fd(container, &events));
    handle                        = start(container, "exit 6", CV_HANDLE_NONE);
    struct containerv_event event = next(container, events);
    assert_int_equal(event.kind, CV_EVENT_STARTED);
    assert_true(event.process == handle);
    event = next(container, events);
    assert_int_equal(event.kind, CV_EVENT_EXITED);
    assert_true(event.process == handle);
    assert_int_equal(event.exit.code, 6);
    assert_true(event.time_ns > 0);
    OK(containerv_wait(container, handle, 0, NULL)); /* the event took nothing from wait */
    FAILS(CV_ERR_TIMEOUT, containerv_events(container, &event));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_paused_does_not_run),
        cmocka_unit_test(what_is_paused_can_be_killed),
        cmocka_unit_test(what_is_paused_can_be_destroyed),
        cmocka_unit_test(events_tell_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
