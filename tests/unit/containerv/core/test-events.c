#include "core-test.h"

static void next_is(struct containerv_container* container, uint32_t kind, process_handle_t process)
{
    struct containerv_event event = { .size = sizeof(event) };
    OK(containerv_events(container, &event));
    assert_int_equal(event.kind, kind);
    assert_true(event.process == process);
    assert_true(event.time_ns > 0);
}

static void events_come_in_order(void** state)
{
    struct containerv_container* container = test_container(NULL);
    struct containerv_event      event     = { .size = sizeof(event) };
    containerv_handle_t          handle;
    process_handle_t             process;
    (void)state;
    FAILS(CV_ERR_TIMEOUT, containerv_events(container, &event));
    OK(containerv_event_fd(container, &handle));
    OK(containerv_spawn(container, "/x", NULL, &process));
    OK(containerv_pause(container));
    OK(containerv_resume(container));
    OK(containerv_signal(container, process, 9));
    next_is(container, CV_EVENT_STARTED, process);
    next_is(container, CV_EVENT_PAUSED, CV_PROCESS_MAIN);
    next_is(container, CV_EVENT_RESUMED, CV_PROCESS_MAIN);
    OK(containerv_events(container, &event));
    assert_int_equal(event.kind, CV_EVENT_EXITED);
    assert_int_equal(event.exit.size, sizeof(event.exit));
    assert_int_equal(event.exit.signal, 9);
    FAILS(CV_ERR_TIMEOUT, containerv_events(container, &event));
    OK(containerv_destroy(container));
}

static void sizes_are_kept(void** state)
{
    struct containerv_container* container = test_container(NULL);
    struct containerv_event      event     = { .size = 8, .time_ns = 5 };
    process_handle_t             process;
    (void)state;
    OK(containerv_spawn(container, "/x", NULL, &process));
    OK(containerv_events(container, &event));
    assert_int_equal(event.kind, CV_EVENT_STARTED);
    assert_int_equal(event.time_ns, 5);
    event.size = 0;
    FAILS(CV_ERR_INVALID, containerv_events(container, &event));
    FAILS(CV_ERR_INVALID, containerv_events(container, NULL));
    FAILS(CV_ERR_INVALID, containerv_event_fd(container, NULL));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(events_come_in_order), TEST(sizes_are_kept) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
