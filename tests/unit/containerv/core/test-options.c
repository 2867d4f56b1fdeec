/* Every setter with good and bad values; a setter that fails changes nothing: the spec of the next create shows it. */
#include <string.h>

#include "core-test.h"
#include "core/core.h"

static void defaults(void** state)
{
    struct containerv_container* container = test_container(NULL);
    const struct cv_spec*        spec      = fake_last_spec();
    (void)state;
    assert_string_equal(spec->root.path, test_root());
    assert_false(spec->root.readonly);
    assert_true(spec->ext.hold);
    assert_string_equal(spec->hostname, containerv_id(container));
    assert_true(spec->process.no_new_privileges);
    assert_string_equal(spec->process.cwd, "/");
    assert_int_equal(spec->process.env.count, 1);
    assert_null(spec->ext.user);
    assert_int_equal(spec->ext.network.mode, CV_SPEC_NETWORK_NONE);
    assert_int_equal(spec->process.capabilities.bounding.count, 14);
    OK(containerv_destroy(container));
}

static void null_options_are_all_defaults(void** state)
{
    struct containerv_container* container = NULL;
    (void)state;
    OK(containerv_create("/srv/root", NULL, &container));
    assert_true(fake_last_spec()->process.no_new_privileges);
    assert_int_equal(fake_last_spec()->linux_.namespaces.count, 7);
    OK(containerv_destroy(container));
    containerv_options_delete(NULL);
}

static void setters_refuse_null(void** state)
{
    struct containerv_options* options = test_options();
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_options_set_caps(NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_options_set_shared(NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_options_set_mounts(options, NULL, 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_layers(options, NULL, 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_readonly(NULL, 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_network(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_limits(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_policy(NULL, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_user(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_groups(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_hostname(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_environment(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_working_directory(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_umask(NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_options_set_rlimit(options, NULL, 1, 1));
    FAILS(CV_ERR_INVALID, containerv_options_add_capability(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_drop_capability(NULL, "CHOWN"));
    FAILS(CV_ERR_INVALID, containerv_options_set_seccomp(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_add_device(options, NULL, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_command(options, NULL, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_backend(NULL, "fake"));
    FAILS(CV_ERR_INVALID, containerv_options_set_isolation(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_id(options, NULL));
    containerv_options_delete(options);
}

static void texts_are_copied(void** state)
{
    char              user[] = "joe:staff", name[] = "host1", folder[] = "/work", id[] = "id1", layer[] = "/l1";
    char              entry[]          = "A=1";
    const char* const environment[]    = { entry, NULL };
    const char* const layers[]         = { layer };
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_set_user(options, user));
    OK(containerv_options_set_hostname(options, name));
    OK(containerv_options_set_working_directory(options, folder));
    OK(containerv_options_set_id(options, id));
    OK(containerv_options_set_environment(options, environment));
    OK(containerv_options_set_layers(options, layers, 1));
    user[0] = name[0] = folder[1] = id[0] = entry[0] = layer[1] = '?';
    struct containerv_container* container                      = test_container(options);
    const struct cv_spec*        spec                           = fake_last_spec();
    assert_string_equal(spec->ext.user, "joe:staff");
    assert_string_equal(spec->hostname, "host1");
    assert_string_equal(spec->process.cwd, "/work");
    assert_string_equal(spec->ext.id, "id1");
    assert_string_equal(spec->process.env.items[0], "A=1");
    assert_int_equal(spec->process.env.count, 1);
    assert_null(spec->root.path); /* the root folder is the lowest layer */
    assert_string_equal(spec->ext.layers.items[0], test_root());
    assert_string_equal(spec->ext.layers.items[1], "/l1");
    OK(containerv_destroy(container));
}

static void a_failed_setter_changes_nothing(void** state)
{
    const char* const          no_pair[]      = { "B", NULL };
    const char* const          not_absolute[] = { "l" };
    const char* const          empty_group[]  = { "", NULL };
    struct containerv_options* options        = test_options();
    struct containerv_network  network        = { sizeof(network), CV_NETWORK_VETH, "10.9.0.2", "24", "10.9.0.1" };
    (void)state;
    OK(containerv_options_set_user(options, "joe"));
    OK(containerv_options_set_hostname(options, "host1"));
    OK(containerv_options_set_working_directory(options, "/work"));
    OK(containerv_options_set_network(options, &network));
    OK(containerv_options_set_rlimit(options, "nofile", 10, 20));
    OK(containerv_options_set_seccomp(options, "unconfined"));
    FAILS(CV_ERR_INVALID, containerv_options_set_user(options, ""));
    FAILS(CV_ERR_INVALID, containerv_options_set_user(options, ":x"));
    FAILS(CV_ERR_INVALID, containerv_options_set_user(options, "a:b:c"));
    FAILS(CV_ERR_INVALID, containerv_options_set_user(options, "a:"));
    FAILS(CV_ERR_INVALID, containerv_options_set_groups(options, empty_group));
    FAILS(CV_ERR_INVALID, containerv_options_set_hostname(options, ""));
    FAILS(CV_ERR_INVALID, containerv_options_set_hostname(options, "-x"));
    FAILS(CV_ERR_INVALID, containerv_options_set_hostname(options, "x y"));
    FAILS(CV_ERR_INVALID, containerv_options_set_working_directory(options, "work"));
    FAILS(CV_ERR_INVALID, containerv_options_set_environment(options, no_pair));
    FAILS(CV_ERR_INVALID, containerv_options_set_layers(options, not_absolute, 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_layers(options, not_absolute, 129));
    FAILS(CV_ERR_INVALID, containerv_options_set_rlimit(options, "nofile", 21, 20));
    FAILS(CV_ERR_INVALID, containerv_options_set_rlimit(options, "files", 1, 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_rlimit(options, "a-name-that-is-much-too-long-for-this", 1, 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_seccomp(options, "strict"));
    FAILS(CV_ERR_INVALID, containerv_options_set_seccomp(options, "spec"));
    FAILS(CV_ERR_INVALID, containerv_options_set_umask(options, 01000));
    FAILS(CV_ERR_INVALID, containerv_options_set_id(options, "../x"));
    FAILS(CV_ERR_INVALID, containerv_options_set_id(options, ""));
    FAILS(CV_ERR_INVALID, containerv_options_set_isolation(options, "strong"));
    FAILS(CV_ERR_NOT_FOUND, containerv_options_set_backend(options, "nosuch"));
    network.host_address = "10.8.0.1";
    FAILS(CV_ERR_INVALID, containerv_options_set_network(options, &network));
    struct containerv_container* container = test_container(options);
    const struct cv_spec*        spec      = fake_last_spec();
    assert_string_equal(spec->ext.user, "joe");
    assert_string_equal(spec->hostname, "host1");
    assert_string_equal(spec->process.cwd, "/work");
    assert_string_equal(spec->ext.network.host_address, "10.9.0.1");
    assert_int_equal(spec->process.rlimits.count, 1);
    assert_int_equal(spec->process.rlimits.items[0].soft, 10);
    assert_string_equal(spec->ext.seccomp, "unconfined");
    assert_int_equal(spec->ext.layers.count, 0);
    OK(containerv_destroy(container));
}

static void flags_are_zero_or_one(void** state)
{
    int (*const setters[])(struct containerv_options*, int) = { containerv_options_set_readonly,
        containerv_options_set_no_new_privileges, containerv_options_set_init, containerv_options_set_supervised };
    struct containerv_options* options                      = test_options();
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(setters); i++) {
        FAILS(CV_ERR_INVALID, setters[i](options, 2));
        FAILS(CV_ERR_INVALID, setters[i](options, -1));
        FAILS(CV_ERR_INVALID, setters[i](NULL, 1));
    }
    OK(containerv_options_set_readonly(options, 1));
    OK(containerv_options_set_no_new_privileges(options, 0));
    OK(containerv_options_set_init(options, 0));
    OK(containerv_options_set_supervised(options, 0));
    OK(containerv_options_set_command(options, "/bin/x", NULL));
    struct containerv_container* container = test_container(options);
    assert_true(fake_last_spec()->root.readonly);
    assert_false(fake_last_spec()->process.no_new_privileges);
    assert_true(fake_last_spec()->ext.no_init);
    assert_false(fake_last_spec()->ext.hold);
    OK(containerv_destroy(container));
}

static void bits_that_are_unknown_are_refused(void** state)
{
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_set_caps(options, CV_CAP_IPC));
    FAILS(CV_ERR_INVALID, containerv_options_set_caps(options, 1u << 6));
    OK(containerv_options_set_shared(options, CV_SHARE_UTS));
    FAILS(CV_ERR_INVALID, containerv_options_set_shared(options, 1u << 5));
    struct containerv_container* container = test_container(options);
    assert_int_equal(fake_last_spec()->ext.caps, CV_CAP_IPC);
    assert_int_equal(fake_last_spec()->ext.shared, CV_SHARE_UTS);
    assert_null(fake_last_spec()->hostname);
    OK(containerv_destroy(container));
}

static void clocks_are_shifted_in_a_namespace_of_their_own(void** state)
{
    struct containerv_options* options = test_options();
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_options_set_time_offset(NULL, CV_CLOCK_MONOTONIC, 0));
    FAILS(CV_ERR_INVALID, containerv_options_set_time_offset(options, 2, 0));
    struct containerv_container* container = test_container(NULL);
    assert_null(cv_spec_namespace(fake_last_spec(), "time"));
    OK(containerv_destroy(container));
    OK(containerv_options_set_time_offset(options, CV_CLOCK_MONOTONIC, -1));
    OK(containerv_options_set_time_offset(options, CV_CLOCK_MONOTONIC, 3600000000001));
    OK(containerv_options_set_time_offset(options, CV_CLOCK_BOOTTIME, -1500000000));
    container                  = test_container(options);
    const struct cv_spec* spec = fake_last_spec();
    assert_non_null(cv_spec_namespace(spec, "time"));
    assert_true(spec->linux_.time_offsets.set && spec->linux_.time_offsets.boottime_nanosecs.set);
    assert_int_equal(spec->linux_.time_offsets.monotonic_secs.value, 3600);
    assert_int_equal(spec->linux_.time_offsets.monotonic_nanosecs.value, 1);
    assert_int_equal(spec->linux_.time_offsets.boottime_secs.value, -2);
    assert_int_equal(spec->linux_.time_offsets.boottime_nanosecs.value, 500000000);
    OK(containerv_destroy(container));
}

static void capabilities_change_the_default_set(void** state)
{
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_drop_capability(options, "ALL"));
    OK(containerv_options_add_capability(options, "net_admin"));
    OK(containerv_options_add_capability(options, "CAP_CHOWN"));
    FAILS(CV_ERR_INVALID, containerv_options_add_capability(options, "MAGIC"));
    struct containerv_container*       container = test_container(options);
    const struct cv_spec_capabilities* sets      = &fake_last_spec()->process.capabilities;
    assert_int_equal(sets->bounding.count, 2);
    assert_int_equal(sets->effective.count, 2);
    assert_int_equal(sets->permitted.count, 2);
    assert_int_equal(sets->ambient.count + sets->inheritable.count, 0);
    assert_string_equal(sets->bounding.items[0], "CAP_CHOWN");
    assert_string_equal(sets->bounding.items[1], "CAP_NET_ADMIN");
    OK(containerv_destroy(container));
}

static void an_empty_environment_stays_empty(void** state)
{
    const char* const          nothing[] = { NULL };
    struct containerv_options* options   = test_options();
    (void)state;
    OK(containerv_options_set_environment(options, nothing));
    struct containerv_container* container = test_container(options);
    assert_int_equal(fake_last_spec()->process.env.count, 0);
    OK(containerv_destroy(container));
}

static void later_values_replace_earlier_ones(void** state)
{
    const char* const          groups[] = { "audio", "44", NULL };
    struct containerv_options* options  = test_options();
    (void)state;
    OK(containerv_options_set_rlimit(options, "nofile", 1, 2));
    OK(containerv_options_set_rlimit(options, "nofile", 3, UINT64_MAX));
    OK(containerv_options_set_rlimit(options, "core", 0, 0));
    OK(containerv_options_set_groups(options, groups));
    OK(containerv_options_set_umask(options, 077));
    OK(containerv_options_add_device(options, "/dev/fuse", NULL));
    OK(containerv_options_add_device(options, "/dev/kvm", "/dev/vm"));
    FAILS(CV_ERR_INVALID, containerv_options_add_device(options, "dev", NULL));
    struct containerv_container* container = test_container(options);
    const struct cv_spec*        spec      = fake_last_spec();
    assert_int_equal(spec->process.rlimits.count, 2);
    assert_int_equal(spec->process.rlimits.items[0].soft, 3);
    assert_int_equal(spec->ext.groups.count, 2);
    assert_int_equal(spec->process.user.umask.value, 077);
    assert_int_equal(spec->ext.devices.count, 2);
    OK(containerv_destroy(container));
}

static void limits_are_checked_and_kept(void** state)
{
    struct containerv_options*   options   = test_options();
    struct containerv_limits     limits    = { .size = sizeof(limits), .cpu_milli = UINT64_MAX };
    struct containerv_container* container = NULL;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_options_set_limits(options, &limits));
    limits.size = 0;
    FAILS(CV_ERR_INVALID, containerv_options_set_limits(options, &limits));
    limits = (struct containerv_limits){ .size = sizeof(limits) };
    OK(containerv_options_set_limits(options, &limits)); /* no limit at all needs no controller */
    OK(containerv_create("/r", options, &container));
    OK(containerv_destroy(container));
    containerv_options_delete(options);
}

static void a_cgroup_parent_has_one_form(void** state)
{
    struct containerv_options*   options   = test_options();
    struct containerv_container* container = NULL;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_options_set_cgroup_parent(NULL, "/a"));
    FAILS(CV_ERR_INVALID, containerv_options_set_cgroup_parent(options, ""));
    FAILS(CV_ERR_INVALID, containerv_options_set_cgroup_parent(options, "a/../b"));
    OK(containerv_options_set_cgroup_parent(options, "a/b"));
    OK(containerv_options_set_cgroup_parent(options, "/a/b"));
    FAILS(CV_ERR_INVALID, containerv_options_set_cgroup_parent(options, "//a"));
    FAILS(CV_ERR_UNSUPPORTED, containerv_create("/r", options, &container)); /* the fake back end has none */
    OK(containerv_options_set_cgroup_parent(options, NULL));
    OK(containerv_create("/r", options, &container));
    assert_null(fake_last_spec()->ext.cgroup_parent);
    OK(containerv_destroy(container));
    containerv_options_delete(options);
}

static void a_command_is_checked_when_it_is_set(void** state)
{
    containerv_handle_t             terminal;
    struct containerv_exit          ended   = { .size = sizeof(ended) };
    struct containerv_options*      options = test_options();
    struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .flags = CV_SPAWN_WAIT, .exit_out = &ended };
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_options_set_command(options, "/x", &spawn));
    spawn = (struct containerv_spawn_options){ .size = sizeof(spawn), .terminal_out = &terminal };
    FAILS(CV_ERR_INVALID, containerv_options_set_command(options, "/x", &spawn));
    spawn              = (struct containerv_spawn_options){ .size = sizeof(spawn), .flags = CV_SPAWN_TERMINAL };
    spawn.terminal_out = &terminal;
    spawn.columns      = 100;
    OK(containerv_options_set_command(options, "/x", &spawn));
    struct containerv_container* container = test_container(options);
    assert_true(fake_last_spec()->process.terminal);
    assert_int_equal(fake_last_spec()->process.console_width, 100);
    assert_int_equal(fake_last_spec()->process.console_height, 24);
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(null_options_are_all_defaults),
        TEST(defaults),
        TEST(setters_refuse_null),
        TEST(texts_are_copied),
        TEST(a_failed_setter_changes_nothing),
        TEST(flags_are_zero_or_one),
        TEST(bits_that_are_unknown_are_refused),
        TEST(clocks_are_shifted_in_a_namespace_of_their_own),
        TEST(capabilities_change_the_default_set),
        TEST(an_empty_environment_stays_empty),
        TEST(later_values_replace_earlier_ones),
        TEST(limits_are_checked_and_kept),
        TEST(a_cgroup_parent_has_one_form),
        TEST(a_command_is_checked_when_it_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
