/* Each allocation of ours fails once: no crash, no leak, and an error that says so. Linked with --wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "spec-test.h"
#include "spec/mountopts.h"

void* __real_malloc(size_t size);
void* __real_calloc(size_t count, size_t size);
void* __real_realloc(void* memory, size_t size);
char* __real_strdup(const char* text);
void  __real_free(void* memory);
void* __wrap_malloc(size_t size);
void* __wrap_calloc(size_t count, size_t size);
void* __wrap_realloc(void* memory, size_t size);
char* __wrap_strdup(const char* text);
void  __wrap_free(void* memory);

static bool   armed;
static bool   fired;
static size_t countdown; /* allocations until the one that fails */
static long   live;      /* blocks that are out */

static bool fails(void)
{
    if (!armed || countdown-- > 0)
        return false;
    armed = false; /* the one, not those after it */
    fired = true;
    return true;
}

static void* count(void* memory)
{
    live += memory != NULL;
    return memory;
}

void* __wrap_malloc(size_t size)
{
    return fails() ? NULL : count(__real_malloc(size));
}

void* __wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : count(__real_calloc(n, size));
}

void* __wrap_realloc(void* memory, size_t size)
{
    if (fails())
        return NULL;
    void* moved = __real_realloc(memory, size);
    live += memory == NULL && moved != NULL;
    return moved;
}

char* __wrap_strdup(const char* text)
{
    return fails() ? NULL : count(__real_strdup(text));
}

/* jansson's own allocations are counted, but don't fail: its 2.14 writes beyond a buffer when growing the buffer of a token fails. */
static void* jansson_malloc(size_t size)
{
    return count(__real_malloc(size));
}

void __wrap_free(void* memory)
{
    live -= memory != NULL;
    __real_free(memory);
}

static char*           text;
static size_t          text_length;
static struct cv_spec* spec;

static int step_parse(struct cv_error* err)
{
    struct cv_spec* read = NULL;
    int             rc   = cv_spec_parse(text, text_length, &read, err);
    cv_spec_free(read);
    return rc;
}

static int step_print(struct cv_error* err)
{
    char* printed = NULL;
    int   rc      = cv_spec_print(spec, &printed, NULL, err);
    free(printed);
    return rc;
}

static int step_copy(struct cv_error* err)
{
    struct cv_spec* copy = NULL;
    int             rc   = cv_spec_copy(spec, &copy, err);
    cv_spec_free(copy);
    return rc;
}

static int step_validate(struct cv_error* err)
{
    return cv_spec_validate(spec, err);
}

static int step_build(struct cv_error* err)
{
    struct cv_spec* built = cv_spec_new();
    if (built == NULL)
        return cv_error_no_memory(err);
    int rc = cv_spec_add_layer(built, "/a", err);
    if (rc == 0)
        rc = cv_spec_add_device(built, "/dev/kvm", "/dev/x", "r", err);
    if (rc == 0)
        rc = cv_spec_add_rlimit(built, "RLIMIT_AS", 1, 2, err);
    if (rc == 0)
        rc = cv_spec_add_id_map(&built->linux_.uid_mappings, 0, 1, 2, err);
    if (rc == 0)
        rc = cv_spec_set_pair(&built->annotations, "a", "b", err);
    if (rc == 0)
        rc = cv_spec_default_linux(built, err);
    cv_spec_free(built);
    return rc;
}

static void every_allocation(int (*step)(struct cv_error* err))
{
    size_t n = 0;
    for (fired = true; fired; n++) {
        struct cv_error err    = CV_ERROR_INIT;
        long            before = live;
        fired                  = false;
        countdown              = n;
        armed                  = true;
        int rc                 = step(&err);
        armed                  = false;
        if (live != before)
            fail_msg("allocation %zu: %ld blocks left", n, live - before);
        assert_int_equal(rc, fired ? CV_ERR_NO_MEMORY : 0);
        if (fired && err.code != rc)
            fail_msg("allocation %zu: no error was filled in", n);
    }
    print_message("%zu allocations\n", n - 1);
    assert_true(n > 3 || step == step_validate); /* validating may need none */
}

static void test_parse(void** state)
{
    (void)state;
    every_allocation(step_parse);
}

static void test_print(void** state)
{
    (void)state;
    every_allocation(step_print);
}

static void test_copy(void** state)
{
    (void)state;
    every_allocation(step_copy);
}

static void test_validate(void** state)
{
    (void)state;
    every_allocation(step_validate);
}

static void test_build(void** state)
{
    (void)state;
    every_allocation(step_build);
}

static int run(const char* document)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_validate),
        cmocka_unit_test(test_build),
    };
    text                       = spec_data(document, &text_length);
    spec                       = spec_load(document);
    spec->ext.shared           = 0; /* linux.json has these two only to have every field */
    spec->ext.limits.cpu_milli = 0;
    int failed                 = cmocka_run_group_tests(tests, NULL, NULL);
    spec                       = cv_spec_free(spec);
    free(text);
    return failed;
}

int main(void)
{
    json_set_alloc_funcs(jansson_malloc, free); /* jansson's library is not linked with --wrap */
    json_object_seed(1);
    return run("linux.json") + run("windows-credential.json");
}
