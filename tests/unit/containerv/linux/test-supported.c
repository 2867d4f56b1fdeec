#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/supported.h"

#include <cv/banned.h>

static struct cv_error err;

/* A valid container with one mount of that type and these words. */
static int with_mount(const char* type, const char* words)
{
    static const char text[] =
        "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"]},"
        "\"mounts\":[{\"destination\":\"/m\",\"type\":\"%s\",\"source\":\"/s\",\"options\":[%s]}],"
        "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]}}";
    char            document[1024];
    struct cv_spec* spec = NULL;

    assert_int_equal(cv_snprintf(document, sizeof(document), text, type, words), 0);
    CV_TEST_OK(err, cv_spec_parse(document, strlen(document), &spec, &err));
    int rc = linux_supported(spec, true, &err);
    cv_spec_free(spec);
    return rc;
}

static void mounts_follow_the_host_or_nobody(void** state)
{
    (void)state;
    CV_TEST_OK(err, with_mount("bind", "\"rbind\",\"ro\""));
    CV_TEST_OK(err, with_mount("bind", "\"rbind\",\"rprivate\""));
    CV_TEST_OK(err, with_mount("bind", "\"rbind\",\"rslave\""));
    CV_TEST_OK(err, with_mount("bind", "\"bind\",\"slave\""));
    CV_TEST_OK(err, with_mount("tmpfs", "\"private\""));
    CV_TEST_OK(err, with_mount("tmpfs", "\"slave\""));
}

static void what_would_need_the_host_is_refused(void** state)
{
    static const char* const words[] = { "\"rbind\",\"shared\"", "\"rbind\",\"rshared\"", "\"bind\",\"unbindable\"",
        "\"rbind\",\"runbindable\"", "\"rbind\",\"slave\"" };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(words); i++) {
        CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, with_mount("bind", words[i]));
        assert_non_null(strstr(err.text, "mount on '/m'"));
        assert_non_null(strstr(err.text, "linux"));
    }
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, with_mount("tmpfs", "\"shared\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mounts_follow_the_host_or_nobody),
        cmocka_unit_test(what_would_need_the_host_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
