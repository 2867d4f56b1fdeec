/* System call profiles of both forms, read alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "spec-test.h"

#define RULE(fields) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{" fields "}]}"
#define READ         "\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\""

static const struct {
    const char *text, *error; /* NULL: must be taken */
} docker_rows[] = {
    { RULE(READ), NULL },
    { RULE(READ ",\"args\":null,\"comment\":null,\"includes\":null,\"excludes\":{\"arches\":null,\"caps\":null}"),
        NULL },
    { RULE("\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\""), NULL },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":null}", NULL },
    { "", "line 1, column 1: '[' or '{' expected near end of file" },
    { "[]", "the document: expected an object, found a list" },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"sysCalls\":[]}", "sysCalls: there is no such field" },
    { RULE(READ ",\"include\":{}"), "syscalls[0].include: there is no such field" },
    { RULE(READ ",\"includes\":{\"kernel\":\"4.8\"}"), "syscalls[0].includes.kernel: there is no such field" },
    { RULE("\"names\":\"read\",\"action\":\"SCMP_ACT_ALLOW\""), "syscalls[0].names: expected a list, found a string" },
    { RULE("\"names\":[\"read\"]"), "syscalls[0].action: is missing" },
    { RULE("\"names\":[],\"action\":\"SCMP_ACT_ALLOW\""), "syscalls[0]: has no names" },
    { RULE("\"names\":[\"\"],\"action\":\"SCMP_ACT_ALLOW\""),
        "syscalls[0].names[0]: '' is not allowed (expected text that is not empty)" },
    { RULE(READ ",\"errnoRet\":-1"), "syscalls[0].errnoRet: expected a number from 0 to 4294967295" },
    { RULE(READ ",\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]"),
        "syscalls[0].args[0].index: expected a number from 0 to 5" },
    { RULE(READ ",\"args\":[{\"index\":0,\"value\":0,\"op\":\"==\"}]"),
        "syscalls[0].args[0].op: '==' is not allowed (expected SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, "
        "SCMP_CMP_GE, SCMP_CMP_GT or SCMP_CMP_MASKED_EQ)" },
};

static void test_docker_profiles_are_taken_or_refused_by_field(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(docker_rows); i++) {
        struct cv_spec_docker_seccomp profile = { 0 };
        struct cv_error               err     = CV_ERROR_INIT;
        int rc = cv_spec_docker_parse(docker_rows[i].text, strlen(docker_rows[i].text), &profile, &err);
        if (docker_rows[i].error == NULL && rc < 0)
            fail_msg("%s: %s", docker_rows[i].text, err.text);
        if (docker_rows[i].error != NULL) {
            assert_int_equal(rc, CV_ERR_INVALID);
            assert_string_equal(err.text, docker_rows[i].error);
            assert_false(profile.set);
        }
        cv_spec_docker_release(&profile);
    }
}

static void test_what_a_docker_profile_says_arrives(void** state)
{
    static const char             text[]  = RULE("\"names\":[\"a\",\"b\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7,"
                                                              "\"args\":[{\"index\":2,\"value\":18446744073709551615,\"op\":"
                                                              "\"SCMP_CMP_GE\"}],\"includes\":{\"minKernel\":\"4.8\"}");
    struct cv_spec_docker_seccomp profile = { 0 };
    (void)state;
    assert_int_equal(cv_spec_docker_parse(text, strlen(text), &profile, NULL), 0);
    assert_true(profile.set);
    assert_int_equal(profile.syscalls.count, 1);
    assert_string_equal(profile.syscalls.items[0].names.items[1], "b");
    assert_int_equal(profile.syscalls.items[0].errno_ret.value, 7);
    assert_true(profile.syscalls.items[0].args.items[0].value == UINT64_MAX);
    assert_string_equal(profile.syscalls.items[0].includes.min_kernel, "4.8");
    cv_spec_docker_release(&profile);
    assert_null(profile.default_action);
}

static void test_a_profile_is_bounded(void** state)
{
    size_t                        size    = CV_SPEC_MAX_BYTES + 1;
    char*                         text    = malloc(size);
    struct cv_spec_docker_seccomp profile = { 0 };
    struct cv_spec_seccomp        seccomp = { 0 };
    struct cv_error               err     = CV_ERROR_INIT;
    (void)state;
    assert_non_null(text);
    memset(text, ' ', size);
    text[0] = '{', text[size - 1] = '}';
    assert_int_equal(cv_spec_docker_parse(text, size, &profile, &err), CV_ERR_INVALID);
    assert_non_null(strstr(err.text, "16777216"));
    assert_int_equal(cv_spec_seccomp_parse(text, size, &seccomp, &err), CV_ERR_INVALID);
    free(text);
}

static void test_an_oci_profile_is_the_object_of_the_document(void** state)
{
    static const char      good[] = RULE(READ), bad[] = RULE("\"names\":[\"read\"],\"action\":\"ALLOW\"");
    struct cv_spec_seccomp seccomp = { 0 };
    struct cv_error        err     = CV_ERROR_INIT;
    (void)state;
    assert_int_equal(cv_spec_seccomp_parse(good, strlen(good), &seccomp, &err), 0);
    assert_true(seccomp.set);
    assert_string_equal(seccomp.syscalls.items[0].names.items[0], "read");
    cv_spec_seccomp_release(&seccomp);
    assert_false(seccomp.set);
    assert_int_equal(cv_spec_seccomp_parse(bad, strlen(bad), &seccomp, &err), CV_ERR_INVALID);
    assert_non_null(strstr(err.text, "syscalls[0].action: 'ALLOW'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_docker_profiles_are_taken_or_refused_by_field),
        cmocka_unit_test(test_what_a_docker_profile_says_arrives),
        cmocka_unit_test(test_a_profile_is_bounded),
        cmocka_unit_test(test_an_oci_profile_is_the_object_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
