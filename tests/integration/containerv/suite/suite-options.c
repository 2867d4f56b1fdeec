/* The options of processes: user, groups, host name, environment, working folder, umask, resource limits. */
#include <string.h>

#include "suite.h"

static void users_are_looked_up_inside(void** state)
{
    static const struct {
        const char *user, *prints;
    } rows[] = { { "0:0", "0:0" }, { "joe", "1000:1000" }, { "1000", "1000:1000" }, { "joe:audio", "1000:29" },
        { "5:6", "5:6" }, { "joe:44", "1000:44" } };
    (void)state;
    NEED(CV_FEATURE_USERS);
    suite_prints_once("0:0", NULL, "echo $(id -u):$(id -g)");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct containerv_options* options = containerv_options_new();
        OK(containerv_options_set_user(options, rows[i].user));
        suite_prints_once(rows[i].prints, options, "echo $(id -u):$(id -g)");
    }
}

static void groups_are_those_of_the_file_and_those_given(void** state)
{
    const char* const          groups[] = { "video", "77", NULL };
    struct containerv_options* options  = containerv_options_new();
    (void)state;
    NEED(CV_FEATURE_USERS);
    OK(containerv_options_set_user(options, "joe"));
    OK(containerv_options_set_groups(options, groups));
    suite_prints_once("29\n44\n77\n1000", options, "id -G | tr ' ' '\\n' | sort -nu");
}

static void an_unknown_user_is_told(void** state)
{
    struct containerv_container*    container = suite_container(NULL);
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .user = "nosuchuser" };
    process_handle_t                handle;
    (void)state;
    NEED(CV_FEATURE_USERS);
    FAILS(CV_ERR_INVALID, containerv_spawn(container, "/bin/true", &spawn, &handle));
    assert_non_null(strstr(containerv_error_last()->text, "nosuchuser"));
    assert_string_not_equal(containerv_error_last()->object, "");
    spawn.user = "joe:nosuchgroup";
    FAILS(CV_ERR_INVALID, containerv_spawn(container, "/bin/true", &spawn, &handle));
    assert_non_null(strstr(containerv_error_last()->text, "nosuchgroup"));
    OK(containerv_destroy(container));
}

static void the_host_name_is_the_id_or_given(void** state)
{
    struct containerv_container* container = suite_container(NULL);
    struct containerv_options*   options   = containerv_options_new();
    (void)state;
    PRINTS(containerv_id(container), container, "hostname");
    OK(containerv_destroy(container));
    OK(containerv_options_set_hostname(options, "build.example"));
    suite_prints_once("build.example", options, "hostname");
}

static void the_environment_is_exactly_what_was_given(void** state)
{
    const char* const          environment[] = { "A=1 2", "B=", "PATH=/bin", NULL };
    struct containerv_options* options       = containerv_options_new();
    (void)state;
    suite_prints_once("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL,
        "tr '\\0' '\\n' </proc/$$/environ; true");
    OK(containerv_options_set_environment(options, environment));
    suite_prints_once("A=1 2\nB=\nPATH=/bin", options, "tr '\\0' '\\n' </proc/$$/environ; true");
}

static void the_working_folder_is_made(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    suite_prints_once("/", NULL, "pwd");
    OK(containerv_options_set_working_directory(options, "/tmp/suite/work"));
    suite_prints_once("/tmp/suite/work", options, "pwd; cd /; rm -r /tmp/suite");
}

static void the_mask_is_set(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    suite_prints_once("0022", NULL, "umask");
    OK(containerv_options_set_umask(options, 0077));
    suite_prints_once("0077", options, "umask");
}

static void resource_limits_are_set(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    OK(containerv_options_set_rlimit(options, "nofile", 100, 200));
    OK(containerv_options_set_rlimit(options, "core", 0, 0));
    suite_prints_once("100 200\n0 0", options,
        "awk '/^Max open files/ { print $4, $5 } /^Max core/ { print $5, $6 }' /proc/self/limits | sort -r");
}

static void spawn_options_win(void** state)
{
    const char* const               environment[] = { "X=y", NULL };
    struct containerv_spawn_options spawn = { .environment = environment, .working_directory = "/etc", .user = "joe" };
    struct containerv_container*    container = suite_container(NULL);
    char                            output[OUTPUT_MAX];
    (void)state;
    NEED(CV_FEATURE_USERS);
    assert_int_equal(suite_run_with(container, "echo $X $PWD; /bin/id -u", &spawn, output), 0);
    assert_string_equal(output, "y /etc\n1000");
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_looked_up_inside),
        cmocka_unit_test(groups_are_those_of_the_file_and_those_given),
        cmocka_unit_test(an_unknown_user_is_told),
        cmocka_unit_test(the_host_name_is_the_id_or_given),
        cmocka_unit_test(the_environment_is_exactly_what_was_given),
        cmocka_unit_test(the_working_folder_is_made),
        cmocka_unit_test(the_mask_is_set),
        cmocka_unit_test(resource_limits_are_set),
        cmocka_unit_test(spawn_options_win),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
