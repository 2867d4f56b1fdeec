/*
 * Any bytes as a system call profile of Docker's form, for machines of several kinds: reading and resolving never crash or leak, a refusal has
 * a code and a text, and what comes of a profile has its rules in their places, each with its own action or the default one. The same bytes
 * as OCI's form.
 */
#include <string.h>

#include "fuzz.h"
#include "linux/seccomp-docker.h"

static const struct seccomp_docker_machine machines[] = {
    { "SCMP_ARCH_X86_64", 6, 1, 0 },
    { "SCMP_ARCH_AARCH64", 4, 8, UINT64_C(0xa80425fb) },
    { "SCMP_ARCH_X86", 3, 19, UINT64_MAX },
    { "SCMP_ARCH_RISCV64", 999, 0, UINT64_C(1) << 21 },
};

static void check_error(int rc, const struct cv_error* err)
{
    FUZZ_CHECK(rc == 0 || (rc == err->code && rc == CV_ERR_INVALID && err->text[0] != '\0'));
}

static void check_rule(const struct cv_spec_docker_seccomp* profile, const struct cv_spec_docker_syscall* from,
    const struct cv_spec_syscall* to)
{
    size_t names = from->names.count > 0 ? from->names.count : 1;
    bool   own   = strcmp(to->action, from->action) == 0;

    FUZZ_CHECK(to->names.count == names);
    FUZZ_CHECK(own || strcmp(to->action, profile->default_action) == 0);
    FUZZ_CHECK(to->args.count == 0 || (own && to->args.count == from->args.count));
}

static void check_resolved(const struct cv_spec_docker_seccomp* profile, const struct seccomp_docker_machine* machine)
{
    struct cv_error        err      = CV_ERROR_INIT;
    struct cv_spec_seccomp resolved = { 0 };

    FUZZ_CHECK(seccomp_docker_resolve(profile, machine, &resolved, &err) == 0);
    FUZZ_CHECK(resolved.set && resolved.syscalls.count == profile->syscalls.count);
    for (size_t i = 0; i < resolved.syscalls.count; i++)
        check_rule(profile, &profile->syscalls.items[i], &resolved.syscalls.items[i]);
    cv_spec_seccomp_release(&resolved);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct cv_error               err     = CV_ERROR_INIT;
    struct cv_spec_docker_seccomp profile = { 0 };
    struct cv_spec_seccomp        seccomp = { 0 };
    int                           rc      = cv_spec_docker_parse((const char*)data, size, &profile, &err);

    check_error(rc, &err);
    for (size_t i = 0; rc == 0 && i < CV_ARRAY_LEN(machines); i++)
        check_resolved(&profile, &machines[i]);
    cv_spec_docker_release(&profile);
    rc = cv_spec_seccomp_parse((const char*)data, size, &seccomp, &err);
    check_error(rc, &err);
    cv_spec_seccomp_release(&seccomp);
    return 0;
}
