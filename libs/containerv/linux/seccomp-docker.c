#include "linux/seccomp-docker.h"

#include <stdlib.h>
#include <string.h>

#include "spec/capnames.h"

#include <cv/banned.h>

/* What Docker calls the architectures in `arches`. */
static const struct {
    const char *oci, *docker;
} arch_names[] = {
    { "SCMP_ARCH_X86_64", "amd64" },
    { "SCMP_ARCH_AARCH64", "arm64" },
    { "SCMP_ARCH_X86", "x86" },
    { "SCMP_ARCH_ARM", "arm" },
};

static bool has_arch(const struct cv_strv* arches, const char* oci)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(arch_names); i++)
        if (strcmp(arch_names[i].oci, oci) == 0)
            return cv_strv_contains(arches, arch_names[i].docker);
    return false;
}

static size_t granted(const struct cv_strv* caps, uint64_t capabilities)
{
    size_t count = 0;

    for (size_t i = 0; i < caps->count; i++) {
        int number = cv_capability_number(caps->items[i]);
        count += number >= 0 && (capabilities >> number & 1) != 0;
    }
    return count;
}

/* The grammar was checked: two numbers of at most nine digits. */
static bool kernel_is_at_least(const struct seccomp_docker_machine* machine, const char* version)
{
    char*         rest  = NULL;
    unsigned long major = strtoul(version, &rest, 10);
    unsigned long minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;

    return machine->kernel_major != major ? machine->kernel_major > major : machine->kernel_minor >= minor;
}

static bool counts(const struct cv_spec_docker_syscall* entry, const struct seccomp_docker_machine* machine)
{
    const struct cv_spec_docker_condition* with    = &entry->includes;
    const struct cv_spec_docker_condition* without = &entry->excludes;

    if (with->arches.count > 0 && !has_arch(&with->arches, machine->arch))
        return false;
    if (granted(&with->caps, machine->capabilities) < with->caps.count)
        return false;
    if (with->min_kernel != NULL && !kernel_is_at_least(machine, with->min_kernel))
        return false;
    return !has_arch(&without->arches, machine->arch) && granted(&without->caps, machine->capabilities) == 0
           && (without->min_kernel == NULL || !kernel_is_at_least(machine, without->min_kernel));
}

static int copy_args(const struct cv_spec_docker_syscall* from, struct cv_spec_syscall* to, struct cv_error* err)
{
    if (from->args.count == 0)
        return 0;
    to->args.items = calloc(from->args.count, sizeof(*to->args.items));
    if (to->args.items == NULL)
        return cv_error_no_memory(err);
    to->args.count = from->args.count;
    for (size_t i = 0; i < from->args.count; i++) {
        to->args.items[i]    = from->args.items[i];
        to->args.items[i].op = NULL;
        if (cv_spec_set_string(&to->args.items[i].op, from->args.items[i].op, err) < 0)
            return CV_ERR_NO_MEMORY;
    }
    return 0;
}

static int copy_names(const struct cv_spec_docker_syscall* from, struct cv_spec_syscall* to, struct cv_error* err)
{
    int rc = from->names.count > 0 ? cv_strv_copy(&to->names, &from->names)
             : from->name != NULL  ? cv_strv_append(&to->names, from->name)
                                   : 0;
    return rc < 0 ? cv_error_no_memory(err) : 0;
}

static int resolve_entry(const struct cv_spec_docker_seccomp* profile, const struct cv_spec_docker_syscall* from,
    const struct seccomp_docker_machine* machine, struct cv_spec_syscall* to, struct cv_error* err)
{
    bool in = counts(from, machine);
    int  rc = copy_names(from, to, err);

    to->errno_ret = in ? from->errno_ret : profile->default_errno_ret;
    if (rc == 0)
        rc = cv_spec_set_string(&to->action, in ? from->action : profile->default_action, err);
    return rc == 0 && in ? copy_args(from, to, err) : rc;
}

static int resolve_entries(const struct cv_spec_docker_seccomp* profile, const struct seccomp_docker_machine* machine,
    struct cv_spec_seccomp* to, struct cv_error* err)
{
    if (profile->syscalls.count == 0)
        return 0;
    to->syscalls.items = calloc(profile->syscalls.count, sizeof(*to->syscalls.items));
    if (to->syscalls.items == NULL)
        return cv_error_no_memory(err);
    to->syscalls.count = profile->syscalls.count;
    for (size_t i = 0; i < profile->syscalls.count; i++)
        if (resolve_entry(profile, &profile->syscalls.items[i], machine, &to->syscalls.items[i], err) < 0)
            return CV_ERR_NO_MEMORY;
    return 0;
}

static int resolve_archs(const struct cv_spec_docker_seccomp* profile, const struct seccomp_docker_machine* machine,
    struct cv_strv* to, struct cv_error* err)
{
    int rc = cv_strv_copy(to, &profile->architectures);

    for (size_t i = 0; rc == 0 && i < profile->arch_map.count; i++) {
        const struct cv_spec_docker_arch* entry = &profile->arch_map.items[i];
        if (strcmp(entry->architecture, machine->arch) != 0)
            continue;
        rc = cv_strv_append(to, entry->architecture);
        for (size_t j = 0; rc == 0 && j < entry->sub_architectures.count; j++)
            rc = cv_strv_append(to, entry->sub_architectures.items[j]);
    }
    return rc < 0 ? cv_error_no_memory(err) : 0;
}

/* Docker writes what is not there as an empty string. */
static int copy_given(char** to, const char* from, struct cv_error* err)
{
    return cv_spec_set_string(to, from != NULL && from[0] != '\0' ? from : NULL, err);
}

static int resolve_head(const struct cv_spec_docker_seccomp* profile, const struct seccomp_docker_machine* machine,
    struct cv_spec_seccomp* to, struct cv_error* err)
{
    int rc = cv_spec_set_string(&to->default_action, profile->default_action, err);

    to->default_errno_ret = profile->default_errno_ret;
    if (rc == 0 && cv_strv_copy(&to->flags, &profile->flags) < 0)
        rc = cv_error_no_memory(err);
    if (rc == 0)
        rc = copy_given(&to->listener_path, profile->listener_path, err);
    if (rc == 0)
        rc = copy_given(&to->listener_metadata, profile->listener_metadata, err);
    return rc == 0 ? resolve_archs(profile, machine, &to->architectures, err) : rc;
}

int seccomp_docker_resolve(const struct cv_spec_docker_seccomp* profile, const struct seccomp_docker_machine* machine,
    struct cv_spec_seccomp* seccomp_out, struct cv_error* err)
{
    struct cv_spec_seccomp seccomp = { .set = true };
    int                    rc      = resolve_head(profile, machine, &seccomp, err);

    if (rc == 0)
        rc = resolve_entries(profile, machine, &seccomp, err);
    if (rc == 0)
        *seccomp_out = seccomp;
    else
        cv_spec_seccomp_release(&seccomp);
    return rc;
}
