#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "linux/oci-scope-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cv_spec* spec_of(const char* resources)
{
    struct cv_spec* spec = NULL;
    char            text[1024];
    int             length = snprintf(text, sizeof(text), "{\"linux\":{\"resources\":{%s}}}", resources);
    CV_TEST_OK(err, cv_spec_parse(text, (size_t)length, &spec, &err));
    return spec;
}

static void limits_become_properties(void** state)
{
    static const char* const cases[][2] = {
        { "", "" },
        { "\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":-1},\"cpu\":{\"shares\":0,\"quota\":0},\"pids\":{"
          "\"limit\":0}",
            "" },
        { "\"memory\":{\"limit\":100,\"swap\":300,\"reservation\":50}",
            "MemoryMax=t:100 MemorySwapMax=t:200 MemoryLow=t:50 " },
        { "\"memory\":{\"limit\":100,\"swap\":100}", "MemoryMax=t:100 MemorySwapMax=t:0 " },
        { "\"memory\":{\"limit\":-1,\"swap\":-1}",
            "MemoryMax=t:18446744073709551615 MemorySwapMax=t:18446744073709551615 " },
        { "\"cpu\":{\"shares\":1024,\"quota\":50000}", "CPUWeight=t:39 CPUQuotaPerSecUSec=t:500000 " },
        { "\"cpu\":{\"quota\":1001,\"period\":100000}", "CPUQuotaPerSecUSec=t:20000 CPUQuotaPeriodUSec=t:100000 " },
        { "\"cpu\":{\"quota\":-1}", "CPUQuotaPerSecUSec=t:18446744073709551615 " },
        { "\"cpu\":{\"cpus\":\"0-3,7,9\",\"mems\":\"0\"}", "AllowedCPUs=x:8f02 AllowedMemoryNodes=x:01 " },
        { "\"pids\":{\"limit\":7},\"blockIO\":{\"weight\":1000}", "TasksMax=t:7 IOWeight=t:10000 " },
        { "\"pids\":{\"limit\":-1}", "TasksMax=t:18446744073709551615 " },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct cv_spec* spec       = spec_of(cases[i][0]);
        struct cv_strv  properties = { .items = NULL };
        struct cv_str   text       = { 0 };
        CV_TEST_OK(err, linux_oci_scope_properties(&spec->linux_.resources, &properties, &err));
        for (size_t k = 0; k < properties.count; k++)
            cv_str_printf(&text, "%s ", properties.items[k]);
        char* all = cv_str_steal(&text, &err);
        assert_string_equal(all, cases[i][1]);
        free(all);
        cv_strv_release(&properties);
        cv_spec_free(spec);
    }
}

static void a_cpu_that_no_machine_has_is_refused(void** state)
{
    struct cv_strv  properties = { .items = NULL };
    struct cv_spec* spec       = spec_of("\"cpu\":{\"cpus\":\"0-8192\"}");
    (void)state;
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_oci_scope_properties(&spec->linux_.resources, &properties, &err));
    cv_strv_release(&properties);
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_become_properties),
        cmocka_unit_test(a_cpu_that_no_machine_has_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
