#include "linux/seccomp-oci.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>

#include <cv/banned.h>

enum { ERRNO_MAX = 4095, ARCHS_MAX = 8 };

/* In the kernel's order: the first is the strictest. */
static const struct action {
    const char* name;
    uint32_t    action;
    bool        has_errno;
    bool        lets_pass;
} actions[] = {
    { "SCMP_ACT_KILL_PROCESS", SECCOMP_ACTION_KILL_PROCESS, false, false },
    { "SCMP_ACT_KILL_THREAD", SECCOMP_ACTION_KILL_THREAD, false, false },
    { "SCMP_ACT_KILL", SECCOMP_ACTION_KILL_THREAD, false, false },
    { "SCMP_ACT_TRAP", SECCOMP_ACTION_TRAP, false, false },
    { "SCMP_ACT_ERRNO", SECCOMP_ACTION_ERRNO, true, false },
    { "SCMP_ACT_NOTIFY", SECCOMP_ACTION_NOTIFY, false, false },
    { "SCMP_ACT_TRACE", SECCOMP_ACTION_TRACE, true, true },
    { "SCMP_ACT_LOG", SECCOMP_ACTION_LOG, false, true },
    { "SCMP_ACT_ALLOW", SECCOMP_ACTION_ALLOW, false, true },
};

static const struct {
    const char*     name;
    enum seccomp_op op;
} ops[] = {
    { "SCMP_CMP_NE", SECCOMP_OP_NE },
    { "SCMP_CMP_LT", SECCOMP_OP_LT },
    { "SCMP_CMP_LE", SECCOMP_OP_LE },
    { "SCMP_CMP_EQ", SECCOMP_OP_EQ },
    { "SCMP_CMP_GE", SECCOMP_OP_GE },
    { "SCMP_CMP_GT", SECCOMP_OP_GT },
    { "SCMP_CMP_MASKED_EQ", SECCOMP_OP_MASKED_EQ },
};

static const struct {
    const char* name;
    uint32_t    flag;
} flags[] = {
    { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
    { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
    { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
    { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

/* What OCI has a name for and no machine of ours can run. */
static const char* const foreign_archs[] = { "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",
    "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB" };

/* What is being translated. */
struct work {
    const struct cv_spec_seccomp* seccomp;
    bool                          runtime; /* for an OCI runtime */
    struct seccomp_oci            oci;
    const struct filter_arch*     archs[ARCHS_MAX];
    size_t                        arch_count;
    uint32_t                      default_action;
    bool                          default_passes;
};

void seccomp_oci_release(struct seccomp_oci* oci)
{
    filter_sections_release(&oci->sections);
    free(oci->conditions);
    *oci = (struct seccomp_oci){ 0 };
}

static int find_action(const char* name, const struct action** action_out, struct cv_error* err)
{
    if (name == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "an action is missing");
    for (size_t i = 0; i < CV_ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].name, name) == 0) {
            *action_out = &actions[i];
            return 0;
        }
    return cv_error_set(err, CV_ERR_INVALID, "'%s' is no action", name);
}

static int action_value(
    const struct action* action, const struct cv_opt_uint* errno_ret, uint32_t* value_out, struct cv_error* err)
{
    uint32_t number = action->has_errno ? EPERM : 0;

    if (errno_ret->set && !action->has_errno)
        return cv_error_set(err, CV_ERR_INVALID, "%s has no error number", action->name);
    if (errno_ret->set && errno_ret->value > ERRNO_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "error number %llu is over %u", (unsigned long long)errno_ret->value,
            (unsigned)ERRNO_MAX);
    if (errno_ret->set)
        number = (uint32_t)errno_ret->value;
    *value_out = action->action | number;
    return 0;
}

static void add_arch(struct work* w, const struct filter_arch* arch)
{
    for (size_t i = 0; i < w->arch_count; i++)
        if (w->archs[i] == arch)
            return;
    w->archs[w->arch_count++] = arch;
}

static bool is_foreign(const char* name)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(foreign_archs); i++)
        if (strcmp(foreign_archs[i], name) == 0)
            return true;
    return false;
}

static int take_archs(struct work* w, struct cv_error* err)
{
    size_t                           native_count = 0;
    const struct filter_arch* const* native       = filter_arch_native(&native_count);

    if (native == NULL)
        return cv_error_unsupported(err, "a system call filter on this architecture", "linux");
    add_arch(w, native[0]);
    for (size_t i = 0; i < w->seccomp->architectures.count; i++) {
        const char*               name = w->seccomp->architectures.items[i];
        const struct filter_arch* arch = filter_arch_by_name(name);
        if (arch == NULL && !is_foreign(name))
            return cv_error_set(err, CV_ERR_INVALID, "'%s' is no architecture", name);
        for (size_t j = 0; j < native_count; j++)
            if (native[j] == arch)
                add_arch(w, arch);
    }
    for (size_t i = 0; i < w->arch_count; i++) {
        int rc = filter_sections_open(&w->oci.sections, w->archs[i], w->default_action, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Somebody must be asked, and only an OCI runtime knows how to tell him. */
static int take_listener(struct work* w, const struct action* action, struct cv_error* err)
{
    if (action->action != SECCOMP_ACTION_NOTIFY)
        return 0;
    if (!w->runtime)
        return cv_error_unsupported(err, action->name, "linux");
    if (w->seccomp->listener_path == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "%s needs a linux.seccomp.listenerPath", action->name);
    w->oci.flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    return 0;
}

/* What is about the listener means nothing without one; with one, the kernel wants to know how a failure of TSYNC is told. */
static void settle_flags(struct work* w)
{
    if ((w->oci.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0)
        w->oci.flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    else if ((w->oci.flags & SECCOMP_FILTER_FLAG_TSYNC) != 0)
        w->oci.flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
}

static int take_flags(struct work* w, struct cv_error* err)
{
    for (size_t i = 0; i < w->seccomp->flags.count; i++) {
        const char* name = w->seccomp->flags.items[i];
        size_t      at   = 0;
        while (at < CV_ARRAY_LEN(flags) && strcmp(flags[at].name, name) != 0)
            at++;
        if (at == CV_ARRAY_LEN(flags) || (!w->runtime && flags[at].flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
            return cv_error_unsupported(err, name, "linux");
        w->oci.flags |= flags[at].flag;
    }
    return 0;
}

static int take_argument(
    const struct cv_spec_seccomp_arg* arg, struct seccomp_condition* condition_out, struct cv_error* err)
{
    if (arg->index >= SECCOMP_ARGS_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "argument %u: system calls have 0 to 5", (unsigned)arg->index);
    for (size_t i = 0; arg->op != NULL && i < CV_ARRAY_LEN(ops); i++)
        if (strcmp(ops[i].name, arg->op) == 0) {
            bool masked    = ops[i].op == SECCOMP_OP_MASKED_EQ; /* OCI: value is the mask then */
            *condition_out = (struct seccomp_condition){ arg->index, ops[i].op, masked ? arg->value_two : arg->value,
                masked ? arg->value : 0 };
            return 0;
        }
    return cv_error_set(err, CV_ERR_INVALID, "'%s' is no comparison", arg->op != NULL ? arg->op : "");
}

/* *repeated_out: there are several conditions on one argument. */
static int take_arguments(const struct work* w, const struct cv_spec_syscall* entry,
    struct seccomp_condition* conditions, bool* repeated_out, struct cv_error* err)
{
    unsigned seen = 0;

    *repeated_out = false;

    for (size_t i = 0; i < entry->args.count; i++) {
        int rc = take_argument(&entry->args.items[i], &conditions[i], err);
        if (rc < 0)
            return cv_error_wrap(err, "args[%zu]", i);
        if ((seen >> conditions[i].arg & 1) != 0 && !w->runtime)
            return cv_error_unsupported(err, "more than one condition on one argument of a system call", "linux");
        *repeated_out |= (seen >> conditions[i].arg & 1) != 0;
        seen |= 1u << conditions[i].arg;
    }
    return 0;
}

/* socketcall(), ipc(): a condition on the arguments can't be seen there, so it allows nothing and refuses everything. */
static int add_multiplexed(struct work* w, const struct filter_arch* arch, const char* name,
    const struct seccomp_rule* rule, bool lets_pass, struct cv_error* err)
{
    struct seccomp_rule             other     = { .action = rule->action, .condition_count = 1 };
    const struct seccomp_condition* operation = filter_multiplexed(arch, name, &other.number);

    if (operation == NULL || (lets_pass && rule->condition_count > 0))
        return 0;
    other.conditions = operation;
    return filter_sections_add(&w->oci.sections, arch, &other, err);
}

static int add_name(struct work* w, const char* name, struct seccomp_rule rule, bool lets_pass, struct cv_error* err)
{
    int rc = 0;

    if (!filter_name_known(name) && w->default_passes && !lets_pass)
        return cv_error_unsupported(err, name, "linux");
    for (size_t i = 0; i < w->arch_count && rc == 0; i++) {
        if (filter_number(w->archs[i], name, &rule.number))
            rc = filter_sections_add(&w->oci.sections, w->archs[i], &rule, err);
        if (rc == 0)
            rc = add_multiplexed(w, w->archs[i], name, &rule, lets_pass, err);
    }
    return rc;
}

static int add_names(struct work* w, const struct cv_spec_syscall* entry, const struct seccomp_rule* rule,
    const struct action* action, struct cv_error* err)
{
    int rc = 0;

    for (size_t i = 0; i < entry->names.count && rc == 0 && rule->action != w->default_action; i++)
        rc = add_name(w, entry->names.items[i], *rule, action->lets_pass, err);
    return rc;
}

/* Several conditions on one argument: other runtimes make a rule of each condition then, and what callers send is written for them. */
static int add_each(struct work* w, const struct cv_spec_syscall* entry, struct seccomp_rule rule,
    const struct action* action, struct cv_error* err)
{
    int rc = 0;

    rule.condition_count = 1;
    for (size_t i = 0; i < entry->args.count && rc == 0; i++, rule.conditions++)
        rc = add_names(w, entry, &rule, action, err);
    return rc;
}

static int add_entry(struct work* w, const struct cv_spec_syscall* entry, struct seccomp_condition* conditions,
    const struct action* action, struct cv_error* err)
{
    struct seccomp_rule rule     = { .conditions = conditions, .condition_count = entry->args.count };
    bool                repeated = false;
    int                 rc       = action_value(action, &entry->errno_ret, &rule.action, err);

    if (rc == 0)
        rc = take_listener(w, action, err);
    if (rc == 0)
        rc = take_arguments(w, entry, conditions, &repeated, err);
    if (rc == 0 && entry->names.count == 0)
        rc = cv_error_set(err, CV_ERR_INVALID, "there are no names");
    if (rc < 0)
        return rc;
    return repeated ? add_each(w, entry, rule, action, err) : add_names(w, entry, &rule, action, err);
}

/* The entries of one action. */
static int add_entries(struct work* w, const struct action* wanted, struct cv_error* err)
{
    struct seccomp_condition* conditions = w->oci.conditions;

    for (size_t i = 0; i < w->seccomp->syscalls.count; i++) {
        const struct cv_spec_syscall* entry  = &w->seccomp->syscalls.items[i];
        const struct action*          action = NULL;
        int                           rc     = find_action(entry->action, &action, err);
        if (rc == 0 && action == wanted)
            rc = add_entry(w, entry, conditions, action, err);
        if (rc < 0)
            return cv_error_wrap(err, "linux.seccomp.syscalls[%zu]", i);
        conditions += entry->args.count;
    }
    return 0;
}

static int take_head(struct work* w, struct cv_error* err)
{
    const struct action* action = NULL;
    int                  rc;

    if (w->seccomp->listener_path != NULL && !w->runtime)
        return cv_error_unsupported(err, "linux.seccomp.listenerPath", "linux");
    rc = find_action(w->seccomp->default_action, &action, err);
    if (rc == 0)
        rc = action_value(action, &w->seccomp->default_errno_ret, &w->default_action, err);
    if (rc == 0)
        rc = take_listener(w, action, err);
    if (rc < 0)
        return cv_error_wrap(err, "linux.seccomp.defaultAction");
    w->default_passes = action->lets_pass;
    rc                = take_flags(w, err);
    if (rc < 0)
        return cv_error_wrap(err, "linux.seccomp.flags");
    rc = take_archs(w, err);
    return rc < 0 ? cv_error_wrap(err, "linux.seccomp.architectures") : 0;
}

int seccomp_oci_translate(
    const struct cv_spec_seccomp* seccomp, bool runtime, struct seccomp_oci* oci_out, struct cv_error* err)
{
    struct work w         = { .seccomp = seccomp, .runtime = runtime };
    size_t      arguments = 1;
    int         rc;

    for (size_t i = 0; i < seccomp->syscalls.count; i++)
        arguments += seccomp->syscalls.items[i].args.count;
    w.oci.conditions = calloc(arguments, sizeof(*w.oci.conditions));
    rc               = w.oci.conditions != NULL ? take_head(&w, err) : cv_error_no_memory(err);
    for (size_t i = 0; i < CV_ARRAY_LEN(actions) && rc == 0; i++)
        rc = add_entries(&w, &actions[i], err);
    if (rc < 0) {
        seccomp_oci_release(&w.oci);
        return rc;
    }
    settle_flags(&w);
    *oci_out = w.oci;
    return 0;
}
