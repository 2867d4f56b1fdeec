#include "core-test.h"

static void pause_and_resume_need_the_right_state(void** state)
{
    struct containerv_container* container = test_container(NULL);
    enum containerv_state        current   = 0;
    process_handle_t             handle;
    (void)state;
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_CREATED);
    FAILS(CV_ERR_STATE, containerv_resume(container));
    OK(containerv_spawn(container, "/x", NULL, &handle));
    OK(containerv_pause(container));
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_PAUSED);
    FAILS(CV_ERR_STATE, containerv_pause(container));
    FAILS(CV_ERR_STATE, containerv_spawn(container, "/y", NULL, &handle));
    OK(containerv_signal(container, handle, 1));
    OK(containerv_resume(container));
    OK(containerv_state(container, &current));
    assert_int_equal(current, CV_STATE_RUNNING);
    OK(containerv_pause(container));
    OK(containerv_kill(container));
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(pause_and_resume_need_the_right_state) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
