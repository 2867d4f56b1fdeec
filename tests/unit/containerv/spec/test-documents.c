/* Our own documents have every field of OCI 1.2 and of the extension, and come out as they went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec-test.h"

enum { MAX_ROWS = 512 };
static const struct cv_field* seen[MAX_ROWS];
static size_t                 seen_count;

static bool was_seen(const struct cv_field* row)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i] == row)
            return true;
    return false;
}

static const void* at(const void* base, size_t offset)
{
    return (const char*)base + offset;
}

/* Remember the rows that a spec has something in. */
static void mark(const struct cv_table* table, const void* base)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_field* row = &table->fields[i];
        if (cv_field_zero(row, base))
            continue;
        if (!was_seen(row)) {
            assert_true(seen_count < MAX_ROWS);
            seen[seen_count++] = row;
        }
        if (row->kind == CV_KIND_OBJECT)
            mark(row->table, at(base, row->offset));
        if (row->kind == CV_KIND_LIST || row->kind == CV_KIND_MAP) {
            struct cv_any_list list = cv_list_load(at(base, row->offset));
            for (size_t j = 0; j < list.count; j++)
                mark(row->table, at(list.items, j * row->table->size));
        }
    }
}

/* Count the rows that no document had. Tables don't contain themselves. */
static size_t missing(const struct cv_table* table, const char* name, size_t* rows)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_field* row = &table->fields[i];
        ++*rows;
        if (!was_seen(row)) {
            print_message("no document has '%s' of '%s'\n", row->key, name);
            count++;
        }
        if (row->table != NULL)
            count += missing(row->table, row->key, rows);
    }
    return count;
}

static void test_every_row_is_in_a_document(void** state)
{
    (void)state;
    size_t rows = 0;
    for (size_t i = 0; spec_documents[i] != NULL; i++) {
        struct cv_spec* spec = spec_load(spec_documents[i]);
        mark(&cv_table_spec, spec);
        cv_spec_free(spec);
    }
    assert_int_equal(missing(&cv_table_spec, "", &rows), 0);
    print_message("%zu rows\n", rows);
    assert_true(rows > 250);
}

static void test_documents_are_valid(void** state)
{
    (void)state;
    for (size_t i = 0; spec_documents[i] != NULL; i++) {
        struct cv_error err  = CV_ERROR_INIT;
        struct cv_spec* spec = spec_load(spec_documents[i]);
        if (strcmp(spec_documents[i], "linux.json") == 0) { /* has all fields, also those that exclude each other */
            assert_int_equal(cv_spec_validate(spec, &err), CV_ERR_INVALID);
            assert_string_equal(
                err.text, CV_SPEC_EXTENSION ".shared: 'cgroup' is shared, but linux.namespaces has 'cgroup'");
            spec->ext.shared = 0;
            assert_int_equal(cv_spec_validate(spec, &err), CV_ERR_INVALID);
            assert_non_null(strstr(err.text, "can't be given beside cpuMilli"));
            spec->ext.limits.cpu_milli = 0;
        }
        if (cv_spec_validate(spec, &err) < 0)
            fail_msg("%s: %s", spec_documents[i], err.text);
        cv_spec_free(spec);
    }
}

/* The printed form is fixed: what is stored in printed/ must come out byte by byte. */
static void test_printed_form(void** state)
{
    (void)state;
    for (size_t i = 0; spec_documents[i] != NULL; i++) {
        char   name[128];
        char*  printed = NULL;
        size_t length = 0, stored_length = 0;
        snprintf(name, sizeof(name), "printed/%s", spec_documents[i]);
        struct cv_spec* spec = spec_load(spec_documents[i]);
        assert_int_equal(cv_spec_print(spec, &printed, &length, NULL), 0);
        const char* update = getenv("CV_SPEC_PRINT");
        if (update != NULL)
            print_message("%s %s\n", name, printed);
        char* stored = spec_data(name, &stored_length);
        while (stored_length > 0 && (stored[stored_length - 1] == '\n' || stored[stored_length - 1] == '\r'))
            stored[--stored_length] = '\0';
        assert_string_equal(printed, stored);
        assert_int_equal(length, strlen(printed));
        free(stored);
        free(printed);
        cv_spec_free(spec);
    }
}

static void test_printed_form_reads_back(void** state)
{
    (void)state;
    for (size_t i = 0; spec_documents[i] != NULL; i++) {
        struct cv_error err  = CV_ERROR_INIT;
        struct cv_spec *spec = spec_load(spec_documents[i]), *again = NULL;
        char*           printed = NULL;
        size_t          length  = 0;
        assert_int_equal(cv_spec_print(spec, &printed, &length, NULL), 0);
        if (cv_spec_parse(printed, length, &again, &err) < 0)
            fail_msg("%s", err.text);
        assert_true(cv_spec_equal(spec, again));
        free(printed);
        cv_spec_free(again);
        cv_spec_free(spec);
    }
}

static void test_values(void** state)
{
    (void)state;
    struct cv_spec* spec = spec_load("linux.json");
    assert_int_equal(spec->process.rlimits.items[1].hard, UINT64_MAX);
    assert_int_equal(spec->process.rlimits.items[1].soft, (uint64_t)INT64_MAX + 1);
    assert_int_equal(spec->linux_.resources.hugepage_limits.items[0].limit, UINT64_C(9223372036854772000));
    assert_int_equal(spec->linux_.resources.memory.swap.value, -1);
    assert_true(spec->linux_.resources.memory.disable_oom_killer.set);
    assert_false(spec->linux_.resources.memory.disable_oom_killer.value);
    assert_string_equal(spec->process.env.items[1], "A=\xc3\xa4\n\t\"\\\x01 \xf0\x9f\x98\x80");
    assert_true(spec->ext.no_init);
    assert_int_equal(spec->ext.network.mode, CV_SPEC_NETWORK_VETH);
    assert_string_equal(spec->linux_.resources.rdma.items[1].name, "mlx4_0");
    assert_int_equal(spec->process.user.additional_gids[2], 4294967294u);
    cv_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_in_a_document),
        cmocka_unit_test(test_documents_are_valid),
        cmocka_unit_test(test_printed_form),
        cmocka_unit_test(test_printed_form_reads_back),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
