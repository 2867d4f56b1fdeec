/*
 * The filter that goes with Landlock's rules for TCP: what reaches a TCP port without the two calls that the kernel checks. MPTCP and SMC
 * sockets fall back to TCP, MSG_FASTOPEN connects while it sends, and io_uring makes sockets behind any filter's back. What a 32-bit program
 * asks of socketcall() can't be seen, so it can't make sockets or send messages by it.
 */
#include <errno.h>
#include <stddef.h>

#include "linux/seccomp-names.h"
#include "linux/seccomp.h"

#include <cv/banned.h>

enum { FAMILY_INET = 2, FAMILY_INET6 = 10, FAMILY_SMC = 43, PROTOCOL_MPTCP = 262, PROTOCOL_SMC = 256 };
#define FLAG_FASTOPEN UINT64_C(0x20000000)

#define WHEN(...) ((const struct seccomp_condition[]){ __VA_ARGS__ })
#define IS(argument, number)                                                                                           \
    {                                                                                                                  \
        argument, SECCOMP_OP_LOW_EQ, number, 0                                                                         \
    }
#define FAST(argument)                                                                                                 \
    {                                                                                                                  \
        argument, SECCOMP_OP_LOW_ANY, FLAG_FASTOPEN, 0                                                                 \
    }

static const struct row {
    const char*                     name;
    const struct seccomp_condition* conditions;
    size_t                          count;
} rows[] = {
    { "socket", WHEN(IS(0, FAMILY_INET), IS(2, PROTOCOL_MPTCP)), 2 },
    { "socket", WHEN(IS(0, FAMILY_INET6), IS(2, PROTOCOL_MPTCP)), 2 },
    { "socket", WHEN(IS(0, FAMILY_INET), IS(2, PROTOCOL_SMC)), 2 },
    { "socket", WHEN(IS(0, FAMILY_INET6), IS(2, PROTOCOL_SMC)), 2 },
    { "socket", WHEN(IS(0, FAMILY_SMC)), 1 },
    { "sendto", WHEN(FAST(3)), 1 },
    { "sendmsg", WHEN(FAST(2)), 1 },
    { "sendmmsg", WHEN(FAST(3)), 1 },
    { "io_uring_setup", NULL, 0 },
};

static int add_row(
    struct filter_sections* sections, const struct filter_arch* arch, const struct row* row, struct cv_error* err)
{
    struct seccomp_rule rule = { 0, SECCOMP_ACTION_ERRNO | EACCES, row->conditions, row->count };
    int                 rc   = 0;

    if (filter_number(arch, row->name, &rule.number))
        rc = filter_sections_add(sections, arch, &rule, err);
    rule.conditions      = filter_multiplexed(arch, row->name, &rule.number);
    rule.condition_count = 1;
    return rc == 0 && rule.conditions != NULL ? filter_sections_add(sections, arch, &rule, err) : rc;
}

static int add_rows(struct filter_sections* sections, struct cv_error* err)
{
    size_t                           count = 0;
    const struct filter_arch* const* archs = filter_arch_native(&count);

    if (archs == NULL)
        return cv_error_unsupported(err, "rules for TCP on this architecture", "linux");
    for (size_t i = 0; i < count; i++) {
        int rc = filter_sections_open(sections, archs[i], SECCOMP_ACTION_ALLOW, err);
        for (size_t j = 0; rc == 0 && j < CV_ARRAY_LEN(rows); j++)
            rc = add_row(sections, archs[i], &rows[j], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int linux_seccomp_compile_tcp(const struct cv_spec* spec, struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    struct filter_sections      sections = { 0 };
    struct linux_seccomp_filter filter   = { 0 };
    int                         rc;

    if (spec->ext.landlock.tcp.count == 0) {
        *filter_out = filter;
        return 0;
    }
    rc = add_rows(&sections, err);
    if (rc == 0)
        rc = seccomp_program_make(sections.items, sections.count, &filter.code, &filter.count, err);
    filter_sections_release(&sections);
    if (rc < 0)
        return cv_error_wrap(err, "make the filter that goes with the rules for TCP");
    *filter_out = filter;
    return 0;
}
