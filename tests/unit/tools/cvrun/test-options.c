#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "options.h"

#include <cv/banned.h>

static struct cv_error      err;
static struct cvrun_options got;
static int                  first;

static int parse(int argc, const char* const* argv)
{
    const struct cvrun_syntax* syntax = NULL;

    cvrun_options_release(&got);
    CV_TEST_OK(err, cvrun_syntax_find(argv[0], &syntax, &err));
    return cvrun_syntax_parse(syntax, argc, (char**)(uintptr_t)argv, &got, &first, &err);
}

#define PARSE(...) parse((int)CV_ARRAY_LEN(((const char*[]){ __VA_ARGS__ })), (const char*[]){ __VA_ARGS__, NULL })

static int teardown(void** state)
{
    (void)state;
    cvrun_options_release(&got);
    return 0;
}

static void each_command_has_names_once(void** state)
{
    (void)state;
    for (const struct cvrun_syntax* s = cvrun_syntaxes; s->name != NULL; s++)
        for (const struct cv_option* a = s->options; a != NULL && a->name != NULL; a++)
            for (const struct cv_option* b = a + 1; b->name != NULL; b++) {
                assert_string_not_equal(a->name, b->name);
                assert_true(a->short_name == 0 || a->short_name != b->short_name);
            }
}

/* What runc 1.1 and crun 1.8 know. */
static void options_of_others_are_there(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("create", "--bundle", "/b", "-f", "x.json", "--console-socket", "/s", "--pid-file", "/p",
                        "--no-pivot", "--no-new-keyring", "--preserve-fds=2", "c"));
    assert_string_equal(got.bundle, "/b");
    assert_int_equal(got.preserve_fds, 2);
    assert_true(got.no_pivot && got.no_new_keyring);
    CV_TEST_OK(err, PARSE("run", "-d", "--keep", "--no-subreaper", "c"));
    assert_true(got.detach && got.keep && got.no_subreaper);
    CV_TEST_OK(err, PARSE("exec", "-t", "-u", "5:6", "-e", "A=1", "-e", "B=2", "-g", "1,2", "-g", "3", "-c", "CAP_KILL",
                        "--no-new-privs", "--apparmor", "p", "--process-label", "l", "--cgroup", "/x",
                        "--ignore-paused", "c", "ls", "-l"));
    assert_true(got.tty && got.user.set && got.user.gid_set && got.ignore_paused && got.no_new_privs.value);
    assert_int_equal(got.additional_gids.count, 3);
    assert_int_equal(got.user.gid, 6);
    assert_int_equal(first, 22);
    CV_TEST_OK(err, PARSE("events", "--stats", "--interval", "2s", "c"));
    assert_int_equal(got.interval_ms, 2000);
}

/* Also behind the arguments, but not behind another program's name. */
static void options_stand_where_they_may(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("kill", "c", "KILL", "--all"));
    assert_true(got.all);
    CV_TEST_OK(err, PARSE("delete", "--", "-c"));
    assert_false(got.force);
    CV_TEST_OK(err, PARSE("exec", "c", "sh", "-c", "true", "--tty"));
    assert_false(got.tty);
    assert_int_equal(got.caps.count, 0);
    CV_TEST_OK(err, PARSE("ps", "-f", "json", "c", "-ef"));
    CV_TEST_OK(err, PARSE("checkpoint", "--image-path", "/x", "c"));
}

static void limits_are_numbers(void** state)
{
    (void)state;
    CV_TEST_OK(err, PARSE("update", "--memory", "64m", "--memory-swap", "-1", "--cpu-quota=-1", "--cpu-share", "512",
                        "--cpuset-cpus", "0-1", "--pids-limit", "7", "--blkio-weight", "300", "c"));
    assert_true(got.resources_given && got.resources.memory.set && got.resources.cpu.set);
    assert_int_equal(got.resources.memory.limit.value, 64 << 20);
    assert_int_equal(got.resources.memory.swap.value, -1);
    assert_int_equal(got.resources.cpu.quota.value, -1);
    assert_string_equal(got.resources.cpu.cpus, "0-1");
    assert_int_equal(got.resources.pids.limit, 7);
    CV_TEST_OK(err, PARSE("update", "-r", "-", "c"));
    assert_false(got.resources_given);
}

static void what_is_wrong_is_told(void** state)
{
    (void)state;
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("create"));
    assert_non_null(strstr(err.hint, "CONTAINER"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("create", "a", "b"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("run", "--bogus", "a"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("exec", "-u", "joe", "c", "ls"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("exec", "-u", "1:", "c", "ls"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("exec", "-g", "1,x", "c", "ls"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("run", "--preserve-fds", "100000", "c"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("update", "--pids-limit", "-2", "c"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, PARSE("events", "--interval", "0", "c"));
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, PARSE("update", "--l3-cache-schema", "x", "c"));
}

static void a_command_that_is_not_there_has_a_neighbour(void** state)
{
    const struct cvrun_syntax* syntax;

    (void)state;
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvrun_syntax_find("craete", &syntax, &err));
    assert_non_null(strstr(err.hint, "create"));
}

static bool makes(const char* first_word, const char* second)
{
    const char* argv[] = { "cvrun", "--root", "create", first_word, second, NULL };

    return cvrun_makes(5, (char**)(uintptr_t)argv);
}

static void what_goes_into_containers_is_known_at_once(void** state)
{
    (void)state;
    assert_true(makes("create", "c"));
    assert_true(makes("--debug", "run"));
    assert_true(makes("exec", "--help"));
    assert_false(makes("state", "create"));
    assert_false(makes("bogus", "create"));
    assert_false(makes("--bogus", "create"));
    assert_false(makes("--debug", "--debug"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_has_names_once),
        cmocka_unit_test_teardown(options_of_others_are_there, teardown),
        cmocka_unit_test_teardown(options_stand_where_they_may, teardown),
        cmocka_unit_test_teardown(limits_are_numbers, teardown),
        cmocka_unit_test_teardown(what_is_wrong_is_told, teardown),
        cmocka_unit_test(what_goes_into_containers_is_known_at_once),
        cmocka_unit_test(a_command_that_is_not_there_has_a_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
