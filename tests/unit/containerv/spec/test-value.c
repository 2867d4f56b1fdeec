/* Specs made at random from the field tables: round trip, copy, equality, release (run under valgrind or ASan for the leaks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "spec-test.h"

static struct cv_spec* generate(uint64_t seed)
{
    struct spec_random random = { seed };
    struct cv_spec*    spec   = calloc(1, sizeof(*spec));
    assert_non_null(spec);
    spec_generate(&cv_table_spec, spec, &random, 0);
    return spec;
}

static unsigned iterations(void)
{
    const char* text = getenv("CV_SPEC_ITERATIONS");
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 2000;
}

static void test_round_trip(void** state)
{
    (void)state;
    for (uint64_t seed = 0; seed < iterations(); seed++) {
        struct cv_error err  = CV_ERROR_INIT;
        struct cv_spec *spec = generate(seed), *again = NULL;
        char *          text = NULL, *second = NULL;
        size_t          length = 0, second_length = 0;
        if (cv_spec_print(spec, &text, &length, &err) < 0 || cv_spec_parse(text, length, &again, &err) < 0)
            fail_msg("seed %u: %s: %s", (unsigned)seed, err.text, text);
        if (!cv_spec_equal(spec, again))
            fail_msg("seed %u: another spec came back: %s", (unsigned)seed, text);
        assert_int_equal(cv_spec_print(again, &second, &second_length, NULL), 0);
        assert_string_equal(text, second);
        free(text);
        free(second);
        cv_spec_free(again);
        cv_spec_free(spec);
    }
}

static void test_copy(void** state)
{
    (void)state;
    for (uint64_t seed = 0; seed < iterations() / 4; seed++) {
        struct cv_spec *spec = generate(seed), *copy = NULL;
        assert_int_equal(cv_spec_copy(spec, &copy, NULL), 0);
        assert_true(cv_spec_equal(spec, copy));
        assert_true(cv_spec_equal(copy, spec));
        cv_spec_free(spec); /* the copy owns all that it has */
        char* text = NULL;
        assert_int_equal(cv_spec_print(copy, &text, NULL, NULL), 0);
        free(text);
        cv_spec_free(copy);
    }
}

static void test_different_specs_differ(void** state)
{
    (void)state;
    for (uint64_t seed = 0; seed < iterations() / 4; seed++) {
        struct cv_spec *a = generate(seed), *b = generate(seed + 1);
        char *          a_text = NULL, *b_text = NULL;
        assert_int_equal(cv_spec_print(a, &a_text, NULL, NULL), 0);
        assert_int_equal(cv_spec_print(b, &b_text, NULL, NULL), 0);
        assert_int_equal(cv_spec_equal(a, b), strcmp(a_text, b_text) == 0);
        free(a_text);
        free(b_text);
        cv_spec_free(a);
        cv_spec_free(b);
    }
}

/* Each row by itself: a value there makes a spec different from an empty one, and an equal one when copied. */
static void each_row(const struct cv_table* table, void* base, size_t size)
{
    void* empty = calloc(1, size);
    assert_non_null(empty);
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_table one    = { .fields = &table->fields[i], .count = 1, .size = size };
        struct spec_random    random = { 0 };
        while (cv_table_zero(&one, base))
            spec_generate(&one, base, &random, 0);
        assert_false(cv_table_equal(table, base, empty));
        cv_table_release(table, base);
        assert_true(cv_table_zero(table, base));
        assert_true(cv_table_equal(table, base, empty));
    }
    free(empty);
}

static void test_each_row_counts(void** state)
{
    (void)state;
    struct cv_spec* spec = calloc(1, sizeof(*spec));
    assert_non_null(spec);
    each_row(&cv_table_spec, spec, sizeof(*spec));
    each_row(&cv_table_process, &spec->process, sizeof(spec->process));
    each_row(&cv_table_linux, &spec->linux_, sizeof(spec->linux_));
    each_row(&cv_table_resources, &spec->linux_.resources, sizeof(spec->linux_.resources));
    each_row(&cv_table_seccomp, &spec->linux_.seccomp, sizeof(spec->linux_.seccomp));
    each_row(&cv_table_windows, &spec->windows, sizeof(spec->windows));
    each_row(&cv_table_vm, &spec->vm, sizeof(spec->vm));
    each_row(&cv_table_solaris, &spec->solaris, sizeof(spec->solaris));
    each_row(&cv_table_extension, &spec->ext, sizeof(spec->ext));
    free(spec);
}

static void test_order_of_pairs_is_no_difference(void** state)
{
    (void)state;
    struct cv_spec *a = cv_spec_new(), *b = cv_spec_new();
    assert_int_equal(cv_spec_set_pair(&a->annotations, "x", "1", NULL), 0);
    assert_int_equal(cv_spec_set_pair(&a->annotations, "y", "2", NULL), 0);
    assert_int_equal(cv_spec_set_pair(&b->annotations, "y", "2", NULL), 0);
    assert_int_equal(cv_spec_set_pair(&b->annotations, "x", "0", NULL), 0);
    assert_false(cv_spec_equal(a, b));
    assert_int_equal(cv_spec_set_pair(&b->annotations, "x", "1", NULL), 0);
    assert_true(cv_spec_equal(a, b));
    cv_spec_free(a);
    cv_spec_free(b);
}

static void test_process_alone(void** state)
{
    (void)state;
    struct cv_spec*        spec = spec_load("linux.json");
    struct cv_spec_process copy, read;
    char*                  text   = NULL;
    size_t                 length = 0;
    assert_int_equal(cv_spec_process_copy(&spec->process, &copy, NULL), 0);
    cv_spec_free(spec);
    assert_int_equal(cv_spec_process_print(&copy, &text, &length, NULL), 0);
    assert_int_equal(cv_spec_process_parse(text, length, &read, NULL), 0);
    assert_true(read.set);
    assert_true(cv_table_equal(&cv_table_process, &copy, &read));
    assert_string_equal(read.args.items[0], "/bin/sh");
    free(text);
    cv_spec_process_release(&copy);
    cv_spec_process_release(&read);
    assert_false(read.set);
}

static void test_free_null(void** state)
{
    (void)state;
    assert_null(cv_spec_free(NULL));
}

static void test_helpers(void** state)
{
    (void)state;
    struct cv_spec* spec = cv_spec_new();
    assert_int_equal(cv_spec_add_layer(spec, "/srv/a", NULL), 0);
    assert_int_equal(cv_spec_add_device(spec, "/dev/kvm", NULL, "rw", NULL), 0);
    assert_int_equal(cv_spec_add_rlimit(spec, "RLIMIT_CORE", 0, UINT64_MAX, NULL), 0);
    assert_int_equal(cv_spec_add_id_map(&spec->linux_.uid_mappings, 0, 100000, 65536, NULL), 0);
    assert_int_equal(cv_spec_add_namespace(spec, "pid", NULL, NULL), 0);
    assert_int_equal(cv_spec_add_namespace(spec, "user", "/proc/1/ns/user", NULL), 0);
    assert_true(spec->ext.set && spec->process.set && spec->linux_.set);
    assert_string_equal(spec->ext.devices.items[0].host_path, "/dev/kvm");
    assert_null(spec->ext.devices.items[0].path);
    assert_string_equal(cv_spec_namespace(spec, "user")->path, "/proc/1/ns/user");
    assert_null(cv_spec_namespace(spec, "ipc"));
    assert_int_equal(cv_spec_set_string(&spec->hostname, "a", NULL), 0);
    assert_int_equal(cv_spec_set_string(&spec->hostname, NULL, NULL), 0);
    assert_null(spec->hostname);
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_different_specs_differ),
        cmocka_unit_test(test_each_row_counts),
        cmocka_unit_test(test_order_of_pairs_is_no_difference),
        cmocka_unit_test(test_process_alone),
        cmocka_unit_test(test_free_null),
        cmocka_unit_test(test_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
