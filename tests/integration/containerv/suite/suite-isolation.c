/* What is isolated without being asked for, what is given up by name, and what must be there. */
#include <stdio.h>

#include "suite.h"

static const struct {
    const char* file;
    uint32_t    share;
} namespaces[] = {
    { "net", CV_SHARE_NETWORK },
    { "ipc", CV_SHARE_IPC },
    { "user", CV_SHARE_USERS },
    { "uts", CV_SHARE_UTS },
    { "cgroup", CV_SHARE_CGROUP },
};

/* Which namespace a process of a container with these options is in. */
static void namespace_of(const char* file, uint32_t shared, char* output)
{
    char                       script[64];
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_shared(options, shared));
    struct containerv_container* container = suite_container(options);
    snprintf(script, sizeof(script), "readlink /proc/self/ns/%s", file);
    assert_int_equal(suite_run(container, script, output), 0);
    OK(containerv_destroy(container));
}

static void what_is_shared_is_the_hosts(void** state)
{
    char one[OUTPUT_MAX], two[OUTPUT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
        namespace_of(namespaces[i].file, namespaces[i].share, one);
        namespace_of(namespaces[i].file, namespaces[i].share, two);
        assert_string_equal(one, two);
        namespace_of(namespaces[i].file, 0, two);
        assert_string_not_equal(one, two);
    }
}

static void processes_see_only_their_own(void** state)
{
    (void)state;
    suite_prints_once("yes", NULL, "[ $(ls -d /proc/[0-9]* | wc -l) -le 6 ] && echo yes");
}

static void required_isolation_is_there(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    OK(containerv_options_set_caps(
        options, CV_CAP_FILESYSTEM | CV_CAP_PROCESS_CONTROL | CV_CAP_NETWORK | CV_CAP_IPC | CV_CAP_USERS));
    suite_prints_once("ok", options, "echo ok");
}

static void required_isolation_contradicts_what_is_shared(void** state)
{
    const uint32_t pairs[][2] = { { CV_CAP_NETWORK, CV_SHARE_NETWORK }, { CV_CAP_IPC, CV_SHARE_IPC },
        { CV_CAP_USERS, CV_SHARE_USERS } };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct containerv_container* container = NULL;
        struct containerv_options*   options   = containerv_options_new();
        OK(containerv_options_set_caps(options, pairs[i][0]));
        OK(containerv_options_set_shared(options, pairs[i][1]));
        FAILS(CV_ERR_INVALID, containerv_create(suite_rootfs(), options, &container));
        assert_null(container);
        containerv_options_delete(options);
    }
}

static void what_the_back_end_lacks_is_refused(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_limits     limits    = { .size = sizeof(limits), .memory_bytes = 64 << 20 };
    uint64_t                     features  = 0;
    (void)state;
    OK(containerv_features(NULL, &features));
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_limits(options, &limits));
    if ((features & CV_FEATURE_LIMITS) == 0)
        FAILS(CV_ERR_UNSUPPORTED, containerv_create(suite_rootfs(), options, &container));
    containerv_options_delete(options);
    options = containerv_options_new();
    OK(containerv_options_set_supervised(options, 1));
    if ((features & CV_FEATURE_SUPERVISED) == 0)
        FAILS(CV_ERR_UNSUPPORTED, containerv_create(suite_rootfs(), options, &container));
    containerv_options_delete(options);
    options = containerv_options_new();
    OK(containerv_options_set_isolation(options, "hyperv"));
    FAILS(CV_ERR_UNSUPPORTED, containerv_create(suite_rootfs(), options, &container));
    OK(containerv_options_set_isolation(options, "process"));
    suite_prints_once("ok", options, "echo ok");
}

static void system_calls_are_filtered_unless_unconfined(void** state)
{
    static const char          script[] = "grep -c '^Seccomp:.*2' /proc/self/status || true";
    struct containerv_options* options  = containerv_options_new();
    (void)state;
    suite_prints_once("1", NULL, script);
    OK(containerv_options_set_seccomp(options, "default"));
    suite_prints_once("1", options, script);
    options = containerv_options_new();
    OK(containerv_options_set_seccomp(options, "unconfined"));
    suite_prints_once("0", options, script);
}

static void new_privileges_are_refused_unless_allowed(void** state)
{
    static const char          script[] = "awk '/^NoNewPrivs/ { print $2 }' /proc/self/status";
    struct containerv_options* options  = containerv_options_new();
    (void)state;
    suite_prints_once("1", NULL, script);
    OK(containerv_options_set_no_new_privileges(options, 0));
    suite_prints_once("0", options, script);
}

static void capabilities_are_dropped_and_added(void** state)
{
    static const char          script[] = "awk '/^Cap(Bnd|Eff|Prm)/ { print $2 }' /proc/self/status | sort -u";
    struct containerv_options* options  = containerv_options_new();
    (void)state;
    suite_prints_once("00000000a80425fb", NULL, script); /* docker's 14 */
    OK(containerv_options_drop_capability(options, "ALL"));
    suite_prints_once("0000000000000000", options, script);
    options = containerv_options_new();
    OK(containerv_options_drop_capability(options, "ALL"));
    OK(containerv_options_add_capability(options, "SYS_PTRACE"));
    OK(containerv_options_add_capability(options, "CHOWN"));
    suite_prints_once("0000000000080001", options, script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shared_is_the_hosts),
        cmocka_unit_test(processes_see_only_their_own),
        cmocka_unit_test(required_isolation_is_there),
        cmocka_unit_test(required_isolation_contradicts_what_is_shared),
        cmocka_unit_test(what_the_back_end_lacks_is_refused),
        cmocka_unit_test(system_calls_are_filtered_unless_unconfined),
        cmocka_unit_test(new_privileges_are_refused_unless_allowed),
        cmocka_unit_test(capabilities_are_dropped_and_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
