/*
 * Any bytes as config.json, and what the linux back end plans from it: limits, devices, addresses, Landlock, offsets of clocks.
 * Making a plan never crashes or leaks, whether or not the specification was valid; no plan writes anywhere but to a plain file of a
 * cgroup, and a program for devices only jumps forward and ends.
 */
#include <string.h>

#include "fuzz.h"
#include "linux/device-rules.h"
#include "linux/landlock-plan.h"
#include "linux/limits-plan.h"
#include "linux/net-plan.h"
#include "linux/supported.h"
#include "linux/timens-plan.h"

static int device(const char* path, unsigned* major_out, unsigned* minor_out, struct cv_error* err)
{
    if (path[0] != '/')
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no block device", path);
    *major_out = 8;
    *minor_out = (unsigned)strlen(path);
    return 0;
}

static void check_refusal(int rc, const struct cv_error* err)
{
    FUZZ_CHECK(rc == 0 || (rc < 0 && err->code == rc && err->text[0] != '\0'));
}

static void check_limit(const struct linux_limit* limit)
{
    FUZZ_CHECK(limit->what != NULL && limit->controller < LINUX_CONTROLLERS);
    FUZZ_CHECK(limit->version == 1 || limit->version == 2);
    FUZZ_CHECK(memchr(limit->file, '\0', sizeof(limit->file)) != NULL && strchr(limit->file, '/') == NULL);
    FUZZ_CHECK(memchr(limit->value, '\0', sizeof(limit->value)) != NULL);
    FUZZ_CHECK(limit->file[0] == '\0' || (limit->value[0] != '\0' && strchr(limit->value, '\n') == NULL));
}

static void check_limits(const struct cv_spec* spec, bool update)
{
    struct cv_error          err  = CV_ERROR_INIT;
    struct linux_limits_plan plan = { NULL, 0 };
    int                      rc   = linux_limits_plan_make(spec, update, device, &plan, &err);

    check_refusal(rc, &err);
    FUZZ_CHECK(plan.count <= LINUX_LIMITS_MAX && (rc == 0 || plan.items == NULL));
    for (size_t i = 0; i < plan.count; i++)
        check_limit(&plan.items[i]);
    linux_limits_plan_release(&plan);
}

static int look(const char* path, char* type_out, unsigned* major_out, unsigned* minor_out, struct cv_error* err)
{
    *type_out = strlen(path) % 2 == 0 ? 'b' : 'c';
    return device(path, major_out, minor_out, err);
}

static void check_program(const struct linux_device_rules* rules)
{
    struct cv_error err    = CV_ERROR_INIT;
    uint64_t*       code   = NULL;
    size_t          length = 0;
    int             rc     = linux_device_program(rules, &code, &length, &err);

    check_refusal(rc, &err);
    FUZZ_CHECK(rc < 0 || (length > 0 && (code[length - 1] & 0xff) == 0x95)); /* BPF_EXIT */
    for (size_t i = 0; rc == 0 && i < length; i++) {
        bool    jump   = (code[i] & 0x07) == 0x05 && (code[i] & 0xff) != 0x95;
        int16_t offset = (int16_t)(code[i] >> 16 & 0xffff);
        FUZZ_CHECK(!jump || (offset >= 0 && i + 1 + (size_t)offset < length));
    }
    free(code);
}

static void check_devices(const struct cv_spec* spec)
{
    struct cv_error           err   = CV_ERROR_INIT;
    struct linux_device_rules rules = { NULL, 0 };
    int                       rc    = linux_device_rules_make(spec, look, &rules, &err);

    check_refusal(rc, &err);
    FUZZ_CHECK(rules.count <= LINUX_DEVICE_RULES_MAX);
    for (size_t i = 0; i < rules.count; i++) {
        char line[LINUX_DEVICE_LINE_SIZE];
        linux_device_rule_line(&rules.items[i], line);
        FUZZ_CHECK(memchr(line, '\0', sizeof(line)) != NULL && strchr("abc", line[0]) != NULL);
    }
    if (rc == 0)
        check_program(&rules);
    linux_device_rules_release(&rules);
}

static void check_network(const struct cv_spec* spec)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct net_plan plan = { 0 };
    int             rc   = linux_net_plan_make(spec, &plan, &err);

    check_refusal(rc, &err);
    if (rc < 0 || plan.mode != CV_SPEC_NETWORK_VETH)
        return;
    FUZZ_CHECK((plan.family == 4 && plan.length == 4) || (plan.family == 6 && plan.length == 16));
    FUZZ_CHECK(plan.prefix >= (plan.family == 4 ? LINUX_NET_MIN_PREFIX_IPV4 : LINUX_NET_MIN_PREFIX_IPV6));
    FUZZ_CHECK(plan.prefix <= plan.length * 8);
    FUZZ_CHECK(memcmp(plan.address, plan.host_address, plan.length) != 0);
}

static void check_landlock(const struct cv_spec* spec, int abi)
{
    struct cv_error      err  = CV_ERROR_INIT;
    struct landlock_plan plan = { 0, 0 };
    int                  rc   = landlock_plan_make(spec, abi, &plan, &err);

    check_refusal(rc, &err);
    for (uint32_t access = 0; rc == 0 && access < 16; access++) {
        uint64_t folder = landlock_plan_path(&plan, access, true), file = landlock_plan_path(&plan, access, false);
        FUZZ_CHECK((folder & ~plan.handled_fs) == 0 && (file & ~folder) == 0);
    }
}

static void check_clocks(const struct cv_spec* spec)
{
    struct cv_error err                         = CV_ERROR_INIT;
    char            text[LINUX_TIMENS_TEXT_MAX] = "";
    int             rc                          = linux_timens_text(spec, text, &err);

    check_refusal(rc, &err);
    FUZZ_CHECK(memchr(text, '\0', sizeof(text)) != NULL);
    FUZZ_CHECK(rc < 0 || text[0] == '\0' || text[strlen(text) - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct cv_error err  = CV_ERROR_INIT;
    struct cv_spec* spec = NULL;
    bool            is_default;

    if (cv_spec_parse((const char*)data, size, &spec, NULL) < 0)
        return 0;
    check_refusal(linux_limits_supported(spec, &err), &err);
    check_refusal(linux_supported(spec, false, &err), &err);
    check_refusal(linux_supported(spec, true, &err), &err);
    (void)linux_limits_pids(spec, &is_default);
    check_limits(spec, false);
    check_limits(spec, true);
    (void)linux_device_rules_needed(spec);
    check_devices(spec);
    check_network(spec);
    for (int abi = 0; abi <= LANDLOCK_ABI_NET; abi++)
        check_landlock(spec, abi);
    check_clocks(spec);
    cv_spec_free(spec);
    return 0;
}
