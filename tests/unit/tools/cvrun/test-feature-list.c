#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <jansson.h>

#include "bundle.h"
#include "feature-list.h"
#include "spec/mountopts.h"
#include "spec/spec.h"

#include <cv/banned.h>

static struct cv_error err;

static bool contains(const json_t* list, const char* word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

static json_t* document(void)
{
    char*   text  = cvrun_features_print("1.2.3", &err);
    json_t* value = text != NULL ? json_loads(text, 0, NULL) : NULL;

    free(text);
    assert_non_null(value);
    return value;
}

static void the_document_tells_what_is_read(void** state)
{
    json_t *value = document(), *linux_ = json_object_get(value, "linux"),
           *seccomp = json_object_get(linux_, "seccomp");

    (void)state;
    assert_int_equal(json_array_size(json_object_get(value, "hooks")), 6);
    assert_true(contains(json_object_get(value, "mountOptions"), "rbind"));
    assert_false(contains(json_object_get(value, "mountOptions"), "x-containerv.chown"));
    assert_true(contains(json_object_get(linux_, "namespaces"), "time"));
    assert_int_equal(json_array_size(json_object_get(linux_, "capabilities")), 41);
    assert_true(contains(json_object_get(seccomp, "actions"), "SCMP_ACT_NOTIFY"));
    assert_true(contains(json_object_get(seccomp, "operators"), "SCMP_CMP_MASKED_EQ"));
    assert_true(contains(json_object_get(seccomp, "archs"), "SCMP_ARCH_X86_64"));
    assert_true(contains(json_object_get(seccomp, "knownFlags"), "SECCOMP_FILTER_FLAG_LOG"));
    json_decref(value);
}

/* "The runtime MUST recognize the elements in this array." */
static void each_mount_option_is_taken(void** state)
{
    const char* word;
    size_t      count = 0;

    (void)state;
    for (; (word = cv_mount_options_word(count)) != NULL; count++) {
        struct cv_strv          words = { 0 };
        struct cv_mount_options options;

        assert_int_equal(cv_strv_append(&words, word), 0);
        CV_TEST_OK(err, cv_mount_options_parse(&words, "tmpfs", &options, &err));
        cv_mount_options_release(&options);
        cv_strv_release(&words);
    }
    assert_true(count > 30);
}

/* "The runtime MUST accept this value as ociVersion." */
static void both_versions_are_taken(void** state)
{
    static const char* const versions[] = { CVRUN_OCI_VERSION_MIN, CVRUN_OCI_VERSION_MAX };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(versions); i++) {
        char            text[160];
        struct cv_spec* spec = NULL;

        CV_TEST_OK(err, cv_snprintf(text, sizeof(text),
                            "{\"ociVersion\":\"%s\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":0,"
                            "\"gid\":0}},\"root\":{\"path\":\"r\"}}",
                            versions[i]));
        CV_TEST_OK(err, cvrun_config_parse("/b", "config.json", text, strlen(text), &spec, &err));
        cv_spec_free(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_tells_what_is_read),
        cmocka_unit_test(each_mount_option_is_taken),
        cmocka_unit_test(both_versions_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
