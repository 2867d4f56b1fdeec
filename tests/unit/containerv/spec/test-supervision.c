/* Rules of supervision and secrets: documents that are fine, and what is wrong with the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <cv/str.h>

#include "spec-test.h"
#include "spec/supervision.h"

#define START              "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/srv/root\"},\"process\":{\"cwd\":\"/\""
#define EXT(more)          START ",\"args\":[\"/bin/true\"]},\"org.containerv\":{" more "}}"
#define SUP(more)          EXT("\"supervision\":{" more "}")
#define HOLD(more)         START "},\"org.containerv\":{\"hold\":true,\"supervision\":{" more "}}}"
#define SECRET(s, n, more) "{\"source\":\"" s "\",\"name\":\"" n "\"" more "}"
#define MOUNTED(path)                                                                                                  \
    START ",\"args\":[\"/bin/true\"]},\"mounts\":[{\"destination\":\"" path                                            \
          "\",\"type\":\"tmpfs\"}],\"org.containerv\":{\"secrets\":[" SECRET("/s", "n", "") "]}}"

static const char* const good[] = {
    SUP(""),
    SUP("\"remove\":true,\"restart\":\"no\""),
    SUP("\"restart\":\"always\""),
    SUP("\"restart\":\"on-failure\",\"restartMax\":4294967295"),
    SUP("\"stopSignal\":64,\"stopTimeoutMs\":-1"),
    SUP("\"log\":{\"fileBytes\":65536,\"totalBytes\":65536}"),
    SUP("\"log\":{\"totalBytes\":16777216}"),
    SUP("\"log\":{\"fileBytes\":1073741824}"),
    SUP("\"health\":{\"command\":[\"/c\",\"\"],\"intervalMs\":1,\"retries\":1}"),
    HOLD(""),
    HOLD("\"remove\":true,\"health\":{\"command\":[\"/c\"]}"),
    EXT("\"secrets\":[" SECRET("/s", "a", "") "," SECRET("/s", "b", ",\"mode\":511") "]"),
    MOUNTED("/run"),
    MOUNTED("/run/secretsx"),
};

static const struct {
    const char *text, *error;
} bad[] = {
    { SUP("\"restart\":\"unless-stopped\""),
        "org.containerv.supervision.restart: 'unless-stopped' is not known (no, on-failure or always)" },
    { SUP("\"remove\":true,\"restart\":\"always\""), "org.containerv.supervision.remove: can't be had together with "
                                                     "restart 'always': it would be gone before it starts again" },
    { SUP("\"remove\":true,\"restart\":\"on-failure\""),
        "org.containerv.supervision.remove: can't be had together with restart 'on-failure': it would be gone before "
        "it starts again" },
    { SUP("\"restart\":\"always\",\"restartMax\":1"),
        "org.containerv.supervision.restartMax: is for restart 'on-failure'" },
    { SUP("\"restartMax\":1"), "org.containerv.supervision.restartMax: is for restart 'on-failure'" },
    { SUP("\"stopSignal\":65"), "org.containerv.supervision.stopSignal: expected a number from 0 to 64" },
    { SUP("\"stopTimeoutMs\":-2"),
        "org.containerv.supervision.stopTimeoutMs: expected a number from -1 to 9223372036854775807" },
    { SUP("\"log\":{\"fileBytes\":65535}"),
        "org.containerv.supervision.log.fileBytes: 65535 is too little (expected at least 65536)" },
    { SUP("\"log\":{\"totalBytes\":16777215}"),
        "org.containerv.supervision.log.totalBytes: 16777215 is less than a single file has, 16777216" },
    { SUP("\"log\":{\"fileBytes\":1073741825}"),
        "org.containerv.supervision.log.totalBytes: 1073741824 is less than a single file has, 1073741825" },
    { SUP("\"health\":{\"retries\":1}"), "org.containerv.supervision.health.command: is missing: there is nothing to "
                                         "find the health out by" },
    { SUP("\"health\":{\"startPeriodMs\":1,\"command\":[]}"),
        "org.containerv.supervision.health.command: is missing: there is nothing to find the health out by" },
    { SUP("\"health\":{\"command\":[\"\",\"x\"]}"),
        "org.containerv.supervision.health.command[0]: is empty (expected the program to run)" },
    { SUP("\"health\":{\"command\":[\"/c\"],\"intervalMs\":-1}"),
        "org.containerv.supervision.health.intervalMs: expected a number from 0 to 9223372036854775807" },
    { HOLD("\"defer\":true"), "org.containerv.supervision.defer: there is no command that it could be about" },
    { HOLD("\"openStdin\":true"), "org.containerv.supervision.openStdin: there is no command that it could be about" },
    { HOLD("\"restart\":\"always\""),
        "org.containerv.supervision.restart: there is no command that it could be about" },
    { EXT("\"secrets\":[" SECRET("s", "a", "") "]"),
        "org.containerv.secrets[0].source: 's' is not allowed (expected an absolute path of at most 4095 bytes)" },
    { EXT("\"secrets\":[" SECRET("/s", "a/b", "") "]"),
        "org.containerv.secrets[0].name: 'a/b' is not allowed (expected a file name without '/')" },
    { EXT("\"secrets\":[" SECRET("/s", "..", "") "]"),
        "org.containerv.secrets[0].name: '..' is not allowed (expected a file name without '/')" },
    { EXT("\"secrets\":[" SECRET("/s", "a", ",\"mode\":512") "]"),
        "org.containerv.secrets[0].mode: expected a number from 0 to 511" },
    { EXT("\"secrets\":[" SECRET("/s", "a", "") "," SECRET("/s", "b", "") "," SECRET("/t", "a", "") "]"),
        "org.containerv.secrets[2].name: 'a' is there twice" },
    { MOUNTED("/run/secrets"),
        "mounts[0].destination: '/run/secrets' would be hidden: there are secrets, whose place it is" },
    { MOUNTED("/run/secrets/n"),
        "mounts[0].destination: '/run/secrets/n' would be hidden: there are secrets, whose place it is" },
};

static int validate(const char* text, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = NULL;
    int                                       rc   = cv_spec_parse(text, strlen(text), &spec, err);
    return rc == 0 ? cv_spec_validate(spec, err) : rc;
}

static void documents_that_are_fine(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(good); i++) {
        struct cv_error err = CV_ERROR_INIT;
        if (validate(good[i], &err) < 0)
            fail_msg("%s\n  gave \"%s\"", good[i], err.text);
    }
}

static void documents_that_are_not(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_error err = CV_ERROR_INIT;
        int             rc  = validate(bad[i].text, &err);
        if (rc != CV_ERR_INVALID || strcmp(err.text, bad[i].error) != 0)
            fail_msg("%s\n  gave %d \"%s\"\n  not     \"%s\"", bad[i].text, rc, err.text, bad[i].error);
    }
}

static void secrets_are_counted(void** state)
{
    static const char text[] = EXT("");
    struct cv_spec*   spec   = NULL;
    struct cv_error   err    = CV_ERROR_INIT;
    (void)state;
    assert_int_equal(cv_spec_parse(text, strlen(text), &spec, NULL), 0);
    for (unsigned i = 0; i < CV_SPEC_MAX_SECRETS; i++) {
        char                        name[16];
        const struct cv_spec_secret secret = { .source = (char*)(uintptr_t) "/s", .name = name };
        assert_int_equal(cv_snprintf(name, sizeof(name), "n%u", i), 0);
        assert_int_equal(cv_spec_add_secret(spec, &secret, NULL), 0);
    }
    assert_int_equal(cv_spec_validate(spec, &err), 0);
    const struct cv_spec_secret more = { .source = (char*)(uintptr_t) "/s", .name = (char*)(uintptr_t) "more" };
    assert_int_equal(cv_spec_add_secret(spec, &more, NULL), 0);
    assert_int_equal(cv_spec_validate(spec, &err), CV_ERR_INVALID);
    assert_string_equal(err.text, "org.containerv.secrets: 65 entries (at most 64 are allowed)");
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_that_are_fine),
        cmocka_unit_test(documents_that_are_not),
        cmocka_unit_test(secrets_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
