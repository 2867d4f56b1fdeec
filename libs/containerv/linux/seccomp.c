#include "linux/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h> /* NOLINT(readability-duplicate-include): the kernel's, not ours */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "linux/seccomp-docker.h"
#include "linux/seccomp-names.h"
#include "linux/seccomp-oci.h"

#include <cv/banned.h>

_Static_assert(sizeof(struct seccomp_insn) == sizeof(struct sock_filter), "the kernel's own layout");
_Static_assert(SECCOMP_INSN_MAX == BPF_MAXINSNS, "the kernel's own limit");

void linux_seccomp_release(struct linux_seccomp_filter* filter)
{
    free(filter->code);
    *filter = (struct linux_seccomp_filter){ 0 };
}

static int compile_default(uint64_t capability_mask, struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    struct filter_sections           sections = { 0 };
    size_t                           count    = 0;
    const struct filter_arch* const* archs    = filter_arch_native(&count);
    int                              rc;

    if (archs == NULL)
        return cv_error_unsupported(err, "the default system call filter on this architecture", "linux");
    rc = filter_sections_add_profile(&sections, archs, count, capability_mask, err);
    if (rc == 0)
        rc = seccomp_program_make(sections.items, sections.count, &filter_out->code, &filter_out->count, err);
    filter_sections_release(&sections);
    return rc;
}

static int compile_spec(const struct cv_spec* spec, struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    struct seccomp_oci oci = { 0 };
    int                rc;

    if (!spec->linux_.seccomp.set)
        return cv_error_set(err, CV_ERR_INVALID, "the profile 'spec' is asked for, and there is no linux.seccomp");
    rc = seccomp_oci_translate(&spec->linux_.seccomp, spec->ext.bare, &oci, err);
    if (rc == 0)
        rc = seccomp_program_make(oci.sections.items, oci.sections.count, &filter_out->code, &filter_out->count, err);
    filter_out->flags = oci.flags;
    seccomp_oci_release(&oci);
    return rc;
}

static int this_machine(uint64_t capability_mask, struct seccomp_docker_machine* machine_out, struct cv_error* err)
{
    size_t                           count = 0;
    const struct filter_arch* const* archs = filter_arch_native(&count);
    struct utsname                   name;
    char*                            rest;

    if (archs == NULL)
        return cv_error_unsupported(err, "a system call filter on this architecture", "linux");
    if (uname(&name) < 0)
        return cv_error_errno(err, errno, "ask for the kernel's version", NULL);
    machine_out->arch         = archs[0]->oci_name;
    machine_out->capabilities = capability_mask;
    machine_out->kernel_major = (unsigned)strtoul(name.release, &rest, 10);
    machine_out->kernel_minor = *rest == '.' ? (unsigned)strtoul(rest + 1, NULL, 10) : 0;
    return 0;
}

int linux_seccomp_resolve_docker(
    const struct cv_spec* spec, uint64_t capability_mask, struct cv_spec_seccomp* seccomp_out, struct cv_error* err)
{
    struct seccomp_docker_machine machine = { 0 };
    int                           rc      = 0;

    if (!spec->ext.docker_seccomp.set)
        return cv_error_set(err, CV_ERR_INVALID, "the profile 'docker' is asked for, and there is none");
    rc = this_machine(capability_mask, &machine, err);
    return rc == 0 ? seccomp_docker_resolve(&spec->ext.docker_seccomp, &machine, seccomp_out, err) : rc;
}

static int compile_docker(
    const struct cv_spec* spec, uint64_t capability_mask, struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    struct cv_spec part = { .linux_ = { .set = true } };
    int            rc   = linux_seccomp_resolve_docker(spec, capability_mask, &part.linux_.seccomp, err);

    if (rc == 0 && (rc = compile_spec(&part, filter_out, err)) < 0)
        cv_error_wrap(err, "Docker's profile, for this machine");
    cv_spec_seccomp_release(&part.linux_.seccomp);
    return rc;
}

int linux_seccomp_compile(
    const struct cv_spec* spec, uint64_t capability_mask, struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    const char*                 profile = spec->ext.seccomp;
    struct linux_seccomp_filter filter  = { 0 };
    int                         rc      = 0;

    if (profile == NULL && spec->linux_.seccomp.set)
        rc = cv_error_set(err, CV_ERR_INVALID,
            "there is a linux.seccomp, and " CV_SPEC_EXTENSION
            ".seccomp doesn't say whether it counts: \"spec\" or \"default\"");
    else if (profile == NULL || strcmp(profile, "default") == 0)
        rc = compile_default(capability_mask, &filter, err);
    else if (strcmp(profile, "spec") == 0)
        rc = compile_spec(spec, &filter, err);
    else if (strcmp(profile, "docker") == 0)
        rc = compile_docker(spec, capability_mask, &filter, err);
    else if (strcmp(profile, "unconfined") != 0)
        rc = cv_error_set(err, CV_ERR_INVALID, "'%s' is no system call profile", profile);
    if (rc < 0)
        return cv_error_wrap(err, "make the system call filter");
    *filter_out = filter;
    return 0;
}

/* Without no_new_privs the filter is there before the capabilities go: exec.c. With a listener, its descriptor is given away under the
 * filter, and until then there is nobody to be asked. */
static const struct {
    const char* name;
    bool        always, listener;
} needed[] = { { "execve", true, false }, { "setgroups", false, false }, { "setresgid", false, false },
    { "setresuid", false, false }, { "capset", false, false }, { "sendmsg", true, true }, { "recvmsg", true, true } };

static bool lets_pass(
    const struct linux_seccomp_filter* filter, const struct filter_arch* arch, const char* name, bool may_ask)
{
    struct seccomp_call call   = { .arch = arch->audit };
    uint32_t            number = 0, action = SECCOMP_ACTION_ALLOW;

    if (!filter_number(arch, name, &number))
        return true;
    call.number = (int32_t)number;
    if (seccomp_program_run(filter->code, filter->count, &call, &action, NULL) < 0)
        return true;
    action &= 0xffff0000;
    return action == SECCOMP_ACTION_ALLOW || action == SECCOMP_ACTION_LOG
           || (may_ask && action == SECCOMP_ACTION_NOTIFY);
}

int linux_seccomp_check_start(const struct linux_seccomp_filter* filter, bool no_new_privileges, struct cv_error* err)
{
    size_t                           count    = 0;
    const struct filter_arch* const* archs    = filter_arch_native(&count);
    const bool                       listener = (filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;

    for (size_t i = 0; filter->count > 0 && archs != NULL && i < CV_ARRAY_LEN(needed); i++) {
        if ((!needed[i].always && no_new_privileges) || (needed[i].listener && !listener)
            || lets_pass(filter, archs[0], needed[i].name, !needed[i].listener))
            continue;
        cv_error_set(err, CV_ERR_INVALID, "the system call filter refuses '%s', so that no program could be started",
            needed[i].name);
        cv_error_step(err, "look at the system call filter");
        cv_error_object(err, "%s", needed[i].name);
        return cv_error_hint(err, "allow '%s' in the profile", needed[i].name);
    }
    return 0;
}

int linux_seccomp_install(const struct linux_seccomp_filter* filter, int* listener_out, struct cv_error* err)
{
    struct sock_fprog program = { .len = (unsigned short)filter->count, .filter = (struct sock_filter*)filter->code };
    long              rc;

    if (filter->count == 0)
        return 0;
    rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program);
    if (rc < 0)
        return cv_error_errno(err, errno, "install the system call filter", NULL);
    if (rc > 0 && (filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0) /* TSYNC: the thread that could not follow */
        return cv_error_errno(err, ESRCH, "install the system call filter in all threads", NULL);
    if ((filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0)
        *listener_out = (int)rc;
    return 0;
}
