#include <string.h>

#include "core-test.h"
#include "core/core.h"

static struct cv_spec* build(const struct containerv_options* options, const char* rootfs, const char* id)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    if (cv_spec_build(options, rootfs, id, &spec, &err) < 0)
        fail_msg("%s", err.text);
    return spec;
}

static void host_names_come_from_ids(void** state)
{
    static const struct {
        const char *id, *hostname;
    } rows[] = { { "box", "box" }, { "a.b", "a.b" }, { "a.", "a_" }, { "a-", "a_" }, { "a..b-", "a__b_" } };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        struct cv_error err  = CV_ERROR_INIT;
        struct cv_spec* spec = build(NULL, "/r", rows[i].id);
        assert_string_equal(spec->hostname, rows[i].hostname);
        assert_int_equal(cv_spec_validate(spec, &err), 0);
        cv_spec_free(spec);
    }
}

static void what_is_built_is_valid_and_survives_its_written_form(void** state)
{
    struct containerv_options* options = containerv_options_new();
    struct cv_error            err     = CV_ERROR_INIT;
    struct cv_spec*            read    = NULL;
    char*                      text    = NULL;
    size_t                     length  = 0;
    (void)state;
    OK(containerv_options_set_user(options, "joe"));
    OK(containerv_options_add_capability(options, "SYS_PTRACE"));
    OK(containerv_options_set_command(options, "/bin/true", NULL));
    struct cv_spec* spec = build(options, "/r", "box");
    assert_int_equal(cv_spec_add_command(spec, &options->command, &err), 0);
    assert_int_equal(cv_spec_validate(spec, &err), 0);
    assert_int_equal(cv_spec_print(spec, &text, &length, &err), 0);
    assert_int_equal(cv_spec_parse(text, length, &read, &err), 0);
    assert_true(cv_spec_equal(spec, read));
    containerv_free(text);
    cv_spec_free(read);
    cv_spec_free(spec);
    containerv_options_delete(options);
}

static void options_are_not_used_up(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    OK(containerv_options_set_layers(options, (const char* const[]){ "/l1", "/l2" }, 2));
    for (int i = 0; i < 2; i++) {
        struct cv_spec* spec = build(options, i == 0 ? "/r" : NULL, "box");
        assert_int_equal(spec->ext.layers.count, i == 0 ? 3 : 2);
        cv_spec_free(spec);
    }
    containerv_options_delete(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(host_names_come_from_ids),
        TEST(what_is_built_is_valid_and_survives_its_written_form),
        TEST(options_are_not_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
