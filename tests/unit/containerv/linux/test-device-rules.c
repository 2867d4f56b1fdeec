#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/device-rules.h"

#include <cv/banned.h>

static struct cv_error err;

static int look(const char* path, char* type_out, unsigned* major_out, unsigned* minor_out, struct cv_error* error)
{
    static const struct {
        const char* path;
        char        type;
        unsigned    major, minor;
    } nodes[] = { { "/dev/sda", 'b', 8, 0 }, { "/dev/fuse", 'c', 10, 229 }, { "/dev/zero", 'c', 1, 5 } };
    for (size_t i = 0; i < CV_ARRAY_LEN(nodes); i++)
        if (strcmp(nodes[i].path, path) == 0) {
            *type_out  = nodes[i].type;
            *major_out = nodes[i].major;
            *minor_out = nodes[i].minor;
            return 0;
        }
    return cv_error_set(error, CV_ERR_NOT_FOUND, "no %s", path);
}

static struct cv_spec* spec_of(const char* json)
{
    struct cv_spec* spec = NULL;
    CV_TEST_OK(err, cv_spec_parse(json, strlen(json), &spec, &err));
    return spec;
}

/* The kernel's machine, as far as such programs need it. Answers what is in register 0 at the exit. */
static uint64_t run(const uint64_t* code, size_t length, const uint32_t context[3])
{
    uint64_t registers[11] = { 0 };
    size_t   at            = 0;
    for (size_t steps = 0; steps <= length; steps++) {
        assert_true(at < length);
        uint64_t  word = code[at++];
        unsigned  dst = word >> 8 & 15, src = word >> 12 & 15;
        size_t    offset   = word >> 16 & 0xffff;
        uint32_t  constant = (uint32_t)(word >> 32);
        uint64_t* to       = &registers[dst];
        switch (word & 0xff) {
        case 0x61:
            *to = context[offset / 4];
            break;
        case 0xbf:
            *to = registers[src];
            break;
        case 0xb7:
            *to = constant;
            break;
        case 0x57:
            *to &= constant;
            break;
        case 0x77:
            *to >>= constant;
            break;
        case 0x55:
            at += *to != constant ? offset : 0;
            break;
        case 0x15:
            at += *to == constant ? offset : 0;
            break;
        case 0x5d:
            at += *to != registers[src] ? offset : 0;
            break;
        case 0x95:
            return registers[0];
        default:
            fail_msg("operation %x", (unsigned)(word & 0xff));
        }
    }
    fail_msg("the program does not end");
    return 0;
}

static bool allows(const struct linux_device_rules* rules, char type, unsigned major, unsigned minor, unsigned access)
{
    const uint32_t context[3] = { access << 16 | (type == 'b' ? 1u : 2u), major, minor };
    uint64_t*      code       = NULL;
    size_t         length     = 0;
    CV_TEST_OK(err, linux_device_program(rules, &code, &length, &err));
    uint64_t answer = run(code, length, context);
    free(code);
    return answer == 1;
}

#define R LINUX_DEVICE_READ
#define W LINUX_DEVICE_WRITE
#define M LINUX_DEVICE_MAKE

static void rules_say_who_may_what(void** state)
{
    static const struct {
        const char* json;
        char        type;
        unsigned    major, minor, access;
        bool        allowed;
    } cases[] = {
        { "{}", 'c', 1, 3, R | W, true },
        { "{}", 'c', 136, 12, R | W, true },
        { "{}", 'c', 1, 11, R, false },
        { "{}", 'b', 8, 0, R, false },
        { "{}", 'b', 8, 0, M, true },
        { "{}", 'b', 1, 3, R, false },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/sda\"}]}}", 'b', 8, 0, R | W, true },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/sda\"}]}}", 'b', 8, 1, R, false },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/sda\"}]}}", 'c', 8, 0, R, false },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/sda\",\"access\":\"r\"}]}}", 'b', 8, 0, R, true },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/sda\",\"access\":\"r\"}]}}", 'b', 8, 0, R | W,
            false },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/sda\",\"access\":\"r\"}]}}", 'b', 8, 0, W, false },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/zero\",\"access\":\"r\"}]}}", 'c', 1, 5, W, false },
        { "{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/zero\",\"access\":\"r\"}]}}", 'c', 1, 5, R, true },
        { "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}}}", 'b', 8, 0, R | W, true },
        { "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"b\",\"access\":\"w\"}]}"
          "}}",
            'b', 8, 0, W, false },
        { "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"b\",\"access\":\"w\"}]}"
          "}}",
            'b', 8, 0, R | W, false },
        { "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true},{\"allow\":false,\"type\":\"b\",\"access\":\"w\"}]}"
          "}}",
            'b', 8, 0, R, true },
        { "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rw\"}]}}}",
            'c', 10, 229, R | W, true },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct cv_spec*           spec  = spec_of(cases[i].json);
        struct linux_device_rules rules = { 0 };
        CV_TEST_OK(err, linux_device_rules_make(spec, look, &rules, &err));
        if (allows(&rules, cases[i].type, cases[i].major, cases[i].minor, cases[i].access) != cases[i].allowed)
            fail_msg("case %zu", i);
        linux_device_rules_release(&rules);
        cv_spec_free(spec);
    }
}

static void rules_are_needed_where_devices_could_be_reached(void** state)
{
    static const struct {
        const char* json;
        bool        needed;
    } cases[] = {
        { "{}", true },
        { "{\"linux\":{\"namespaces\":[{\"type\":\"user\"}]}}", false },
        { "{\"linux\":{\"namespaces\":[{\"type\":\"user\"}]},\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/"
          "a\"}]}}",
            false },
        { "{\"linux\":{\"namespaces\":[{\"type\":\"user\"}]},\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/a\","
          "\"access\":\"mwr\"}]}}",
            false },
        { "{\"linux\":{\"namespaces\":[{\"type\":\"user\"}]},\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/a\","
          "\"access\":\"rw\"}]}}",
            true },
        { "{\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"resources\":{\"devices\":[{\"allow\":false}]}}}", true },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct cv_spec* spec = spec_of(cases[i].json);
        assert_int_equal(linux_device_rules_needed(spec), cases[i].needed);
        cv_spec_free(spec);
    }
}

static void rules_are_lines_of_version_1(void** state)
{
    static const struct {
        struct linux_device_rule rule;
        const char*              line;
    } cases[] = {
        { { false, 'a', R | W | M, -1, -1 }, "a *:* rwm" },
        { { true, 'c', R | W, 1, 3 }, "c 1:3 rw" },
        { { true, 'b', M, 8, -1 }, "b 8:* m" },
    };
    char line[LINUX_DEVICE_LINE_SIZE];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        linux_device_rule_line(&cases[i].rule, line);
        assert_string_equal(line, cases[i].line);
    }
}

static void a_device_that_is_not_there_is_an_error(void** state)
{
    struct cv_spec*           spec  = spec_of("{\"org.containerv\":{\"devices\":[{\"hostPath\":\"/dev/none\"}]}}");
    struct linux_device_rules rules = { 0 };
    (void)state;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, linux_device_rules_make(spec, look, &rules, &err));
    assert_null(rules.items);
    cv_spec_free(spec);
}

static void a_rule_that_is_none_is_an_error(void** state)
{
    static const char* const rules[] = { "\"type\":\"cc\"", "\"type\":\"u\"", "\"type\":\"\"", "\"access\":\"rx\"" };
    char                     json[256];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rules); i++) {
        struct linux_device_rules found = { NULL, 0 };
        assert_int_equal(cv_snprintf(json, sizeof(json),
                             "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,%s}]}}}", rules[i]),
            0);
        struct cv_spec* spec = spec_of(json);
        assert_int_equal(linux_device_rules_make(spec, look, &found, &err), CV_ERR_INVALID);
        assert_string_equal(err.step, "make the rules of devices");
        assert_null(found.items);
        cv_spec_free(spec);
    }
}

static struct linux_device_rules rules_of(const char* rules, bool bare)
{
    struct linux_device_rules made = { 0 };
    char                      text[1024];
    cv_snprintf(text, sizeof(text), "{\"linux\":{\"resources\":{\"devices\":[%s]}}}", rules);
    struct cv_spec* spec = spec_of(text);
    spec->ext.bare       = bare;
    CV_TEST_OK(err, linux_device_rules_make(spec, look, &made, &err));
    cv_spec_free(spec);
    return made;
}

static void an_oci_runtime_allows_tun(void** state)
{
    (void)state;
    for (int bare = 0; bare <= 1; bare++) {
        struct linux_device_rules rules = rules_of("{\"allow\":false,\"access\":\"rwm\"}", bare == 1);
        assert_int_equal(allows(&rules, 'c', 10, 200, R | W), bare);
        assert_true(allows(&rules, 'c', 1, 3, R | W));
        assert_false(allows(&rules, 'c', 10, 229, R));
        linux_device_rules_release(&rules);
    }
}

#define DENY_ALL "{\"allow\":false,\"access\":\"rwm\"},"

static void what_version_1_cannot_keep_is_refused(void** state)
{
    static const struct {
        const char* rules;
        bool        kept;
    } cases[] = {
        { "{\"allow\":false,\"access\":\"rwm\"}", true },
        { DENY_ALL "{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"}", true },
        { DENY_ALL "{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rw\"},"
                   "{\"allow\":false,\"type\":\"c\",\"major\":10,\"access\":\"w\"}",
            true },
        { DENY_ALL "{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rw\"},"
                   "{\"allow\":false,\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"w\"}",
            false },
        { DENY_ALL "{\"allow\":true,\"access\":\"r\"},{\"allow\":false,\"type\":\"b\",\"access\":\"r\"}", false },
        { DENY_ALL "{\"allow\":true,\"type\":\"c\",\"access\":\"m\"},"
                   "{\"allow\":false,\"type\":\"c\",\"major\":10,\"access\":\"rwm\"}",
            true },
        { "{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"b\",\"access\":\"rwm\"}", true },
        { "{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"b\",\"access\":\"rwm\"},"
          "{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"r\"}",
            false },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct linux_device_rules rules = rules_of(cases[i].rules, true);
        if (cases[i].kept)
            CV_TEST_OK(err, linux_device_rules_check_v1(&rules, &err));
        else
            CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, linux_device_rules_check_v1(&rules, &err));
        linux_device_rules_release(&rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_say_who_may_what),
        cmocka_unit_test(rules_are_needed_where_devices_could_be_reached),
        cmocka_unit_test(rules_are_lines_of_version_1),
        cmocka_unit_test(a_device_that_is_not_there_is_an_error),
        cmocka_unit_test(a_rule_that_is_none_is_an_error),
        cmocka_unit_test(an_oci_runtime_allows_tun),
        cmocka_unit_test(what_version_1_cannot_keep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
