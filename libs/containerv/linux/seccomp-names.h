/* From names of system calls to numbers, by libseccomp's tables: the one thing we take from it. */
#ifndef CV_LINUX_SECCOMP_NAMES_H
#define CV_LINUX_SECCOMP_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#include "linux/seccomp-program.h"

/* One architecture as OCI, libseccomp and the kernel call it. x32 has the kernel's name of x86-64. */
struct filter_arch {
    const char* oci_name; /* "SCMP_ARCH_X86_64" */
    uint32_t    library;  /* libseccomp's token */
    uint32_t    audit;
    bool        x32;
};

/* NULL: none that we translate for. */
const struct filter_arch* filter_arch_by_name(const char* oci_name);

/* The architectures whose programs this machine can run, its own first. */
const struct filter_arch* const* filter_arch_native(size_t* count_out);

/* The same as for a machine of another architecture; NULL when it is no machine's own. */
const struct filter_arch* const* filter_arch_family(const struct filter_arch* own, size_t* count_out);

/* False when the architecture has no such call, or libseccomp is older than the call. */
bool filter_number(const struct filter_arch* arch, const char* name, uint32_t* number_out);

/*
 * 32-bit x86 has two ways to some calls: their own number, and socketcall() or ipc() with an operation. What tells the operation of `name`
 * and its call's number, or NULL.
 */
const struct seccomp_condition* filter_multiplexed(
    const struct filter_arch* arch, const char* name, uint32_t* number_out);

/* Known to libseccomp, on whichever architecture. */
bool filter_name_known(const char* name);

/* The sections of a program, as they are collected: one for each of the kernel's names. Owns the rules. */
enum { FILTER_SECTIONS_MAX = 4 };
struct filter_sections {
    struct seccomp_section items[FILTER_SECTIONS_MAX];
    size_t                 count;
    size_t                 capacity[FILTER_SECTIONS_MAX];
};

void filter_sections_release(struct filter_sections* sections);

/* Let the architecture's calls get `default_action` where no rule says more. */
int filter_sections_open(
    struct filter_sections* sections, const struct filter_arch* arch, uint32_t default_action, struct cv_error* err);

/* A rule for the architecture of an open section. rule->conditions are borrowed until the program is made. */
int filter_sections_add(struct filter_sections* sections, const struct filter_arch* arch,
    const struct seccomp_rule* rule, struct cv_error* err);

/* The default profile for these architectures. */
int filter_sections_add_profile(struct filter_sections* sections, const struct filter_arch* const* archs,
    size_t arch_count, uint64_t capability_mask, struct cv_error* err);

#endif
