/* Policies: every call with good and bad values, the table of levels, and what the specification of a container has of it. */
#include <stdio.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>

#include "core-test.h"
#include "core/core.h"

static const char docker[] =
    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_"
    "ALLOW\"}]}";

/* A container with the policy, which is deleted before it is made. */
static struct containerv_container* made_with(struct containerv_policy* policy, struct containerv_options* options)
{
    OK(containerv_options_set_policy(options, policy));
    containerv_policy_delete(policy);
    return test_container(options);
}

static bool lists(const struct cv_strv* list, const char* text)
{
    return cv_strv_contains(list, text);
}

/* The rows of the table in policy.h. */
static void the_levels_begin_as_the_header_says(void** state)
{
    static const struct {
        uint32_t    level;
        const char* name;
        size_t      capabilities, masked, readonly;
        bool        kallsyms;
    } rows[] = {
        { CV_SECURITY_DEFAULT, NULL, 14, 12, 5, false },
        { CV_SECURITY_STRICT, "strict", 0, 25, 5, true },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        struct containerv_container* container = made_with(containerv_policy_new(rows[i].level), test_options());
        const struct cv_spec*        spec      = fake_last_spec();
        if (rows[i].name == NULL)
            assert_null(spec->ext.security_level);
        else
            assert_string_equal(spec->ext.security_level, rows[i].name);
        assert_int_equal(spec->process.capabilities.bounding.count, rows[i].capabilities);
        assert_int_equal(spec->process.capabilities.effective.count, rows[i].capabilities);
        assert_int_equal(spec->process.capabilities.permitted.count, rows[i].capabilities);
        assert_int_equal(spec->linux_.masked_paths.count, rows[i].masked);
        assert_int_equal(spec->linux_.readonly_paths.count, rows[i].readonly);
        assert_true(lists(&spec->linux_.masked_paths, "/proc/kcore"));
        assert_int_equal(lists(&spec->linux_.masked_paths, "/proc/kallsyms"), rows[i].kallsyms);
        assert_null(spec->ext.seccomp);
        assert_int_equal(spec->ext.landlock.paths.count + spec->ext.landlock.tcp.count, 0);
        OK(containerv_destroy(container));
    }
    assert_null(containerv_policy_new(2));
    assert_int_equal(containerv_error_last()->code, CV_ERR_INVALID);
}

static void a_default_policy_changes_nothing(void** state)
{
    struct containerv_container* container = test_container(NULL);
    struct cv_spec*              before    = NULL;
    struct cv_spec*              after     = NULL;
    (void)state;
    assert_int_equal(cv_spec_copy(fake_last_spec(), &before, NULL), 0);
    OK(containerv_destroy(container));
    container = made_with(containerv_policy_new(CV_SECURITY_DEFAULT), test_options());
    assert_int_equal(cv_spec_copy(fake_last_spec(), &after, NULL), 0);
    OK(containerv_destroy(container));
    assert_int_equal(cv_spec_set_string(&after->ext.id, before->ext.id, NULL), 0);
    assert_int_equal(cv_spec_set_string(&after->hostname, before->hostname, NULL), 0);
    assert_true(cv_spec_equal(before, after));
    cv_spec_free(before);
    cv_spec_free(after);
}

static void strict_takes_no_exception(void** state)
{
    struct containerv_policy*    policy    = containerv_policy_new(CV_SECURITY_STRICT);
    struct containerv_options*   options   = test_options();
    struct containerv_container* container = NULL;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp(policy, CV_SECCOMP_NONE, NULL, 0));
    OK(containerv_options_set_policy(options, policy));
    OK(containerv_options_set_no_new_privileges(options, 0));
    FAILS(CV_ERR_INVALID, containerv_create(test_root(), options, &container));
    assert_non_null(strstr(containerv_error_last()->text, "noNewPrivileges"));
    OK(containerv_options_set_no_new_privileges(options, 1));
    OK(containerv_options_set_shared(options, CV_SHARE_USERS));
    FAILS(CV_ERR_INVALID, containerv_create(test_root(), options, &container));
    OK(containerv_options_set_shared(options, 0));
    OK(containerv_options_set_seccomp(options, "unconfined"));
    FAILS(CV_ERR_INVALID, containerv_create(test_root(), options, &container));
    containerv_options_delete(options);
    containerv_policy_delete(policy);
}

static void null_is_refused(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    const char* const         hole[] = { NULL };
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp(NULL, CV_SECCOMP_NONE, NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp_file(NULL, CV_SECCOMP_DOCKER, "/x"));
    FAILS(CV_ERR_INVALID, containerv_policy_add_path(NULL, "/", CV_ACCESS_READ));
    FAILS(CV_ERR_INVALID, containerv_policy_add_path(policy, NULL, CV_ACCESS_READ));
    FAILS(CV_ERR_INVALID, containerv_policy_add_tcp(NULL, 1, CV_ACCESS_BIND));
    FAILS(CV_ERR_INVALID, containerv_policy_add_capability(NULL, "CHOWN"));
    FAILS(CV_ERR_INVALID, containerv_policy_drop_capability(policy, NULL));
    FAILS(CV_ERR_INVALID, containerv_policy_add_masked_path(policy, NULL));
    FAILS(CV_ERR_INVALID, containerv_policy_add_readonly_path(NULL, "/x"));
    FAILS(CV_ERR_INVALID, containerv_policy_set_masked_paths(policy, NULL, 1));
    FAILS(CV_ERR_INVALID, containerv_policy_set_readonly_paths(policy, hole, 1));
    FAILS(CV_ERR_INVALID, containerv_policy_unmask(NULL, NULL));
    containerv_policy_delete(policy);
    containerv_policy_delete(NULL);
}

static void values_are_checked(void** state)
{
    struct containerv_policy*    policy     = containerv_policy_new(CV_SECURITY_DEFAULT);
    const char* const            relative[] = { "proc" };
    struct containerv_container* container;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_policy_add_path(policy, "tmp", CV_ACCESS_READ));
    FAILS(CV_ERR_INVALID, containerv_policy_add_path(policy, "/", 0));
    FAILS(CV_ERR_INVALID, containerv_policy_add_path(policy, "/", CV_ACCESS_READ | CV_ACCESS_BIND));
    FAILS(CV_ERR_INVALID, containerv_policy_add_tcp(policy, 65536, CV_ACCESS_BIND));
    FAILS(CV_ERR_INVALID, containerv_policy_add_tcp(policy, 0, CV_ACCESS_CONNECT));
    FAILS(CV_ERR_INVALID, containerv_policy_add_tcp(policy, 1, 0));
    FAILS(CV_ERR_INVALID, containerv_policy_add_tcp(policy, 1, CV_ACCESS_READ));
    FAILS(CV_ERR_INVALID, containerv_policy_add_capability(policy, "NOTHING"));
    FAILS(CV_ERR_INVALID, containerv_policy_add_masked_path(policy, "proc"));
    FAILS(CV_ERR_INVALID, containerv_policy_set_readonly_paths(policy, relative, 1));
    FAILS(CV_ERR_NOT_FOUND, containerv_policy_unmask(policy, "/proc"));
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp(policy, 4, NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp(policy, CV_SECCOMP_DOCKER, NULL, 0));
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp(policy, CV_SECCOMP_NONE, docker, strlen(docker)));
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp(policy, CV_SECCOMP_DOCKER, "{}", 2));
    FAILS(CV_ERR_NOT_FOUND, containerv_policy_set_seccomp_file(policy, CV_SECCOMP_OCI, "/there/is/none"));
    /* and nothing of it stays */
    container = made_with(policy, test_options());
    assert_int_equal(fake_last_spec()->ext.landlock.paths.count + fake_last_spec()->ext.landlock.tcp.count, 0);
    assert_int_equal(fake_last_spec()->linux_.readonly_paths.count, 5);
    assert_null(fake_last_spec()->ext.seccomp);
    OK(containerv_destroy(container));
}

static void rules_arrive_in_the_specification(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    (void)state;
    OK(containerv_policy_add_path(policy, "/", CV_ACCESS_READ | CV_ACCESS_EXECUTE));
    OK(containerv_policy_add_path(policy, "/tmp", CV_ACCESS_WRITE));
    OK(containerv_policy_add_tcp(policy, 443, CV_ACCESS_CONNECT));
    struct containerv_container* container = made_with(policy, test_options());
    const struct cv_spec*        spec      = fake_last_spec();
    char*                        text      = NULL;
    assert_int_equal(spec->ext.landlock.paths.count, 2);
    assert_int_equal(spec->ext.landlock.paths.items[0].access, CV_ACCESS_READ | CV_ACCESS_EXECUTE);
    assert_string_equal(spec->ext.landlock.paths.items[1].path, "/tmp");
    assert_int_equal(spec->ext.landlock.tcp.items[0].port, 443);
    OK(containerv_inspect(container, &text));
    assert_non_null(strstr(text, "\"landlock\":{\"paths\":[{\"path\":\"/\",\"access\":[\"read\",\"execute\"]},"
                                 "{\"path\":\"/tmp\",\"access\":[\"write\"]}],"
                                 "\"tcp\":[{\"port\":443,\"access\":[\"connect\"]}]}"));
    containerv_free(text);
    OK(containerv_destroy(container));
}

static void capabilities_of_the_options_come_on_top(void** state)
{
    struct containerv_policy*  policy  = containerv_policy_new(CV_SECURITY_STRICT);
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_policy_add_capability(policy, "ALL"));
    OK(containerv_policy_drop_capability(policy, "sys_admin"));
    OK(containerv_options_drop_capability(options, "CHOWN"));
    OK(containerv_options_add_capability(options, "SYS_ADMIN"));
    struct containerv_container* container = made_with(policy, options);
    const struct cv_strv*        bounding  = &fake_last_spec()->process.capabilities.bounding;
    assert_int_equal(bounding->count, 40);
    assert_true(lists(bounding, "CAP_SYS_ADMIN"));
    assert_false(lists(bounding, "CAP_CHOWN"));
    OK(containerv_destroy(container));
}

static void masks_are_added_replaced_and_taken_off(void** state)
{
    struct containerv_policy* policy   = containerv_policy_new(CV_SECURITY_DEFAULT);
    const char* const         paths[2] = { "/a", "/b" };
    (void)state;
    OK(containerv_policy_add_masked_path(policy, "/proc/cmdline"));
    OK(containerv_policy_add_masked_path(policy, "/proc/cmdline"));
    OK(containerv_policy_set_readonly_paths(policy, paths, 2));
    OK(containerv_policy_add_readonly_path(policy, "/c"));
    OK(containerv_policy_unmask(policy, "/b"));
    OK(containerv_policy_unmask(policy, "/proc/kcore"));
    struct containerv_container* container = made_with(policy, test_options());
    const struct cv_spec*        spec      = fake_last_spec();
    assert_int_equal(spec->linux_.masked_paths.count, 12);
    assert_true(lists(&spec->linux_.masked_paths, "/proc/cmdline"));
    assert_false(lists(&spec->linux_.masked_paths, "/proc/kcore"));
    assert_int_equal(spec->linux_.readonly_paths.count, 2);
    assert_string_equal(spec->linux_.readonly_paths.items[1], "/c");
    OK(containerv_destroy(container));
}

static void all_can_be_unmasked(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    (void)state;
    OK(containerv_policy_unmask(policy, NULL));
    struct containerv_container* container = made_with(policy, test_options());
    assert_int_equal(fake_last_spec()->linux_.masked_paths.count, 0);
    assert_int_equal(fake_last_spec()->linux_.readonly_paths.count, 0);
    OK(containerv_destroy(container));
}

static void the_last_filter_counts(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    static const char         file[] = "test-core-policy.json";
    (void)state;
    OK(containerv_policy_set_seccomp(policy, CV_SECCOMP_NONE, NULL, 0));
    OK(containerv_policy_set_seccomp(policy, CV_SECCOMP_OCI, docker, strlen(docker))); /* the same in both forms */
    assert_int_equal(cv_file_write(file, docker, strlen(docker), 0600, 0, NULL), 0);
    OK(containerv_policy_set_seccomp_file(policy, CV_SECCOMP_DOCKER, file));
    assert_int_equal(cv_file_write(file, "{", 1, 0600, 0, NULL), 0);
    FAILS(CV_ERR_INVALID, containerv_policy_set_seccomp_file(policy, CV_SECCOMP_DOCKER, file));
    assert_non_null(strstr(containerv_error_last()->text, file));
    assert_int_equal(cv_file_remove(file, NULL), 0);
    struct containerv_container* container = made_with(policy, test_options());
    assert_string_equal(fake_last_spec()->ext.seccomp, "docker");
    assert_int_equal(fake_last_spec()->ext.docker_seccomp.syscalls.count, 1);
    assert_false(fake_last_spec()->linux_.seccomp.set);
    OK(containerv_destroy(container));
}

static void two_filters_contradict(void** state)
{
    struct containerv_policy*    policy    = containerv_policy_new(CV_SECURITY_DEFAULT);
    struct containerv_options*   options   = test_options();
    struct containerv_container* container = NULL;
    (void)state;
    OK(containerv_policy_set_seccomp(policy, CV_SECCOMP_DOCKER, docker, strlen(docker)));
    OK(containerv_options_set_policy(options, policy));
    OK(containerv_options_set_seccomp(options, "unconfined"));
    FAILS(CV_ERR_INVALID, containerv_create(test_root(), options, &container));
    assert_non_null(strstr(containerv_error_last()->text, "unconfined"));
    containerv_options_delete(options);
    containerv_policy_delete(policy);
}

static void a_back_end_without_policies_refuses(void** state)
{
    struct containerv_policy*    policy    = containerv_policy_new(CV_SECURITY_DEFAULT);
    struct containerv_options*   options   = containerv_options_new();
    struct containerv_container* container = NULL;
    (void)state;
    OK(containerv_options_set_backend(options, "bare"));
    OK(containerv_options_set_policy(options, policy));
    FAILS(CV_ERR_UNSUPPORTED, containerv_create(test_root(), options, &container));
    assert_non_null(strstr(containerv_error_last()->text, "bare"));
    OK(containerv_options_set_policy(options, NULL));
    OK(containerv_create(test_root(), options, &container));
    OK(containerv_destroy(container));
    containerv_options_delete(options);
    containerv_policy_delete(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_levels_begin_as_the_header_says),
        TEST(a_default_policy_changes_nothing),
        TEST(strict_takes_no_exception),
        TEST(null_is_refused),
        TEST(values_are_checked),
        TEST(rules_arrive_in_the_specification),
        TEST(capabilities_of_the_options_come_on_top),
        TEST(masks_are_added_replaced_and_taken_off),
        TEST(all_can_be_unmasked),
        TEST(the_last_filter_counts),
        TEST(two_filters_contradict),
        TEST(a_back_end_without_policies_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
