#include <stdlib.h>
#include <string.h>

#include <chef/containerv/container.h>
#include <cv-test/support.h>
#include <cv/macros.h>

#include "document.h"

#include <cv/banned.h>

static struct cv_error          err;
static struct cv_spec_pair      pair  = { (char*)(uintptr_t) "a", (char*)(uintptr_t) "b" };
static struct cv_spec_pairs     pairs = { &pair, 1 };
static const struct cvrun_state first = { .id = "one",
    .bundle                                   = "/b",
    .rootfs                                   = "/b/r",
    .status                                   = "running",
    .owner                                    = "root",
    .oci_version                              = "1.0.2",
    .pid                                      = 7,
    .created_ns                               = INT64_C(1767355445000000001),
    .annotations                              = &pairs };

static void check(char* text, const char* wanted)
{
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void a_state_has_what_runc_tells(void** state)
{
    (void)state;
    check(cvrun_state_print(&first, &err),
        "{\n  \"ociVersion\": \"1.0.2\",\n  \"id\": \"one\",\n  \"pid\": 7,\n  \"status\": \"running\",\n"
        "  \"bundle\": \"/b\",\n  \"rootfs\": \"/b/r\",\n  \"created\": \"2026-01-02T12:04:05.000000001Z\",\n"
        "  \"annotations\": {\n    \"a\": \"b\"\n  },\n  \"owner\": \"root\"\n}\n");
}

static void a_state_that_can_be_no_json_is_an_error(void** state)
{
    struct cvrun_state bad = first;

    (void)state;
    bad.bundle = "/\xff";
    err        = (struct cv_error)CV_ERROR_INIT;
    assert_null(cvrun_state_print(&bad, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    assert_null(cvrun_list_json(&bad, 1, &err));
}

static void lists_are_arrays_or_columns(void** state)
{
    struct cvrun_state two[2] = { first, first };

    (void)state;
    two[1].id          = "second";
    two[1].pid         = 0;
    two[1].annotations = NULL;
    check(cvrun_list_json(two, 0, &err), "[]\n");
    check(cvrun_list_json(two + 1, 1, &err),
        "[{\"ociVersion\":\"1.0.2\",\"id\":\"second\",\"pid\":0,\"status\":\"running\",\"bundle\":\"/b\",\"rootfs\":"
        "\"/b/r\",\"created\":\"2026-01-02T12:04:05.000000001Z\",\"owner\":\"root\"}]\n");
    check(cvrun_list_table(two, 2, &err), "ID       PID   STATUS    BUNDLE   CREATED                          OWNER\n"
                                          "one      7     running   /b       2026-01-02T12:04:05.000000001Z   root\n"
                                          "second   0     running   /b       2026-01-02T12:04:05.000000001Z   root\n");
}

static void ps_is_filtered_by_its_column(void** state)
{
    static const int64_t pids[] = { 12, 3 };
    static const char    ps[] = "UID   PID  PPID CMD\nroot    3     1 init\nroot   12     3 12 4\nroot    4    12 x\n";

    (void)state;
    check(cvrun_pids_json(pids, 2, &err), "[12,3]\n");
    check(cvrun_pids_json(pids, 0, &err), "[]\n");
    check(cvrun_ps_filter(ps, pids, 2, &err), "UID   PID  PPID CMD\nroot    3     1 init\nroot   12     3 12 4\n");
    check(cvrun_ps_filter(ps, pids, 0, &err), "UID   PID  PPID CMD\n");
    check(cvrun_ps_filter("  PID\n12", pids, 2, &err), "  PID\n12\n");
    err = (struct cv_error)CV_ERROR_INIT;
    assert_null(cvrun_ps_filter("CMD\ninit\n", pids, 2, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    err = (struct cv_error)CV_ERROR_INIT;
    assert_null(cvrun_ps_filter("", pids, 2, &err));
}

static void stats_have_what_is_known(void** state)
{
    struct containerv_stats stats = { .size = sizeof(stats) };

    (void)state;
    check(cvrun_stats_json("c", &stats, &err),
        "{\"type\":\"stats\",\"id\":\"c\",\"data\":{\"cpu\":{\"usage\":{},\"throttling\":{}},\"memory\":{\"usage\":{}},"
        "\"pids\":{},\"blkio\":{}}}\n");
    stats.known        = CV_STATS_CPU | CV_STATS_MEMORY | CV_STATS_SWAP | CV_STATS_PIDS | CV_STATS_IO;
    stats.cpu_usage_ns = 3, stats.cpu_user_ns = 2, stats.cpu_system_ns = 1;
    stats.memory_bytes = 10, stats.memory_limit_bytes = UINT64_MAX, stats.swap_bytes = 5;
    stats.pids = 4, stats.pids_limit = 9, stats.io_read_bytes = 6;
    check(cvrun_stats_json("c", &stats, &err),
        "{\"type\":\"stats\",\"id\":\"c\",\"data\":{\"cpu\":{\"usage\":{\"total\":3,\"kernel\":1,\"user\":2},"
        "\"throttling\":{}},\"memory\":{\"usage\":{\"limit\":9223372036854775807,\"usage\":10},\"swap\":{\"usage\":15}}"
        ","
        "\"pids\":{\"current\":4,\"limit\":9},\"blkio\":{\"ioServiceBytesRecursive\":[{\"op\":\"Read\",\"value\":6},"
        "{\"op\":\"Write\",\"value\":0}],\"ioServicedRecursive\":[{\"op\":\"Read\",\"value\":0},{\"op\":\"Write\","
        "\"value\":0}]}}}\n");
    check(cvrun_oom_json("c", &err), "{\"type\":\"oom\",\"id\":\"c\"}\n");
}

static void owners_have_names_or_numbers(void** state)
{
    static const char passwd[] = "root:x:0:0:r:/:/bin/sh\nbroken\nten:x:10:1::/:\none:x:1:";

    (void)state;
    check(cvrun_owner_name(passwd, 0, &err), "root");
    check(cvrun_owner_name(passwd, 10, &err), "ten");
    check(cvrun_owner_name(passwd, 11, &err), "11");
    check(cvrun_owner_name(NULL, 0, &err), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_has_what_runc_tells),
        cmocka_unit_test(a_state_that_can_be_no_json_is_an_error),
        cmocka_unit_test(lists_are_arrays_or_columns),
        cmocka_unit_test(ps_is_filtered_by_its_column),
        cmocka_unit_test(stats_have_what_is_known),
        cmocka_unit_test(owners_have_names_or_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
