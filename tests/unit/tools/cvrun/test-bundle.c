#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "bundle.h"

#include <cv/banned.h>

#define PROCESS "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,\"gid\":0}}"
#define ROOT    "\"root\":{\"path\":\"rootfs\"}"

static struct cv_error err;

static int parse(const char* text)
{
    struct cv_spec* spec = NULL;
    int             rc   = cvrun_config_parse("/b", "/b/config.json", text, strlen(text), &spec, &err);

    cv_spec_free(spec);
    return rc;
}

static void what_oci_asks_for_is_enough(void** state)
{
    (void)state;
    CV_TEST_OK(err, parse("{\"ociVersion\":\"1.0.0\"," PROCESS "," ROOT "}"));
    CV_TEST_OK(err, parse("{\"ociVersion\":\"1.2.1\"," PROCESS "," ROOT ",\"somebody's\":[1]}"));
}

static void paths_are_from_the_bundle(void** state)
{
    static const char text[] =
        "{\"ociVersion\":\"1.0.0\"," PROCESS "," ROOT ",\"mounts\":["
        "{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"data\"},"
        "{\"destination\":\"/b\",\"type\":\"none\",\"source\":\"/data\",\"options\":[\"rbind\"]},"
        "{\"destination\":\"/c\",\"type\":\"tmpfs\",\"source\":\"shm\"}]}";
    struct cv_spec* spec = NULL;

    (void)state;
    CV_TEST_OK(err, cvrun_config_parse("/b", "/b/config.json", text, strlen(text), &spec, &err));
    assert_string_equal(spec->root.path, "/b/rootfs");
    assert_string_equal(spec->mounts.items[0].source, "/b/data");
    assert_string_equal(spec->mounts.items[1].source, "/data");
    assert_string_equal(spec->mounts.items[2].source, "shm");
    cv_spec_free(spec);
}

static void what_is_missing_or_not_for_us_is_refused(void** state)
{
    static const struct {
        int         code;
        const char *text, *told;
    } cases[] = {
        { CV_ERR_INVALID, "{", "line 1" },
        { CV_ERR_INVALID, "{\"ociVersion\":\"2.0.0\"," PROCESS "," ROOT "}", "ociVersion" },
        { CV_ERR_INVALID, "{" PROCESS "," ROOT "}", "ociVersion" },
        { CV_ERR_INVALID, "{\"ociVersion\":\"1.0.0\"," ROOT "}", "process" },
        { CV_ERR_INVALID, "{\"ociVersion\":\"1.0.0\"," PROCESS "}", "root" },
        { CV_ERR_UNSUPPORTED, "{\"ociVersion\":\"1.0.0\"," PROCESS "," ROOT ",\"org.containerv\":{}}",
            "org.containerv" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        CV_TEST_FAILS(cases[i].code, err, parse(cases[i].text));
        assert_non_null(strstr(err.text, cases[i].told));
        assert_non_null(strstr(err.text, "/b/config.json"));
    }
}

static void resources_stand_alone(void** state)
{
    static const char        good[] = "{\"memory\":{\"limit\":1048576},\"pids\":{\"limit\":7}}";
    static const char        bad[]  = "{\"memory\":{\"limit\":\"much\"}}";
    static const char        cpus[] = "{\"cpu\":{\"cpus\":\"all\"}}";
    struct cv_spec_resources resources;

    (void)state;
    CV_TEST_OK(err, cvrun_resources_parse("r", good, strlen(good), &resources, &err));
    assert_int_equal(resources.memory.limit.value, 1048576);
    assert_int_equal(resources.pids.limit, 7);
    assert_true(resources.set && resources.memory.set && !resources.cpu.set);
    cv_spec_resources_release(&resources);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvrun_resources_parse("r", bad, strlen(bad), &resources, &err));
    assert_non_null(strstr(err.text, "memory.limit"));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvrun_resources_parse("r", cpus, strlen(cpus), &resources, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_oci_asks_for_is_enough),
        cmocka_unit_test(paths_are_from_the_bundle),
        cmocka_unit_test(what_is_missing_or_not_for_us_is_refused),
        cmocka_unit_test(resources_stand_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
