/* The default profile on every architecture that we have tables for: what each says to calls, without making them. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "linux/seccomp-names.h"
#include "linux/seccomp-profile.h"
#include "spec/capnames.h"

#define ALLOW  SECCOMP_ACTION_ALLOW
#define EPERM_ (SECCOMP_ACTION_ERRNO | 1)
#define NOSYS  (SECCOMP_ACTION_ERRNO | 38)

struct program {
    struct seccomp_insn* code;
    size_t               count;
};

static struct program make(const char* own, uint64_t mask)
{
    struct cv_error                  err        = CV_ERROR_INIT;
    struct filter_sections           sections   = { 0 };
    size_t                           arch_count = 0;
    const struct filter_arch* const* archs      = filter_arch_family(filter_arch_by_name(own), &arch_count);
    struct program                   p          = { 0 };

    assert_non_null(archs);
    CV_TEST_OK(err, filter_sections_add_profile(&sections, archs, arch_count, mask, &err));
    CV_TEST_OK(err, seccomp_program_make(sections.items, sections.count, &p.code, &p.count, &err));
    filter_sections_release(&sections);
    return p;
}

static uint32_t run(const struct program* p, const struct filter_arch* arch, uint32_t number, const uint64_t* args)
{
    struct cv_error     err    = CV_ERROR_INIT;
    struct seccomp_call call   = { .number = (int32_t)number, .arch = arch->audit };
    uint32_t            action = 1;

    memcpy(call.args, args, sizeof(call.args));
    CV_TEST_OK(err, seccomp_program_run(p->code, p->count, &call, &action, &err));
    return action;
}

#define NONE NULL
static const struct expectation {
    const char* name;
    const char* capability; /* NONE: without any */
    uint64_t    args[SECCOMP_ARGS_MAX];
    uint32_t    action;
} expectations[] = {
    { "read", NONE, { 0 }, ALLOW },
    { "getpid", NONE, { 0 }, ALLOW },
    { "openat2", NONE, { 0 }, ALLOW },
    { "ptrace", NONE, { 0 }, ALLOW },
    { "socket", NONE, { 1 }, ALLOW },
    { "socket", NONE, { 16 }, ALLOW },
    { "socket", NONE, { 38 }, EPERM_ },
    { "socket", NONE, { 40 }, EPERM_ },
    { "socket", NONE, { UINT64_C(0x100000028) }, EPERM_ },
    { "socket", "CAP_SYS_ADMIN", { 40 }, EPERM_ },
    { "ioctl", NONE, { 0, 0x5401 }, ALLOW },
    { "ioctl", NONE, { 0, 0x5412 }, EPERM_ },
    { "ioctl", NONE, { 0, UINT64_C(0x100005412) }, EPERM_ },
    { "ioctl", NONE, { 0, 0x541c }, EPERM_ },
    { "ioctl", NONE, { 0, UINT64_C(0xffffffff0000541c) }, EPERM_ },
    { "ioctl", "CAP_SYS_ADMIN", { 0, 0x5412 }, EPERM_ },
    { "clone", NONE, { 0x11 }, ALLOW },
    { "clone", NONE, { 0x3d0f00 }, ALLOW },
    { "clone", NONE, { 0x10000000 }, EPERM_ },
    { "clone", NONE, { 0x20000 }, EPERM_ },
    { "clone", NONE, { 0x02000000 }, EPERM_ },
    { "clone", NONE, { 0x04000000 }, EPERM_ },
    { "clone", NONE, { 0x08000000 }, EPERM_ },
    { "clone", NONE, { 0x20000000 }, EPERM_ },
    { "clone", NONE, { 0x40000000 }, EPERM_ },
    { "clone", "CAP_SYS_ADMIN", { 0x10000000 }, ALLOW },
    { "clone3", NONE, { 0 }, NOSYS },
    { "clone3", "CAP_SYS_ADMIN", { 0 }, ALLOW },
    { "personality", NONE, { 0 }, ALLOW },
    { "personality", NONE, { 8 }, ALLOW },
    { "personality", NONE, { 0x20000 }, ALLOW },
    { "personality", NONE, { 0x20008 }, ALLOW },
    { "personality", NONE, { 0xffffffff }, ALLOW },
    { "personality", NONE, { 0x40000 }, EPERM_ },
    { "unshare", NONE, { 0 }, EPERM_ },
    { "unshare", "CAP_SYS_ADMIN", { 0 }, ALLOW },
    { "setns", NONE, { 0 }, EPERM_ },
    { "mount", NONE, { 0 }, EPERM_ },
    { "mount", "CAP_SYS_ADMIN", { 0 }, ALLOW },
    { "umount2", NONE, { 0 }, EPERM_ },
    { "fsopen", NONE, { 0 }, EPERM_ },
    { "fsopen", "CAP_SYS_ADMIN", { 0 }, ALLOW },
    { "move_mount", NONE, { 0 }, EPERM_ },
    { "pivot_root", "CAP_SYS_ADMIN", { 0 }, EPERM_ },
    { "keyctl", "CAP_SYS_ADMIN", { 0 }, EPERM_ },
    { "add_key", NONE, { 0 }, EPERM_ },
    { "bpf", NONE, { 0 }, EPERM_ },
    { "bpf", "CAP_BPF", { 0 }, ALLOW },
    { "perf_event_open", NONE, { 0 }, EPERM_ },
    { "perf_event_open", "CAP_PERFMON", { 0 }, ALLOW },
    { "userfaultfd", "CAP_SYS_PTRACE", { 0 }, EPERM_ },
    { "io_uring_setup", "CAP_SYS_ADMIN", { 0 }, EPERM_ },
    { "io_uring_enter", NONE, { 0 }, EPERM_ },
    { "io_uring_register", NONE, { 0 }, EPERM_ },
    { "process_madvise", NONE, { 0 }, EPERM_ },
    { "process_madvise", "CAP_SYS_PTRACE", { 0 }, ALLOW },
    { "init_module", NONE, { 0 }, EPERM_ },
    { "finit_module", "CAP_SYS_MODULE", { 0 }, ALLOW },
    { "settimeofday", NONE, { 0 }, EPERM_ },
    { "settimeofday", "CAP_SYS_TIME", { 0 }, ALLOW },
    { "syslog", NONE, { 0 }, EPERM_ },
    { "syslog", "CAP_SYSLOG", { 0 }, ALLOW },
    { "chroot", NONE, { 0 }, EPERM_ },
    { "chroot", "CAP_SYS_CHROOT", { 0 }, ALLOW },
    { "reboot", "CAP_SYS_BOOT", { 0 }, ALLOW },
    { "reboot", NONE, { 0 }, EPERM_ },
    { "open_by_handle_at", NONE, { 0 }, EPERM_ },
    { "open_by_handle_at", "CAP_DAC_READ_SEARCH", { 0 }, ALLOW },
    { "kexec_load", "CAP_SYS_BOOT", { 0 }, EPERM_ },
    { "swapon", "CAP_SYS_ADMIN", { 0 }, EPERM_ },
    { "mbind", "CAP_SYS_NICE", { 0 }, ALLOW },
    { "mbind", NONE, { 0 }, EPERM_ },
};

static void check_family(const char* own, const struct expectation* e)
{
    uint64_t       mask  = e->capability != NULL ? UINT64_C(1) << cv_capability_number(e->capability) : 0;
    struct program p     = make(own, mask);
    size_t         count = 0;
    const struct filter_arch* const* archs = filter_arch_family(filter_arch_by_name(own), &count);
    unsigned                         found = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t number;
        if (!filter_number(archs[i], e->name, &number))
            continue;
        found++;
        uint32_t action = run(&p, archs[i], number, e->args);
        if (action != e->action)
            fail_msg("%s(%#llx, %#llx) with %s on %s: %#x, wanted %#x", e->name, (unsigned long long)e->args[0],
                (unsigned long long)e->args[1], e->capability ? e->capability : "nothing", archs[i]->oci_name, action,
                e->action);
    }
    if (found == 0)
        fail_msg("no architecture of %s has %s", own, e->name);
    free(p.code);
}

static void each_call_fares_as_written(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(expectations); i++) {
        check_family("SCMP_ARCH_X86_64", &expectations[i]);
        check_family("SCMP_ARCH_AARCH64", &expectations[i]);
    }
}

/* Two numbers that 32-bit x86 has and libseccomp doesn't tell. */
static void old_and_new_ways_to_sockets_are_open(void** state)
{
    struct program            p       = make("SCMP_ARCH_X86_64", 0);
    const struct filter_arch* x86     = filter_arch_by_name("SCMP_ARCH_X86");
    const uint64_t            args[6] = { 1 };
    (void)state;

    assert_int_equal(run(&p, x86, 102, args), ALLOW);
    assert_int_equal(run(&p, x86, 359, args), ALLOW);
    assert_int_equal(run(&p, x86, 117, args), ALLOW);
    assert_int_equal(run(&p, x86, 395, args), ALLOW);
    free(p.code);
}

static void unknown_numbers_are_missing_and_other_machines_end(void** state)
{
    struct program           p       = make("SCMP_ARCH_X86_64", UINT64_MAX);
    const struct filter_arch foreign = { "SCMP_ARCH_AARCH64", 0, 0xc00000b7, false };
    const uint64_t           args[6] = { 0 };
    (void)state;

    for (uint32_t number = 9990; number < 10000; number++) {
        assert_int_equal(run(&p, filter_arch_by_name("SCMP_ARCH_X86_64"), number, args), NOSYS);
        assert_int_equal(run(&p, filter_arch_by_name("SCMP_ARCH_X86"), number, args), NOSYS);
        assert_int_equal(run(&p, filter_arch_by_name("SCMP_ARCH_X32"), number | SECCOMP_X32_BIT, args), NOSYS);
    }
    assert_int_equal(run(&p, &foreign, 0, args), SECCOMP_ACTION_KILL_PROCESS);
    free(p.code);
}

/* Names in the tables that the oldest libseccomp we build with doesn't know yet. */
static const char* const newer[] = { "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake",
    "getxattrat", "listmount", "listxattrat", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr",
    "map_shadow_stack", "mseal", "open_tree_attr", "removexattrat", "setxattrat", "statmount", "uretprobe" };

static void names_are_no_typing_mistakes(void** state)
{
    (void)state;
    for (size_t i = 0; i < seccomp_profile_row_count; i++)
        for (const char* const* name = seccomp_profile_rows[i].names; *name != NULL; name++) {
            bool excused = filter_name_known(*name);
            for (size_t j = 0; j < CV_ARRAY_LEN(newer); j++)
                excused = excused || strcmp(newer[j], *name) == 0;
            if (!excused)
                fail_msg("libseccomp knows no '%s'", *name);
        }
}

/* Whatever a capability opens must be refused by name without it, not merely be unknown. */
static bool refused_without(const char* name)
{
    const struct seccomp_profile_row* last = &seccomp_profile_rows[seccomp_profile_row_count - 1];

    for (const char* const* other = last->names; *other != NULL; other++)
        if (strcmp(*other, name) == 0)
            return true;
    return strcmp(name, "clone") == 0 || strcmp(name, "clone3") == 0; /* rows of their own */
}

static void what_capabilities_open_is_refused_by_name(void** state)
{
    (void)state;
    for (size_t i = 0; i < seccomp_profile_row_count; i++)
        for (const char* const* name = seccomp_profile_rows[i].names;
             seccomp_profile_rows[i].capabilities != 0 && *name != NULL; name++)
            if (!refused_without(*name))
                fail_msg("'%s' would be unknown without its capability", *name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_fares_as_written),
        cmocka_unit_test(old_and_new_ways_to_sockets_are_open),
        cmocka_unit_test(unknown_numbers_are_missing_and_other_machines_end),
        cmocka_unit_test(names_are_no_typing_mistakes),
        cmocka_unit_test(what_capabilities_open_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
