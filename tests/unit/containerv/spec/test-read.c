/* Documents that must be refused, each with its exact text; and what must be let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "spec-test.h"

static const struct {
    const char* text;
    const char* error;
} bad[] = {
    { "", "line 1, column 1: '[' or '{' expected near end of file" },
    { "x", "line 1, column 1: '[' or '{' expected near 'x'" },
    { "{", "line 1, column 1: string or '}' expected near end of file" },
    { "{}x", "line 1, column 3: end of file expected near 'x'" },
    { "[]", "the document: expected an object, found a list" },
    { "null", "line 1, column 4: '[' or '{' expected near 'null'" },
    { "{\n  \"a\": 1,\n  \"a\": 2\n}", "line 3, column 5: duplicate object key near '\"a\"'" },
    { "{\"a\": 01}", "line 1, column 7: invalid token near '0'" },
    { "{\"a\": 1.}", "line 1, column 8: invalid token near '1.'" },
    { "{\"hostname\": \"a\\u0000\"}", "hostname: has a NUL character in it" },
    { "{\"process\": {\"args\": [\"a\", \"\\u0000\"]}}", "process.args[1]: has a NUL character in it" },
    { "{\"a\\u0000\": 1}", "line 1, column 10: NUL byte in object key not supported near '\"a\\u0000\"'" },
    { "{\"a\": \"\xff\"}", "line 1, column 7: unable to decode byte 0xff near '\"'" },
    { "{\"a\": \"\xc0\x80\"}", "line 1, column 7: unable to decode byte 0xc0 near '\"'" },
    { "{\"a\": \"\\ud800\"}", "line 1, column 14: invalid Unicode '\\uD800' near '\"\\ud800\"'" },
    { "{\"a\": 'b'}", "line 1, column 7: invalid token near '''" },
    { "{\"a\": 1,}", "line 1, column 9: string or '}' expected near '}'" },
    { "{\"a\": -9223372036854775809}", "line 1, column 26: too big negative integer near '-9223372036854775809'" },
    { "{\"a\": 18446744073709551616}", "line 1, column 26: too big integer near '18446744073709551616'" },

    { "{\"ociVersion\": 1}", "ociVersion: expected a string, found a number" },
    { "{\"ociVersion\": null}", "ociVersion: expected a string, found null" },
    { "{\"ociVersion\": 1.5}", "ociVersion: expected a string, found a number" },
    { "{\"ociVersion\": 18446744073709551615}", "ociVersion: expected a string, found a number" },
    { "{\"root\": []}", "root: expected an object, found a list" },
    { "{\"root\": {\"readonly\": \"yes\"}}", "root.readonly: expected true or false, found a string" },
    { "{\"root\": {\"readonly\": 1}}", "root.readonly: expected true or false, found a number" },
    { "{\"mounts\": {}}", "mounts: expected a list, found an object" },
    { "{\"mounts\": [1]}", "mounts[0]: expected an object, found a number" },
    { "{\"mounts\": [{\"options\": \"ro\"}]}", "mounts[0].options: expected a list, found a string" },
    { "{\"mounts\": [{}, {\"options\": [\"ro\", 7]}]}", "mounts[1].options[1]: expected a string, found a number" },
    { "{\"mounts\": [{\"uidMappings\": [{\"containerID\": 0, \"hostID\": 0}]}]}",
        "mounts[0].uidMappings[0].size: is missing" },
    { "{\"mounts\": [{\"uidMappings\": [{\"containerID\": -1}]}]}",
        "mounts[0].uidMappings[0].containerID: expected a number from 0 to 4294967295" },
    { "{\"process\": true}", "process: expected an object, found true" },
    { "{\"process\": {\"args\": [\"a\", null]}}", "process.args[1]: expected a string, found null" },
    { "{\"process\": {\"env\": {\"A\": \"b\"}}}", "process.env: expected a list, found an object" },
    { "{\"process\": {\"consoleSize\": {\"height\": 1}}}", "process.consoleSize.width: is missing" },
    { "{\"process\": {\"consoleSize\": {\"height\": 65536, \"width\": 1}}}",
        "process.consoleSize.height: expected a number from 0 to 65535" },
    { "{\"process\": {\"user\": {\"uid\": 4294967296}}}", "process.user.uid: expected a number from 0 to 4294967295" },
    { "{\"process\": {\"user\": {\"uid\": \"0\"}}}", "process.user.uid: expected a number, found a string" },
    { "{\"process\": {\"user\": {\"uid\": 0.0}}}", "process.user.uid: expected a whole number" },
    { "{\"process\": {\"user\": {\"uid\": 0.5}}}", "process.user.uid: expected a whole number" },
    { "{\"process\": {\"user\": {\"uid\": 1e3}}}", "process.user.uid: expected a whole number" },
    { "{\"process\": {\"user\": {\"gid\": 18446744073709551615, \"uid\": 0.5}}}",
        "process.user.uid: expected a whole number" },
    { "{\"process\": {\"user\": {\"gid\": 18446744073709551615}}}",
        "process.user.gid: expected a number from 0 to 4294967295" },
    { "{\"process\": {\"user\": {\"umask\": 512}}}", "process.user.umask: expected a number from 0 to 511" },
    { "{\"process\": {\"user\": {\"additionalGids\": [1, -1]}}}",
        "process.user.additionalGids[1]: expected a number from 0 to 4294967295" },
    { "{\"process\": {\"oomScoreAdj\": 1001}}", "process.oomScoreAdj: expected a number from -1000 to 1000" },
    { "{\"process\": {\"oomScoreAdj\": -1001}}", "process.oomScoreAdj: expected a number from -1000 to 1000" },
    { "{\"process\": {\"oomScoreAdj\": 9223372036854775808}}",
        "process.oomScoreAdj: expected a number from -1000 to 1000" },
    { "{\"process\": {\"oomScoreAdj\": 0.1}}", "process.oomScoreAdj: expected a whole number" },
    { "{\"process\": {\"rlimits\": [{\"type\": \"RLIMIT_CORE\", \"hard\": 1}]}}",
        "process.rlimits[0].soft: is missing" },
    { "{\"process\": {\"rlimits\": [{\"soft\": -1, \"hard\": 1}]}}",
        "process.rlimits[0].soft: expected a number from 0 to 18446744073709551615" },
    { "{\"process\": {\"scheduler\": {\"nice\": 20}}}", "process.scheduler.nice: expected a number from -20 to 19" },
    { "{\"process\": {\"ioPriority\": {\"priority\": 8}}}",
        "process.ioPriority.priority: expected a number from 0 to 7" },
    { "{\"hooks\": {\"prestart\": [{\"timeout\": 0}]}}",
        "hooks.prestart[0].timeout: expected a number from 1 to 2147483647" },
    { "{\"annotations\": {\"a.b\": 1}}", "annotations[\"a.b\"]: expected a string, found a number" },
    { "{\"annotations\": []}", "annotations: expected an object, found a list" },
    { "{\"linux\": {\"sysctl\": {\"net.core\": {}}}}",
        "linux.sysctl[\"net.core\"]: expected a string, found an object" },
    { "{\"linux\": {\"resources\": {\"rdma\": {\"x\": {\"hcaHandles\": -1}}}}}",
        "linux.resources.rdma[\"x\"].hcaHandles: expected a number from 0 to 4294967295" },
    { "{\"linux\": {\"resources\": {\"rdma\": {\"x\": 1}}}}",
        "linux.resources.rdma[\"x\"]: expected an object, found a number" },
    { "{\"linux\": {\"resources\": {\"rdma\": 1}}}", "linux.resources.rdma: expected an object, found a number" },
    { "{\"linux\": {\"resources\": {\"devices\": [{\"access\": \"r\"}]}}}",
        "linux.resources.devices[0].allow: is missing" },
    { "{\"linux\": {\"resources\": {\"pids\": {}}}}", "linux.resources.pids.limit: is missing" },
    { "{\"linux\": {\"resources\": {\"pids\": {\"limit\": 9223372036854775808}}}}",
        "linux.resources.pids.limit: expected a number from -9223372036854775808 to 9223372036854775807" },
    { "{\"linux\": {\"resources\": {\"memory\": {\"disableOOMKiller\": 0}}}}",
        "linux.resources.memory.disableOOMKiller: expected true or false, found a number" },
    { "{\"linux\": {\"resources\": {\"blockIO\": {\"weight\": 65536}}}}",
        "linux.resources.blockIO.weight: expected a number from 0 to 65535" },
    { "{\"linux\": {\"seccomp\": {\"syscalls\": [{\"args\": [{\"index\": 6}]}]}}}",
        "linux.seccomp.syscalls[0].args[0].index: expected a number from 0 to 5" },
    { "{\"linux\": {\"timeOffsets\": {\"boottime\": {\"nanosecs\": 1000000000}}}}",
        "linux.timeOffsets.boottime.nanosecs: expected a number from 0 to 999999999" },
    { "{\"windows\": {\"credentialSpec\": \"x\"}}", "windows.credentialSpec: expected an object, found a string" },
    { "{\"windows\": {\"credentialSpec\": {\"a\": [{\"b\": 1.5}]}}}",
        "windows.credentialSpec: may not have fractions, numbers above 9223372036854775807, nor NUL characters" },
    { "{\"windows\": {\"credentialSpec\": {\"a\": 9223372036854775808}}}",
        "windows.credentialSpec: may not have fractions, numbers above 9223372036854775807, nor NUL characters" },

    { "{\"org.containerv\": {\"idd\": \"x\"}}", "org.containerv.idd: there is no such field" },
    { "{\"org.containerv\": {\"network\": {\"mac\": \"x\"}}}", "org.containerv.network.mac: there is no such field" },
    { "{\"org.containerv\": {\"limits\": {\"swap\": 1}}}", "org.containerv.limits.swap: there is no such field" },
    { "{\"org.containerv\": {\"devices\": [{\"p\": 1}]}}", "org.containerv.devices[0].p: there is no such field" },
    { "{\"org.containerv\": {\"caps\": [\"network\", \"fly\"]}}",
        "org.containerv.caps[1]: 'fly' is not known (filesystem, process-control, network, ipc, users or limits)" },
    { "{\"org.containerv\": {\"caps\": \"network\"}}", "org.containerv.caps: expected a list, found a string" },
    { "{\"org.containerv\": {\"caps\": [1]}}", "org.containerv.caps[0]: expected a string, found a number" },
    { "{\"org.containerv\": {\"network\": {\"mode\": \"bridge\"}}}",
        "org.containerv.network.mode: 'bridge' is not known (none, host or veth)" },
    { "{\"org.containerv\": {\"network\": {\"mode\": 1}}}",
        "org.containerv.network.mode: expected a string, found a number" },
    { "{\"org.containerv\": {\"init\": \"no\"}}", "org.containerv.init: expected true or false, found a string" },
    { "{\"org.containerv\": {\"timeoutMs\": -1}}",
        "org.containerv.timeoutMs: expected a number from 0 to 9223372036854775807" },
    { "{\"org.containerv\": {\"limits\": {\"memoryBytes\": 9223372036854775808}}}",
        "org.containerv.limits.memoryBytes: expected a number from 0 to 9223372036854775807" },
};

static bool refused(const char* text, size_t length, const char* error)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    int             rc   = cv_spec_parse(text, length, &spec, &err);
    if (rc == CV_ERR_INVALID && strcmp(err.text, error) == 0 && spec == NULL)
        return true;
    print_message("%.200s\n  gave %d \"%s\"\n  not     \"%s\"\n", text, rc, err.text, error);
    return false;
}

static void assert_refused(const char* text, size_t length, const char* error)
{
    assert_true(refused(text, length, error));
}

static void test_bad_documents(void** state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        wrong += !refused(bad[i].text, strlen(bad[i].text), bad[i].error);
    assert_int_equal(wrong, 0);
    print_message("%zu documents\n", CV_ARRAY_LEN(bad));
}

/* The object of the error is the path, for who shows it apart. */
static void test_error_names_the_field(void** state)
{
    (void)state;
    struct cv_error   err    = CV_ERROR_INIT;
    struct cv_spec*   spec   = NULL;
    static const char text[] = "{\"mounts\": [{\"options\": [1]}]}";
    assert_int_equal(cv_spec_parse(text, strlen(text), &spec, &err), CV_ERR_INVALID);
    assert_string_equal(err.object, "mounts[0].options[0]");
    assert_int_equal(cv_spec_parse(text, strlen(text), &spec, NULL), CV_ERR_INVALID);
}

static void test_every_cut_is_refused(void** state)
{
    (void)state;
    size_t length = 0;
    char*  text   = spec_data("windows.json", &length);
    while (text[length - 1] != '}')
        length--;
    for (size_t cut = 0; cut < length; cut++) {
        struct cv_error err  = CV_ERROR_INIT;
        struct cv_spec* spec = NULL;
        char*           part = malloc(cut + 1); /* exactly as long, for the sanitizer and valgrind */
        memcpy(part, text, cut);
        assert_int_equal(cv_spec_parse(part, cut, &spec, &err), CV_ERR_INVALID);
        assert_memory_equal(err.text, "line ", 5);
        free(part);
    }
    free(text);
}

static void test_nul_byte(void** state)
{
    (void)state;
    assert_refused("{\"a\": \"b\0c\"}", 12, "line 1, column 8: control character 0x0 near '\"b'");
    assert_refused("{}\0", 3, "line 1, column 3: end of file expected near end of file");
}

/* `inner` nested `depth` times in lists, as an unknown field */
static char* nested(unsigned depth)
{
    struct cv_str s;
    cv_str_init(&s);
    cv_str_append(&s, "{\"a\":\n");
    for (unsigned i = 0; i < depth; i++)
        cv_str_append(&s, "[");
    for (unsigned i = 0; i < depth; i++)
        cv_str_append(&s, "]");
    cv_str_append(&s, "}");
    return cv_str_steal(&s, NULL);
}

static void test_depth(void** state)
{
    (void)state;
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    char *          good = nested(CV_SPEC_MAX_DEPTH - 1), *deep = nested(CV_SPEC_MAX_DEPTH), *huge = nested(1000000);
    assert_int_equal(cv_spec_parse(good, strlen(good), &spec, &err), 0);
    assert_refused(
        deep, strlen(deep), "line 2, column 64: too many lists and objects inside each other (at most 64 are allowed)");
    assert_refused(
        huge, strlen(huge), "line 2, column 64: too many lists and objects inside each other (at most 64 are allowed)");
    cv_spec_free(spec);
    free(good);
    free(deep);
    free(huge);
}

static char* list_of(unsigned count)
{
    struct cv_str s;
    cv_str_init(&s);
    cv_str_append(&s, "{\"process\":{\"args\":[");
    for (unsigned i = 0; i < count; i++)
        cv_str_append(&s, i == 0 ? "\"\"" : ",\"\"");
    cv_str_append(&s, "]}}");
    return cv_str_steal(&s, NULL);
}

static void test_entries(void** state)
{
    (void)state;
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    char *          good = list_of(CV_SPEC_MAX_ENTRIES), *long_ = list_of(CV_SPEC_MAX_ENTRIES + 1);
    assert_int_equal(cv_spec_parse(good, strlen(good), &spec, &err), 0);
    assert_int_equal(spec->process.args.count, CV_SPEC_MAX_ENTRIES);
    assert_refused(long_, strlen(long_),
        "line 1, column 196628: too many entries in a list or object (at most 65536 are allowed)");
    cv_spec_free(spec);
    free(good);
    free(long_);
}

static void test_bytes(void** state)
{
    (void)state;
    char* text = malloc(CV_SPEC_MAX_BYTES + 1);
    memset(text, ' ', CV_SPEC_MAX_BYTES + 1);
    memcpy(text, "{}", 2);
    struct cv_spec* spec = NULL;
    assert_int_equal(cv_spec_parse(text, CV_SPEC_MAX_BYTES, &spec, NULL), 0);
    assert_refused(text, CV_SPEC_MAX_BYTES + 1, "the document has 16777217 bytes (at most 16777216 are allowed)");
    cv_spec_free(spec);
    free(text);
}

static void test_unknown_fields_are_ignored(void** state)
{
    (void)state;
    static const char text[] =
        "{\"x\": 1.25e300, \"freebsd\": {\"jail\": {}}, \"root\": {\"y\": [18446744073709551615, 0.5]},"
        " \"linux\": {\"memoryPolicy\": {\"mode\": \"MPOL_BIND\"}}}";
    struct cv_error err   = CV_ERROR_INIT;
    struct cv_spec* spec  = NULL;
    char*           again = NULL;
    assert_int_equal(cv_spec_parse(text, strlen(text), &spec, &err), 0);
    assert_int_equal(cv_spec_print(spec, &again, NULL, NULL), 0);
    assert_string_equal(again, "{\"root\":{},\"linux\":{}}");
    free(again);
    cv_spec_free(spec);
}

/* Numbers that jansson can't hold, among reals that look like their stand-ins. */
static void test_large_numbers(void** state)
{
    (void)state;
    static const char text[] =
        "{\"x\": [0.5, 1.5, 2.5], \"process\": {\"rlimits\": ["
        "{\"type\": \"RLIMIT_AS\", \"soft\": 9223372036854775807, \"hard\": 9223372036854775808},"
        "{\"type\": \"RLIMIT_CPU\", \"soft\": 9999999999999999999, \"hard\": 18446744073709551615}]}}";
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    if (cv_spec_parse(text, strlen(text), &spec, &err) < 0)
        fail_msg("%s", err.text);
    const struct cv_spec_rlimit* limits = spec->process.rlimits.items;
    assert_true(limits[0].soft == INT64_MAX);
    assert_true(limits[0].hard == (uint64_t)INT64_MAX + 1);
    assert_true(limits[1].soft == UINT64_C(9999999999999999999));
    assert_true(limits[1].hard == UINT64_MAX);
    cv_spec_free(spec);
}

static void test_not_utf8_can_not_be_printed(void** state)
{
    (void)state;
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = cv_spec_new();
    char*           text = NULL;
    assert_int_equal(cv_spec_add_mount(spec, "/a", NULL, "/\xff", NULL, NULL), 0);
    assert_int_equal(cv_spec_print(spec, &text, NULL, &err), CV_ERR_INVALID);
    assert_string_equal(err.text, "mounts[0].source: is not UTF-8");
    assert_null(text);
    cv_spec_free(spec);
}

static void test_not_json_can_not_be_printed(void** state)
{
    (void)state;
    static const char* const texts[] = { "{", "[]", "{} ", "{\"b\":1,\"a\":2}", "{\"a\":1.5}",
        "{\"a\":9223372036854775808}", "" };
    for (size_t i = 0; i < CV_ARRAY_LEN(texts); i++) {
        struct cv_error err  = CV_ERROR_INIT;
        struct cv_spec* spec = cv_spec_new();
        char*           text = NULL;
        spec->windows.set    = true;
        assert_int_equal(cv_spec_set_string(&spec->windows.credential_spec, texts[i], NULL), 0);
        assert_int_equal(cv_spec_print(spec, &text, NULL, &err), CV_ERR_INVALID);
        assert_string_equal(err.object, "windows.credentialSpec");
        cv_spec_free(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_documents),
        cmocka_unit_test(test_error_names_the_field),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_unknown_fields_are_ignored),
        cmocka_unit_test(test_large_numbers),
        cmocka_unit_test(test_not_utf8_can_not_be_printed),
        cmocka_unit_test(test_not_json_can_not_be_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
