#include <stdio.h>
#include <string.h>

#include <cv/error.h>
#include <cv/file.h>

#include "core-test.h"

static void create_survives_every_fault(void** state)
{
    unsigned rounds = 0;
    (void)state;
    for (unsigned n = 1; fake_arm(n); n++, rounds++) {
        struct containerv_options*   options   = test_options();
        struct containerv_container* container = NULL;
        OK(containerv_options_set_command(options, "/bin/true", NULL));
        int rc = containerv_create("/srv/root", options, &container);
        containerv_options_delete(options);
        assert_true((rc < 0) == (container == NULL));
        assert_true(rc == 0 || (rc == CV_ERR_SYSTEM && fake_fired() && containerv_error_last()->code == rc));
        if (rc == 0)
            assert_true((containerv_destroy(container) < 0) == fake_fired());
        assert_int_equal(fake_live(), 0);
    }
    assert_int_equal(rounds, 8); /* six steps of create, that of destroy, and the round that had no fault */
}

static void ids_are_made_up_or_given(void** state)
{
    struct containerv_container *a = test_container(NULL), *b = test_container(NULL);
    (void)state;
    assert_int_equal(strlen(containerv_id(a)), 16);
    assert_int_equal(strspn(containerv_id(a), "0123456789abcdef"), 16);
    assert_string_not_equal(containerv_id(a), containerv_id(b));
    OK(containerv_destroy(a));
    OK(containerv_destroy(b));

    struct containerv_options*   options = test_options();
    struct containerv_container* taken   = NULL;
    OK(containerv_options_set_id(options, "box"));
    OK(containerv_create("/r", options, &a));
    assert_string_equal(containerv_id(a), "box");
    FAILS(CV_ERR_EXISTS, containerv_create("/r", options, &taken));
    assert_null(taken);
    OK(containerv_destroy(a));
    OK(containerv_create("/r", options, &taken));
    OK(containerv_destroy(taken));
    containerv_options_delete(options);
}

static int stop_at_first(const char* id, void* context)
{
    return snprintf(context, 64, "%s", id) > 0 ? 7 : 0;
}

static void handles_of_others_are_closed_without_effect(void** state)
{
    struct containerv_options*   options = test_options();
    struct containerv_container *box = NULL, *opened = NULL;
    enum containerv_state        now;
    process_handle_t             handle;
    char                         found[64] = "";
    (void)state;
    OK(containerv_options_set_id(options, "box"));
    OK(containerv_options_set_user(options, "7:8"));
    OK(containerv_create("/r", options, &box));
    FAILS(CV_ERR_INVALID, containerv_open("../x", &opened));
    FAILS(CV_ERR_INVALID, containerv_open(NULL, &opened));
    FAILS(CV_ERR_INVALID, containerv_open("box", NULL));
    FAILS(CV_ERR_NOT_FOUND, containerv_open("other", &opened));
    FAILS(CV_ERR_INVALID, containerv_list(NULL, NULL));
    FAILS(CV_ERR_INVALID, containerv_list_info(NULL, NULL));
    assert_null(opened);
    assert_int_equal(containerv_list(stop_at_first, found), 7);
    assert_string_equal(found, "box");
    OK(containerv_open("box", &opened));
    assert_string_equal(containerv_id(opened), "box");
    OK(containerv_spawn(opened, "/bin/true", NULL, &handle));
    assert_non_null(strstr(fake_last_process(), "user=7:8"));
    OK(containerv_close(opened));
    OK(containerv_state(box, &now));
    assert_int_equal(now, CV_STATE_RUNNING);
    OK(containerv_close(box)); /* one's own ends with its handle */
    FAILS(CV_ERR_NOT_FOUND, containerv_open("box", &opened));
    assert_int_equal(fake_live(), 0);
    OK(containerv_close(NULL));
    containerv_options_delete(options);
}

static void roots_are_made_absolute(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = test_options();
    (void)state;
    OK(containerv_create("some/folder", options, &container));
    assert_true(cv_path_is_absolute(fake_last_spec()->root.path));
    assert_non_null(strstr(fake_last_spec()->root.path, "folder"));
    OK(containerv_destroy(container));
    FAILS(CV_ERR_INVALID, containerv_create("", options, &container));
    FAILS(CV_ERR_INVALID, containerv_create(NULL, options, &container));
    FAILS(CV_ERR_INVALID, containerv_create("/r", options, NULL));
    containerv_options_delete(options);
}

static void a_required_isolation_that_is_missing_fails_the_create(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = test_options();
    (void)state;
    OK(containerv_options_set_caps(options, CV_CAP_LIMITS));
    FAILS(CV_ERR_UNSUPPORTED, containerv_create("/r", options, &container));
    assert_non_null(strstr(containerv_error_last()->text, "fake"));
    OK(containerv_options_set_caps(options, CV_CAP_NETWORK));
    OK(containerv_options_set_shared(options, CV_SHARE_NETWORK));
    FAILS(CV_ERR_INVALID, containerv_create("/r", options, &container));
    OK(containerv_options_set_shared(options, 0));
    struct containerv_network host = { sizeof(host), CV_NETWORK_HOST, NULL, NULL, NULL };
    OK(containerv_options_set_network(options, &host));
    FAILS(CV_ERR_INVALID, containerv_create("/r", options, &container));
    OK(containerv_options_set_caps(options, 0));
    OK(containerv_create("/r", options, &container));
    OK(containerv_destroy(container));
    containerv_options_delete(options);
}

static int set_limits(struct containerv_options* options)
{
    struct containerv_limits limits = { .size = sizeof(limits), .pids = 5 };
    return containerv_options_set_limits(options, &limits);
}
static int set_supervised(struct containerv_options* options)
{
    return containerv_options_set_supervised(options, 1);
}
static int set_isolation(struct containerv_options* options)
{
    return containerv_options_set_isolation(options, "hyperv");
}

static void what_the_back_end_lacks_fails_the_create_by_name(void** state)
{
    int (*const setters[])(struct containerv_options*) = { set_limits, set_isolation };
    (void)state;
    for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
        struct containerv_container* container = NULL;
        struct containerv_options*   options   = test_options();
        OK(setters[i](options));
        FAILS(CV_ERR_UNSUPPORTED, containerv_create("/r", options, &container));
        assert_non_null(strstr(containerv_error_last()->text, "fake"));
        containerv_options_delete(options);
    }
}

static int set_user(struct containerv_options* options)
{
    return containerv_options_set_user(options, "1000");
}
static int set_groups(struct containerv_options* options)
{
    return containerv_options_set_groups(options, (const char* const[]){ "audio", NULL });
}
static int set_mounts(struct containerv_options* options)
{
    struct containerv_mount mount = { .size = sizeof(mount), .kind = CV_MOUNT_TMPFS, .destination = "/t" };
    return containerv_options_set_mounts(options, &mount, 1);
}
static int set_layers(struct containerv_options* options)
{
    return containerv_options_set_layers(options, (const char* const[]){ "/l" }, 1);
}
static int set_veth(struct containerv_options* options)
{
    struct containerv_network veth = { sizeof(veth), CV_NETWORK_VETH, "10.9.0.2", "24", "10.9.0.1" };
    return containerv_options_set_network(options, &veth);
}
static int set_device(struct containerv_options* options)
{
    return containerv_options_add_device(options, "/dev/fuse", NULL);
}
static int set_no_init(struct containerv_options* options)
{
    return containerv_options_set_init(options, 0);
}
static int set_terminal(struct containerv_options* options)
{
    static containerv_handle_t      terminal;
    struct containerv_spawn_options spawn = {
        .size = sizeof(spawn), .flags = CV_SPAWN_TERMINAL, .terminal_out = &terminal
    };
    return containerv_options_set_command(options, "/bin/sh", &spawn);
}
static int set_handles(struct containerv_options* options)
{
    static const containerv_handle_t handles[] = { (containerv_handle_t)1 };
    struct containerv_spawn_options  spawn     = { .size = sizeof(spawn), .handles = handles, .handle_count = 1 };
    return containerv_options_set_command(options, "/bin/sh", &spawn);
}

static void every_need_is_a_feature(void** state)
{
    int (*const setters[])(struct containerv_options*) = { set_limits, set_supervised, set_isolation, set_user,
        set_groups, set_mounts, set_layers, set_veth, set_device, set_no_init, set_terminal, set_handles };
    (void)state;
    for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
        struct containerv_container* container = NULL;
        struct containerv_options*   options   = containerv_options_new();
        OK(containerv_options_set_backend(options, "bare"));
        OK(setters[i](options));
        FAILS(CV_ERR_UNSUPPORTED, containerv_create("/r", options, &container));
        assert_non_null(strstr(containerv_error_last()->text, "bare"));
        containerv_options_delete(options);
    }
}

static void an_empty_slot_of_a_back_end_is_unsupported(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = containerv_options_new();
    process_handle_t             handle    = CV_PROCESS_MAIN;
    containerv_handle_t          event_handle;
    struct containerv_event      event = { .size = sizeof(event) };
    size_t                       count = 0;
    (void)state;
    OK(containerv_options_set_backend(options, "bare"));
    OK(containerv_options_set_command(options, "/bin/sh", NULL));
    OK(containerv_create("/r", options, &container));
    FAILS(CV_ERR_UNSUPPORTED, containerv_spawn(container, "/bin/sh", NULL, &handle));
    FAILS(CV_ERR_UNSUPPORTED, containerv_wait(container, CV_PROCESS_MAIN, 0, NULL));
    FAILS(CV_ERR_UNSUPPORTED, containerv_signal(container, CV_PROCESS_MAIN, 9));
    FAILS(CV_ERR_UNSUPPORTED, containerv_kill(container));
    FAILS(CV_ERR_UNSUPPORTED, containerv_resize(container, CV_PROCESS_MAIN, 80, 24));
    FAILS(CV_ERR_UNSUPPORTED, containerv_pause(container));
    FAILS(CV_ERR_UNSUPPORTED, containerv_resume(container));
    FAILS(CV_ERR_UNSUPPORTED, containerv_processes(container, NULL, 0, &count));
    FAILS(CV_ERR_UNSUPPORTED, containerv_events(container, &event));
    FAILS(CV_ERR_UNSUPPORTED, containerv_event_fd(container, &event_handle));
    OK(containerv_destroy(container));
    containerv_options_delete(options);
}

static void null_containers_are_refused(void** state)
{
    enum containerv_state current;
    char*                 text = NULL;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_state(NULL, &current));
    FAILS(CV_ERR_INVALID, containerv_kill(NULL));
    FAILS(CV_ERR_INVALID, containerv_pause(NULL));
    FAILS(CV_ERR_INVALID, containerv_resume(NULL));
    FAILS(CV_ERR_INVALID, containerv_inspect(NULL, &text));
    FAILS(CV_ERR_INVALID, containerv_wait(NULL, CV_PROCESS_MAIN, 0, NULL));
    FAILS(CV_ERR_INVALID, containerv_spawn(NULL, "/x", NULL, NULL));
    assert_string_equal(containerv_id(NULL), "");
    OK(containerv_destroy(NULL));
}

static void an_error_of_destroy_is_told_and_nothing_is_left(void** state)
{
    struct containerv_container* container = test_container(NULL);
    (void)state;
    assert_true(fake_arm(1));
    FAILS(CV_ERR_SYSTEM, containerv_destroy(container));
    assert_int_equal(fake_live(), 0);
}

static void inspect_is_the_specification(void** state)
{
    struct containerv_options* options = test_options();
    char*                      text    = NULL;
    (void)state;
    OK(containerv_options_set_id(options, "box"));
    struct containerv_container* container = test_container(options);
    OK(containerv_inspect(container, &text));
    assert_non_null(strstr(text, "\"org.containerv\""));
    assert_non_null(strstr(text, "\"id\":\"box\""));
    containerv_free(text);
    containerv_free(NULL);
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create_survives_every_fault),
        TEST(ids_are_made_up_or_given),
        TEST(handles_of_others_are_closed_without_effect),
        TEST(roots_are_made_absolute),
        TEST(a_required_isolation_that_is_missing_fails_the_create),
        TEST(what_the_back_end_lacks_fails_the_create_by_name),
        TEST(every_need_is_a_feature),
        TEST(an_empty_slot_of_a_back_end_is_unsupported),
        TEST(null_containers_are_refused),
        TEST(an_error_of_destroy_is_told_and_nothing_is_left),
        TEST(inspect_is_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
