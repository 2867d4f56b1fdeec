#include "linux/seccomp-names.h"

#include <limits.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>

#include "linux/seccomp-profile.h"

#include <cv/banned.h>

enum { RULES_MAX = 65536 }; /* of one section; the program's own limit comes long before */

static const struct filter_arch x86_64  = { "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, false };
static const struct filter_arch x86     = { "SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, false };
static const struct filter_arch x32     = { "SCMP_ARCH_X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, true };
static const struct filter_arch aarch64 = { "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, false };
static const struct filter_arch arm     = { "SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, false };

static const struct filter_arch* const all[]        = { &x86_64, &x86, &x32, &aarch64, &arm };
static const struct filter_arch* const x86_family[] = { &x86_64, &x86, &x32 };
static const struct filter_arch* const arm_family[] = { &aarch64, &arm };

const struct filter_arch* filter_arch_by_name(const char* oci_name)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(all); i++)
        if (strcmp(all[i]->oci_name, oci_name) == 0)
            return all[i];
    return NULL;
}

const struct filter_arch* const* filter_arch_family(const struct filter_arch* own, size_t* count_out)
{
    if (own == &x86_64) {
        *count_out = CV_ARRAY_LEN(x86_family);
        return x86_family;
    }
    if (own == &aarch64) {
        *count_out = CV_ARRAY_LEN(arm_family);
        return arm_family;
    }
    return NULL;
}

const struct filter_arch* const* filter_arch_native(size_t* count_out)
{
    uint32_t native = seccomp_arch_native();

    for (size_t i = 0; i < CV_ARRAY_LEN(all); i++)
        if (all[i]->library == native)
            return filter_arch_family(all[i], count_out);
    return NULL;
}

/* libseccomp gives no numbers for these: it thinks of the operation of socketcall() and ipc() instead. */
static const struct direct {
    const char* name;
    uint32_t    number; /* 0: there is only the operation */
    uint32_t    operation;
    uint32_t    call;
} x86_direct[] = {
#define SOCKETCALL 102
    { "socket", 359, 1, SOCKETCALL },
    { "bind", 361, 2, SOCKETCALL },
    { "connect", 362, 3, SOCKETCALL },
    { "listen", 363, 4, SOCKETCALL },
    { "accept", 0, 5, SOCKETCALL },
    { "getsockname", 367, 6, SOCKETCALL },
    { "getpeername", 368, 7, SOCKETCALL },
    { "socketpair", 360, 8, SOCKETCALL },
    { "send", 0, 9, SOCKETCALL },
    { "recv", 0, 10, SOCKETCALL },
    { "sendto", 369, 11, SOCKETCALL },
    { "recvfrom", 371, 12, SOCKETCALL },
    { "shutdown", 373, 13, SOCKETCALL },
    { "setsockopt", 366, 14, SOCKETCALL },
    { "getsockopt", 365, 15, SOCKETCALL },
    { "sendmsg", 370, 16, SOCKETCALL },
    { "recvmsg", 372, 17, SOCKETCALL },
    { "accept4", 364, 18, SOCKETCALL },
    { "recvmmsg", 337, 19, SOCKETCALL },
    { "sendmmsg", 345, 20, SOCKETCALL },
#define IPC 117
    { "semop", 0, 1, IPC },
    { "semget", 393, 2, IPC },
    { "semctl", 394, 3, IPC },
    { "semtimedop", 0, 4, IPC },
    { "msgsnd", 400, 11, IPC },
    { "msgrcv", 401, 12, IPC },
    { "msgget", 399, 13, IPC },
    { "msgctl", 402, 14, IPC },
    { "shmat", 397, 21, IPC },
    { "shmdt", 398, 22, IPC },
    { "shmget", 395, 23, IPC },
    { "shmctl", 396, 24, IPC },
};

static const struct direct* find_direct(const struct filter_arch* arch, const char* name)
{
    for (size_t i = 0; arch == &x86 && i < CV_ARRAY_LEN(x86_direct); i++)
        if (strcmp(x86_direct[i].name, name) == 0)
            return &x86_direct[i];
    return NULL;
}

/* The operation is an int; of ipc()'s, the high half is a version. */
static const struct seccomp_condition operations[] = {
#define OPERATION(n) [n] = { 0, SECCOMP_OP_MASKED_EQ, n, 0xffff }
    OPERATION(1),
    OPERATION(2),
    OPERATION(3),
    OPERATION(4),
    OPERATION(5),
    OPERATION(6),
    OPERATION(7),
    OPERATION(8),
    OPERATION(9),
    OPERATION(10),
    OPERATION(11),
    OPERATION(12),
    OPERATION(13),
    OPERATION(14),
    OPERATION(15),
    OPERATION(16),
    OPERATION(17),
    OPERATION(18),
    OPERATION(19),
    OPERATION(20),
    OPERATION(21),
    OPERATION(22),
    OPERATION(23),
    OPERATION(24),
};

const struct seccomp_condition* filter_multiplexed(
    const struct filter_arch* arch, const char* name, uint32_t* number_out)
{
    const struct direct* direct = find_direct(arch, name);

    if (direct == NULL)
        return NULL;
    *number_out = direct->call;
    return &operations[direct->operation];
}

bool filter_name_known(const char* name)
{
    return seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
}

bool filter_number(const struct filter_arch* arch, const char* name, uint32_t* number_out)
{
    const struct direct* direct = find_direct(arch, name);
    int number = direct != NULL ? (int)direct->number : seccomp_syscall_resolve_name_arch(arch->library, name);

    if (number < 0 || (direct != NULL && number == 0)) /* also libseccomp's own numbers, for what others have */
        return false;
    *number_out = (uint32_t)number;
    return true;
}

void filter_sections_release(struct filter_sections* sections)
{
    for (size_t i = 0; i < sections->count; i++)
        free(sections->items[i].rules);
    *sections = (struct filter_sections){ 0 };
}

static size_t find_section(const struct filter_sections* sections, const struct filter_arch* arch)
{
    size_t at = 0;

    while (at < sections->count && sections->items[at].arch != arch->audit)
        at++;
    return at;
}

int filter_sections_open(
    struct filter_sections* sections, const struct filter_arch* arch, uint32_t default_action, struct cv_error* err)
{
    size_t                  at      = find_section(sections, arch);
    struct seccomp_section* section = &sections->items[at];

    if (at == FILTER_SECTIONS_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "too many architectures in the system call filter");
    if (at == sections->count) {
        sections->count++;
        *section =
            (struct seccomp_section){ arch->audit, SECCOMP_ACTION_KILL_PROCESS, SECCOMP_ACTION_KILL_PROCESS, NULL, 0 };
    }
    if (arch->x32)
        section->x32_action = default_action;
    else
        section->default_action = default_action;
    return 0;
}

int filter_sections_add(struct filter_sections* sections, const struct filter_arch* arch,
    const struct seccomp_rule* rule, struct cv_error* err)
{
    size_t                  at      = find_section(sections, arch);
    struct seccomp_section* section = &sections->items[at];

    if (section->rule_count == RULES_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the system call filter has more than %u rules", (unsigned)RULES_MAX);
    if (section->rules == NULL || section->rule_count == sections->capacity[at]) {
        size_t               capacity = section->rule_count == 0 ? 512 : 2 * section->rule_count;
        struct seccomp_rule* rules    = reallocarray(section->rules, capacity, sizeof(*rules));
        if (rules == NULL)
            return cv_error_no_memory(err);
        section->rules         = rules;
        sections->capacity[at] = capacity;
    }
    section->rules[section->rule_count++] = *rule;
    return 0;
}

static int add_row(struct filter_sections* sections, const struct filter_arch* arch,
    const struct seccomp_profile_row* row, struct cv_error* err)
{
    struct seccomp_rule rule = { 0, row->action, row->conditions, row->condition_count };

    for (const char* const* name = row->names; *name != NULL; name++) {
        if (!filter_number(arch, *name, &rule.number))
            continue; /* not of this architecture, or too new for libseccomp: the default action says ENOSYS */
        int rc = filter_sections_add(sections, arch, &rule, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int filter_sections_add_profile(struct filter_sections* sections, const struct filter_arch* const* archs,
    size_t arch_count, uint64_t capability_mask, struct cv_error* err)
{
    int rc = 0;

    for (size_t i = 0; i < arch_count && rc == 0; i++) {
        rc = filter_sections_open(sections, archs[i], SECCOMP_ACTION_ERRNO | SECCOMP_PROFILE_ENOSYS, err);
        for (size_t j = 0; j < seccomp_profile_row_count && rc == 0; j++) {
            const struct seccomp_profile_row* row = &seccomp_profile_rows[j];
            if (row->capabilities == 0 || (row->capabilities & capability_mask) != 0)
                rc = add_row(sections, archs[i], row, err);
        }
    }
    return rc;
}
