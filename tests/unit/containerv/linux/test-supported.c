#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/supported.h"

#include <cv/banned.h>

static struct cv_error err;

/* A valid container with one mount of that type and these words, and more in "linux". */
static int with(const char* type, const char* words, const char* more, bool bare)
{
    static const char text[] =
        "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"]},"
        "\"mounts\":[{\"destination\":\"/m\",\"type\":\"%s\",\"source\":\"/s\",\"options\":[%s]}],"
        "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]%s}}";
    char            document[1024];
    struct cv_spec* spec = NULL;

    assert_int_equal(cv_snprintf(document, sizeof(document), text, type, words, more), 0);
    CV_TEST_OK(err, cv_spec_parse(document, strlen(document), &spec, &err));
    spec->ext.bare = bare;
    int rc         = linux_supported(spec, true, &err);
    cv_spec_free(spec);
    return rc;
}

static int with_mount(const char* type, const char* words)
{
    return with(type, words, "", false);
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

/* What only makes sense with nothing of ours around the container. */
static void an_oci_runtime_may_have_more(void** state)
{
    static const struct {
        const char *type, *words, *more;
    } rows[] = {
        { "bind", "\"rbind\",\"rshared\"", "" },
        { "bind", "\"bind\",\"unbindable\"", "" },
        { "bind", "\"remount\",\"bind\",\"ro\"", "" },
        { "tmpfs", "", ",\"rootfsPropagation\":\"rshared\"" },
        { "tmpfs", "", ",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229}]" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, with(rows[i].type, rows[i].words, rows[i].more, false));
        CV_TEST_OK(err, with(rows[i].type, rows[i].words, rows[i].more, true));
    }
}

static void paths_are_absolute_but_for_an_oci_runtime(void** state)
{
    struct cv_spec*   spec = NULL;
    static const char text[] =
        "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"]},"
        "\"mounts\":[{\"destination\":\"m\",\"type\":\"tmpfs\"},{\"destination\":\"/"
        "n\",\"type\":\"bind\",\"source\":\"s\"}],"
        "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]}}";

    (void)state;
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    CV_TEST_OK(err, cv_spec_validate(spec, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_supported(spec, true, &err));
    assert_non_null(strstr(err.text, "mount on 'm'"));
    spec->mounts.items[0].destination[0] = '/';
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_supported(spec, true, &err));
    assert_non_null(strstr(err.text, "mount on '/n'"));
    spec->ext.bare = true;
    CV_TEST_OK(err, linux_supported(spec, true, &err));
    cv_spec_free(spec);
}

static void a_sysctl_of_the_host_is_refused(void** state)
{
    (void)state;
    for (int bare = 0; bare < 2; bare++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, with("tmpfs", "", ",\"sysctl\":{\"kernel.panic\":\"1\"}", bare != 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mounts_follow_the_host_or_nobody),
        cmocka_unit_test(what_would_need_the_host_is_refused),
        cmocka_unit_test(an_oci_runtime_may_have_more),
        cmocka_unit_test(paths_are_absolute_but_for_an_oci_runtime),
        cmocka_unit_test(a_sysctl_of_the_host_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
