#include <string.h>

#include <chef/containerv/supervised.h>
#include <cv/str.h>

#include "core-test.h"
#include "core/core.h"

static const char* const check[] = { "/bin/check", "", "x", NULL };

static struct containerv_supervision full(void)
{
    return (struct containerv_supervision){
        .size                   = sizeof(struct containerv_supervision),
        .flags                  = CV_SUPERVISED_DEFER | CV_SUPERVISED_STDIN,
        .restart                = CV_RESTART_ON_FAILURE,
        .restart_max            = 5,
        .stop_signal            = 2,
        .stop_timeout_ms        = 3000,
        .log_file_bytes         = 1 << 20,
        .log_bytes              = 1 << 24,
        .health_command         = check,
        .health_interval_ms     = 1,
        .health_timeout_ms      = 2,
        .health_start_period_ms = 3,
        .health_retries         = 4,
    };
}

static const struct cv_spec_supervision* made(struct containerv_options* options)
{
    OK(containerv_options_set_command(options, "/bin/true", NULL));
    struct containerv_container* container = test_container(options);
    OK(containerv_destroy(container));
    return &fake_last_spec()->ext.supervision;
}

static void every_field_gets_into_the_specification(void** state)
{
    struct containerv_options*          options     = test_options();
    const struct containerv_supervision supervision = full();
    (void)state;
    OK(containerv_options_set_supervision(options, &supervision));
    const struct cv_spec_supervision* spec = made(options);
    assert_true(spec->set && spec->defer && spec->open_stdin);
    assert_false(spec->remove);
    assert_int_equal(spec->restart, CV_RESTART_ON_FAILURE);
    assert_int_equal(spec->restart_max, 5);
    assert_int_equal(spec->stop_signal, 2);
    assert_int_equal(spec->stop_timeout_ms, 3000);
    assert_int_equal(spec->log.file_bytes, 1 << 20);
    assert_int_equal(spec->log.total_bytes, 1 << 24);
    assert_int_equal(spec->health.command.count, 3);
    assert_string_equal(spec->health.command.items[0], "/bin/check");
    assert_string_equal(spec->health.command.items[1], "");
    assert_int_equal(spec->health.interval_ms, 1);
    assert_int_equal(spec->health.timeout_ms, 2);
    assert_int_equal(spec->health.start_period_ms, 3);
    assert_int_equal(spec->health.retries, 4);
}

static void the_last_setting_counts(void** state)
{
    struct containerv_options*          options = test_options();
    const struct containerv_supervision first = full(), second = {
        .size = sizeof(second), .flags = CV_SUPERVISED_REMOVE, .stop_timeout_ms = -77
    };
    (void)state;
    OK(containerv_options_set_supervision(options, &first));
    OK(containerv_options_set_supervision(options, &second));
    OK(containerv_options_set_supervised(options, 1));
    const struct cv_spec_supervision* spec = made(options);
    assert_true(spec->set && spec->remove);
    assert_false(spec->defer);
    assert_int_equal(spec->restart, CV_RESTART_NO);
    assert_int_equal(spec->health.command.count, 0);
    assert_int_equal(spec->stop_timeout_ms, -1);
}

static void supervised_is_a_switch(void** state)
{
    const struct containerv_supervision supervision = full();
    struct containerv_options*          options     = test_options();
    (void)state;
    OK(containerv_options_set_supervised(options, 1));
    assert_true(made(options)->set);
    options = test_options();
    OK(containerv_options_set_supervision(options, &supervision));
    OK(containerv_options_set_supervised(options, 0));
    assert_false(made(options)->set);
    options = test_options();
    FAILS(CV_ERR_INVALID, containerv_options_set_supervised(options, 2));
    FAILS(CV_ERR_INVALID, containerv_options_set_supervised(NULL, 1));
    assert_false(made(options)->set);
}

static void refused(const char* says, const struct containerv_supervision* bad)
{
    const struct containerv_supervision before  = full();
    struct containerv_options*          options = test_options();
    OK(containerv_options_set_supervision(options, &before));
    FAILS(CV_ERR_INVALID, containerv_options_set_supervision(options, bad));
    if (strstr(containerv_error_last()->text, says) == NULL)
        fail_msg("'%s' does not say '%s'", containerv_error_last()->text, says);
    assert_int_equal(made(options)->health.command.count, 3); /* as before */
}

static void what_makes_no_sense_is_refused_and_changes_nothing(void** state)
{
    static const char* const none[]  = { NULL };
    static const char* const empty[] = { "", NULL };
    static const struct {
        const char*                   says;
        struct containerv_supervision value;
    } rows[] = {
        { "flags", { .size = sizeof(rows[0].value), .flags = 8 } },
        { "restart", { .size = sizeof(rows[0].value), .restart = 3 } },
        { "restart", { .size = sizeof(rows[0].value), .restart = CV_RESTART_ALWAYS, .flags = CV_SUPERVISED_REMOVE } },
        { "restartMax", { .size = sizeof(rows[0].value), .restart = CV_RESTART_ALWAYS, .restart_max = 1 } },
        { "stopSignal", { .size = sizeof(rows[0].value), .stop_signal = 65 } },
        { "fileBytes", { .size = sizeof(rows[0].value), .log_file_bytes = 1 } },
        { "totalBytes", { .size = sizeof(rows[0].value), .log_bytes = 1 << 20 } },
        { "health", { .size = sizeof(rows[0].value), .health_command = none } },
        { "health", { .size = sizeof(rows[0].value), .health_command = empty } },
        { "health", { .size = sizeof(rows[0].value), .health_retries = 1 } },
        { "health", { .size = sizeof(rows[0].value), .health_command = check, .health_timeout_ms = -1 } },
        { "size", { .size = 0 } },
    };
    struct containerv_options* options = test_options();
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        refused(rows[i].says, &rows[i].value);
    FAILS(CV_ERR_INVALID, containerv_options_set_supervision(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_set_supervision(NULL, &rows[0].value));
    containerv_options_delete(options);
}

static void a_container_without_a_command_has_nothing_to_restart(void** state)
{
    const struct containerv_supervision supervision = { .size = sizeof(supervision), .restart = CV_RESTART_ALWAYS };
    struct containerv_container*        container   = NULL;
    struct containerv_options*          options     = test_options();
    (void)state;
    OK(containerv_options_set_supervision(options, &supervision));
    FAILS(CV_ERR_INVALID, containerv_create("/srv/root", options, &container));
    assert_non_null(strstr(containerv_error_last()->text, "no command"));
    containerv_options_delete(options);
}

static void terminal_and_time_of_the_command_are_in_the_specification(void** state)
{
    const struct containerv_spawn_options spawn = {
        .size = sizeof(spawn), .flags = CV_SPAWN_TERMINAL, .columns = 100, .rows = 30, .timeout_ms = 5000
    };
    struct containerv_options*   options   = test_options();
    struct containerv_container* container = NULL;
    (void)state;
    OK(containerv_options_set_supervised(options, 1));
    OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    OK(containerv_create("/srv/root", options, &container));
    containerv_options_delete(options);
    const struct cv_spec* spec = fake_last_spec();
    assert_true(spec->process.terminal && spec->process.console_size_set);
    assert_int_equal(spec->process.console_width, 100);
    assert_int_equal(spec->process.console_height, 30);
    assert_int_equal(spec->ext.timeout_ms, 5000);
    OK(containerv_destroy(container));
}

static void secrets_get_into_the_specification(void** state)
{
    const struct containerv_secret first   = { sizeof(first), "/root/a", "a", 1, 2, 0440 };
    const struct containerv_secret second  = { sizeof(second), "/root/b", "b", 0, 0, 0 };
    struct containerv_options*     options = test_options();
    (void)state;
    OK(containerv_options_add_secret(options, &first));
    OK(containerv_options_add_secret(options, &second));
    struct containerv_container* container = test_container(options);
    const struct cv_spec*        spec      = fake_last_spec();
    assert_int_equal(spec->ext.secrets.count, 2);
    assert_string_equal(spec->ext.secrets.items[0].source, "/root/a");
    assert_string_equal(spec->ext.secrets.items[0].name, "a");
    assert_int_equal(spec->ext.secrets.items[0].uid, 1);
    assert_int_equal(spec->ext.secrets.items[0].gid, 2);
    assert_int_equal(spec->ext.secrets.items[0].mode, 0440);
    assert_string_equal(spec->ext.secrets.items[1].name, "b");
    assert_int_equal(spec->ext.secrets.items[1].mode, 0);
    assert_false(spec->ext.supervision.set);
    OK(containerv_destroy(container));
}

static void bad_secrets_are_refused_and_change_nothing(void** state)
{
    const struct containerv_secret good  = { sizeof(good), "/root/a", "a", 0, 0, 0 };
    const struct containerv_secret bad[] = {
        { sizeof(good), NULL, "b", 0, 0, 0 },
        { sizeof(good), "/b", NULL, 0, 0, 0 },
        { sizeof(good), "b", "b", 0, 0, 0 },
        { sizeof(good), "/b", "", 0, 0, 0 },
        { sizeof(good), "/b", "..", 0, 0, 0 },
        { sizeof(good), "/b", "b/c", 0, 0, 0 },
        { sizeof(good), "/b", "b", 0, 0, 01000 },
        { sizeof(good), "/b", "a", 0, 0, 0 },
        { 0, "/b", "b", 0, 0, 0 },
    };
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_add_secret(options, &good));
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        FAILS(CV_ERR_INVALID, containerv_options_add_secret(options, &bad[i]));
    FAILS(CV_ERR_INVALID, containerv_options_add_secret(options, NULL));
    FAILS(CV_ERR_INVALID, containerv_options_add_secret(NULL, &good));
    struct containerv_container* container = test_container(options);
    assert_int_equal(fake_last_spec()->ext.secrets.count, 1);
    OK(containerv_destroy(container));
}

static void there_are_at_most_64_secrets(void** state)
{
    struct containerv_options* options = test_options();
    char                       name[16];
    struct containerv_secret   secret = { sizeof(secret), "/s", name, 0, 0, 0 };
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(cv_snprintf(name, sizeof(name), "n%u", i), 0);
        OK(containerv_options_add_secret(options, &secret));
    }
    assert_int_equal(cv_snprintf(name, sizeof(name), "n64"), 0);
    FAILS(CV_ERR_INVALID, containerv_options_add_secret(options, &secret));
    containerv_options_delete(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_field_gets_into_the_specification),
        TEST(the_last_setting_counts),
        TEST(supervised_is_a_switch),
        TEST(what_makes_no_sense_is_refused_and_changes_nothing),
        TEST(a_container_without_a_command_has_nothing_to_restart),
        TEST(terminal_and_time_of_the_command_are_in_the_specification),
        TEST(secrets_get_into_the_specification),
        TEST(bad_secrets_are_refused_and_change_nothing),
        TEST(there_are_at_most_64_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
