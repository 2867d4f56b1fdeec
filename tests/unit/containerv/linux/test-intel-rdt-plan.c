#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/intel-rdt-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_spec* spec_of(const char* rdt)
{
    struct cv_spec* spec = NULL;
    char            text[1024];

    assert_int_equal(
        cv_snprintf(text, sizeof(text), "{\"ociVersion\":\"1.2.0\",\"linux\":{\"intelRdt\":{%s}}}", rdt), 0);
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    return spec;
}

static const struct {
    const char *rdt, *schemata;
} texts[] = {
    { "", "" },
    { "\"l3CacheSchema\":\"L3:0=f\"", "L3:0=f\n" },
    { "\"memBwSchema\":\"MB:0=20\"", "MB:0=20\n" },
    { "\"l3CacheSchema\":\"L3:0=f;1=f0\",\"memBwSchema\":\"MB:0=20;1=70\"", "L3:0=f;1=f0\nMB:0=20;1=70\n" },
    /* OCI: then the line of memBwSchema counts */
    { "\"l3CacheSchema\":\"L3:0=f\\nMB:0=10\",\"memBwSchema\":\"MB:0=20\"", "L3:0=f\nMB:0=20\n" },
    { "\"l3CacheSchema\":\"L3:0=f\\nMB:0=10\\n\"", "L3:0=f\nMB:0=10\n" },
    { "\"l3CacheSchema\":\"L3CODE:0=f\\n\\nL3DATA:0=1\"", "L3CODE:0=f\nL3DATA:0=1\n" },
};

static void schemata_are_put_together(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(texts); i++) {
        struct cv_spec* spec = spec_of(texts[i].rdt);
        char*           text = linux_rdt_schemata(spec, &err);
        assert_non_null(text);
        assert_string_equal(text, texts[i].schemata);
        assert_int_equal(linux_rdt_has_schemata(spec), texts[i].schemata[0] != '\0');
        free(text);
        cv_spec_free(spec);
    }
}

static void the_group_has_the_class_or_the_id(void** state)
{
    struct cv_spec* spec = spec_of("");

    (void)state;
    assert_string_equal(linux_rdt_group(spec, "box"), "box");
    cv_spec_free(spec);
    spec = spec_of("\"closID\":\"gold\"");
    assert_string_equal(linux_rdt_group(spec, "box"), "gold");
    cv_spec_free(spec);
}

static const char present[] = "    MB:0=100;1= 70\n    L3:0=007f0;1=0001f\nL2:0=ff\n";

static const struct {
    const char* wanted;
    bool        same;
} compares[] = {
    { "", true },
    { "L3:0=7f0\n", true },
    { "L3:1=1F;0=0x7f0\n", true },
    { "L3:0=7f0;1=1f\nMB:0=100;1=70\n", true },
    { "MB:1=070\n", true },
    { "L2:0=ff", true },
    { "L3:0=7f1\n", false },
    { "L3:2=7f0\n", false },
    { "L3:0=7f0;1=1e\n", false },
    { "L3CODE:0=7f0\n", false },
    { "MB:0=0x64\n", false },
    { "MB:0=a\n", false },
    { "L3\n", false },
    { "L3:0\n", false },
    { "L3:0=\n", false },
    { "L3:0=007f0\nMB:0=99\n", false },
    { "L3:0=11111111111111111\n", false },
};

static void what_is_there_is_compared_as_numbers(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(compares); i++) {
        int rc = linux_rdt_compare(compares[i].wanted, present, &err);
        if (rc != (compares[i].same ? 0 : CV_ERR_INVALID))
            fail_msg("'%s': %d", compares[i].wanted, rc);
    }
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_rdt_compare("L3:0=7f0\nMB:0=5\n", present, &err));
    assert_non_null(strstr(err.text, "'MB:0=5'"));
    assert_int_equal(linux_rdt_compare("L3:0=1\n", "", &err), CV_ERR_INVALID);
}

static void monitoring_needs_its_features(void** state)
{
    static const char all[] = "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n";
    struct cv_spec*   spec  = spec_of("\"enableCMT\":true,\"enableMBM\":true");

    (void)state;
    assert_null(linux_rdt_missing_feature(spec, all));
    assert_string_equal(linux_rdt_missing_feature(spec, ""), "llc_occupancy");
    assert_string_equal(linux_rdt_missing_feature(spec, "llc_occupancy\n"), "mbm_total_bytes");
    assert_string_equal(linux_rdt_missing_feature(spec, "llc_occupancy\nmbm_total_bytes\n"), "mbm_local_bytes");
    cv_spec_free(spec);
    spec = spec_of("\"enableCMT\":false");
    assert_null(linux_rdt_missing_feature(spec, ""));
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemata_are_put_together),
        cmocka_unit_test(the_group_has_the_class_or_the_id),
        cmocka_unit_test(what_is_there_is_compared_as_numbers),
        cmocka_unit_test(monitoring_needs_its_features),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
