/* Docker's profiles for machines of all kinds: which rules count, and what an OCI profile then says. */
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "linux/seccomp-docker.h"

#include <cv/banned.h>

#define SYS_ADMIN  (UINT64_C(1) << 21)
#define SYS_CHROOT (UINT64_C(1) << 18)

static struct cv_spec_docker_seccomp parsed;
static struct cv_spec_seccomp        resolved;

static int release(void** state)
{
    (void)state;
    cv_spec_docker_release(&parsed);
    cv_spec_seccomp_release(&resolved);
    return 0;
}

static void resolve(const char* text, const struct seccomp_docker_machine* machine)
{
    struct cv_error err = CV_ERROR_INIT;

    release(NULL);
    CV_TEST_OK(err, cv_spec_docker_parse(text, strlen(text), &parsed, &err));
    CV_TEST_OK(err, seccomp_docker_resolve(&parsed, machine, &resolved, &err));
}

static void conditions_are_those_of_docker(void** state)
{
    static const struct {
        const char* conditions;
        const char* arch;
        unsigned    major, minor;
        uint64_t    capabilities;
        bool        counts;
    } rows[] = {
        { "", "SCMP_ARCH_X86_64", 6, 1, 0, true },
        { ",\"includes\":{},\"excludes\":{}", "SCMP_ARCH_X86_64", 6, 1, 0, true },
        { ",\"includes\":{\"arches\":[\"amd64\",\"x32\"]}", "SCMP_ARCH_X86_64", 6, 1, 0, true },
        { ",\"includes\":{\"arches\":[\"amd64\",\"x32\"]}", "SCMP_ARCH_AARCH64", 6, 1, 0, false },
        { ",\"includes\":{\"arches\":[\"arm\",\"arm64\"]}", "SCMP_ARCH_AARCH64", 6, 1, 0, true },
        { ",\"excludes\":{\"arches\":[\"s390\",\"amd64\"]}", "SCMP_ARCH_X86_64", 6, 1, 0, false },
        { ",\"excludes\":{\"arches\":[\"s390\"]}", "SCMP_ARCH_X86_64", 6, 1, 0, true },
        /* all of includes' capabilities */
        { ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", "SCMP_ARCH_X86_64", 6, 1, 0, false },
        { ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", "SCMP_ARCH_X86_64", 6, 1, SYS_ADMIN, true },
        { ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_SYS_CHROOT\"]}", "SCMP_ARCH_X86_64", 6, 1, SYS_ADMIN,
            false },
        { ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_SYS_CHROOT\"]}", "SCMP_ARCH_X86_64", 6, 1,
            SYS_ADMIN | SYS_CHROOT, true },
        /* any of excludes' */
        { ",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_SYS_CHROOT\"]}", "SCMP_ARCH_X86_64", 6, 1, SYS_CHROOT,
            false },
        { ",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", "SCMP_ARCH_X86_64", 6, 1, SYS_CHROOT, true },
        { ",\"includes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 4, 8, 0, true },
        { ",\"includes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 4, 10, 0, true },
        { ",\"includes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 5, 0, 0, true },
        { ",\"includes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 4, 7, 0, false },
        { ",\"includes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 3, 19, 0, false },
        { ",\"excludes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 4, 8, 0, false },
        { ",\"excludes\":{\"minKernel\":\"4.8\"}", "SCMP_ARCH_X86_64", 4, 7, 0, true },
        /* all conditions together */
        { ",\"includes\":{\"arches\":[\"amd64\"],\"caps\":[\"CAP_SYS_ADMIN\"]}", "SCMP_ARCH_AARCH64", 6, 1, SYS_ADMIN,
            false },
        { ",\"includes\":{\"arches\":[\"amd64\"]},\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", "SCMP_ARCH_X86_64", 6,
            1, SYS_ADMIN, false },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        const struct seccomp_docker_machine machine = { rows[i].arch, rows[i].major, rows[i].minor,
            rows[i].capabilities };
        char                                text[1024];

        assert_int_equal(cv_snprintf(text, sizeof(text),
                             "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":[{\"names\":["
                             "\"read\"],\"action\":\"SCMP_ACT_ALLOW\"%s}]}",
                             rows[i].conditions),
            0);
        resolve(text, &machine);
        const struct cv_spec_syscall* entry = &resolved.syscalls.items[0];
        assert_int_equal(resolved.syscalls.count, 1); /* a rule keeps its place */
        assert_string_equal(entry->names.items[0], "read");
        if ((strcmp(entry->action, "SCMP_ACT_ALLOW") == 0) != rows[i].counts)
            fail_msg("row %zu: %s", i, entry->action);
        assert_int_equal(entry->errno_ret.set, !rows[i].counts);
    }
}

static void architectures_come_from_the_map(void** state)
{
    static const char map[]  = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_"
                               "AARCH64\",\"subArchitectures\":["
                               "\"SCMP_ARCH_ARM\"]},{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_"
                               "ARCH_X86\",\"SCMP_ARCH_"
                               "X32\"]}]}";
    static const char list[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}";
    const struct seccomp_docker_machine x86_64 = { "SCMP_ARCH_X86_64", 6, 1, 0 },
                                        arm    = { "SCMP_ARCH_AARCH64", 6, 1, 0 },
                                        other  = { "SCMP_ARCH_RISCV64", 6, 1, 0 };

    (void)state;
    resolve(map, &x86_64);
    assert_int_equal(resolved.architectures.count, 3);
    assert_string_equal(resolved.architectures.items[0], "SCMP_ARCH_X86_64");
    assert_string_equal(resolved.architectures.items[2], "SCMP_ARCH_X32");
    resolve(map, &arm);
    assert_int_equal(resolved.architectures.count, 2);
    resolve(map, &other);
    assert_int_equal(resolved.architectures.count, 0);
    resolve(list, &arm);
    assert_string_equal(resolved.architectures.items[0], "SCMP_ARCH_X86");
}

static void the_rest_is_copied(void** state)
{
    static const char text[] = "{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"
                               "\"listenerPath\":\"\",\"syscalls\":[{"
                               "\"name\":\"clone\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7,\"args\":[{\"index\":2,"
                               "\"value\":8,\"valueTwo\":9,"
                               "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}";
    const struct seccomp_docker_machine machine = { "SCMP_ARCH_X86_64", 6, 1, 0 };

    (void)state;
    resolve(text, &machine);
    cv_spec_docker_release(&parsed); /* nothing of it is borrowed */
    assert_string_equal(resolved.default_action, "SCMP_ACT_LOG");
    assert_string_equal(resolved.flags.items[0], "SECCOMP_FILTER_FLAG_LOG");
    assert_null(resolved.listener_path);
    assert_string_equal(resolved.syscalls.items[0].names.items[0], "clone");
    assert_int_equal(resolved.syscalls.items[0].errno_ret.value, 7);
    assert_int_equal(resolved.syscalls.items[0].args.items[0].value_two, 9);
    assert_string_equal(resolved.syscalls.items[0].args.items[0].op, "SCMP_CMP_MASKED_EQ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(conditions_are_those_of_docker, release),
        cmocka_unit_test_teardown(architectures_come_from_the_map, release),
        cmocka_unit_test_teardown(the_rest_is_copied, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
