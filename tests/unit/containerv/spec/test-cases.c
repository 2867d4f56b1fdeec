/* Thousands of wrong documents: each is refused with an error that names the field, or it is one that reads back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "spec-cases.h"
#include "spec-test.h"

#include <cv/banned.h>

enum { LARGE_EVERY = 12 }; /* with CV_CASES_ALL set: 1 */

static const struct {
    const char* document;
    const char* without;
} sources[] = {
    { "linux.json", CV_SPEC_EXTENSION }, /* its extension excludes other fields of it */
    { "layers.json", NULL },
    { "policy.json", NULL },
    { "supervised.json", NULL },
    { "windows.json", NULL },
    { "windows-credential.json", NULL },
    { "other.json", NULL },
};

struct counts {
    size_t refused, taken, failed;
};

static void complain(const struct spec_case* one, const char* what, const struct cv_error* err, struct counts* counts)
{
    if (counts->failed++ < 50)
        print_message("%s = %s: %s: %.300s\n", one->field, one->what, what, err->text);
}

static bool has_place(const char* text)
{
    return strncmp(text, "line ", 5) == 0 && strstr(text, ", column ") != NULL;
}

/* Another rule than the field's own may be what refused it: but some field must be named first. */
static bool names_any(const char* text)
{
    for (size_t i = 0; i < cv_table_spec.count; i++) {
        size_t length = strlen(cv_table_spec.fields[i].key);
        if (strncmp(text, cv_table_spec.fields[i].key, length) == 0 && strchr(".[:", text[length]) != NULL)
            return true;
    }
    return false;
}

static void check_refusal(const struct spec_case* one, const struct cv_error* err, struct counts* counts)
{
    bool named = strncmp(err->text, one->field, strlen(one->field)) == 0;
    counts->refused++;
    if (err->code != CV_ERR_INVALID)
        complain(one, "wrong code", err, counts);
    else if (!named && !(one->lexical && has_place(err->text)) && (one->refused || !names_any(err->text)))
        complain(one, "the field is not named", err, counts);
}

static void check_reading_back(const struct spec_case* one, const struct cv_spec* spec, struct counts* counts)
{
    struct cv_error err   = CV_ERROR_INIT;
    struct cv_spec* again = NULL;
    char*           text  = NULL;
    size_t          length;
    if (cv_spec_print(spec, &text, &length, &err) < 0 || cv_spec_parse(text, length, &again, &err) < 0)
        complain(one, "does not come back", &err, counts);
    else if (!cv_table_equal(&cv_table_spec, spec, again))
        complain(one, "comes back changed", &err, counts);
    cv_spec_free(again);
    free(text);
}

static void take(const struct spec_case* one, void* data)
{
    struct counts*  counts = data;
    struct cv_error err    = CV_ERROR_INIT;
    struct cv_spec* spec   = NULL;
    if (cv_spec_parse(one->text, one->length, &spec, &err) < 0 || cv_spec_validate(spec, &err) < 0) {
        check_refusal(one, &err, counts);
    } else {
        counts->taken++;
        if (one->refused)
            complain(one, "was taken", &err, counts);
        check_reading_back(one, spec, counts);
    }
    cv_spec_free(spec);
}

/* Only then is the one thing that a case changes what it is refused for. */
static void check_source(const char* text, size_t length, const char* without)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    assert_int_equal(cv_spec_parse(text, length, &spec, &err), 0);
    if (without != NULL)
        cv_table_release(&cv_table_extension, &spec->ext);
    if (cv_spec_validate(spec, &err) < 0)
        fail_msg("%s", err.text);
    cv_spec_free(spec);
}

static void test_wrong_documents(void** state)
{
    (void)state;
    struct counts counts = { 0 };
    size_t        cases  = 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(sources); i++) {
        size_t length;
        char*  text = spec_data(sources[i].document, &length);
        check_source(text, length, sources[i].without);
        cases += spec_cases(text, sources[i].without, getenv("CV_CASES_ALL") != NULL ? 1 : LARGE_EVERY, take, &counts);
        free(text);
    }
    print_message("%zu cases: %zu refused, %zu taken\n", cases, counts.refused, counts.taken);
    assert_int_equal(counts.failed, 0);
    assert_true(counts.refused > 5000 && counts.taken > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
