/*
 * Any bytes as config.json: reading them never crashes or leaks; what was read comes back equal from its written form, which is stable;
 * a copy is equal; validating ends. The same bytes also as a process document.
 */
#include <string.h>

#include "fuzz.h"
#include "spec/spec.h"

static void check_round_trip(const struct cv_spec* spec)
{
    struct cv_error err   = CV_ERROR_INIT;
    struct cv_spec *again = NULL, *copy = NULL;
    char *          text = NULL, *second = NULL;
    size_t          length = 0, second_length = 0;
    FUZZ_CHECK(cv_spec_print(spec, &text, &length, &err) == 0);
    /* "\\b" becomes six bytes: what was within the bound may be above it now. */
    if (length <= CV_SPEC_MAX_BYTES) {
        FUZZ_CHECK(cv_spec_parse(text, length, &again, &err) == 0);
        FUZZ_CHECK(cv_spec_equal(spec, again));
        FUZZ_CHECK(cv_spec_print(again, &second, &second_length, &err) == 0);
        FUZZ_CHECK(length == second_length && strcmp(text, second) == 0);
    }
    FUZZ_CHECK(cv_spec_copy(spec, &copy, &err) == 0);
    FUZZ_CHECK(cv_spec_equal(spec, copy));
    free(text);
    free(second);
    cv_spec_free(again);
    cv_spec_free(copy);
}

static void check_error(int rc, const struct cv_error* err)
{
    FUZZ_CHECK(rc == 0 || (rc == err->code && err->text[0] != '\0'));
    FUZZ_CHECK(rc == 0 || rc == CV_ERR_INVALID || rc == CV_ERR_UNSUPPORTED);
}

static void check_process(const char* text, size_t size)
{
    struct cv_error        err = CV_ERROR_INIT;
    struct cv_spec_process process, copy;
    int                    rc = cv_spec_process_parse(text, size, &process, &err);
    check_error(rc, &err);
    if (rc < 0)
        return;
    FUZZ_CHECK(cv_spec_process_copy(&process, &copy, &err) == 0);
    cv_spec_process_release(&process);
    cv_spec_process_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    int             rc   = cv_spec_parse((const char*)data, size, &spec, &err);
    check_error(rc, &err);
    if (rc == 0) {
        check_round_trip(spec);
        check_error(cv_spec_validate(spec, &err), &err);
    }
    cv_spec_free(spec);
    check_process((const char*)data, size);
    return 0;
}
