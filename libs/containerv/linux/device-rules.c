#include "linux/device-rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

#define ANY (-1)

/* Those that every container has, and making of nodes: using them is what is forbidden. */
static const struct linux_device_rule standard[] = {
    { true, 'c', LINUX_DEVICE_MAKE, ANY, ANY }, { true, 'b', LINUX_DEVICE_MAKE, ANY, ANY },
    { true, 'c', LINUX_DEVICE_ALL, 1, 3 },     /* null */
    { true, 'c', LINUX_DEVICE_ALL, 1, 5 },     /* zero */
    { true, 'c', LINUX_DEVICE_ALL, 1, 7 },     /* full */
    { true, 'c', LINUX_DEVICE_ALL, 1, 8 },     /* random */
    { true, 'c', LINUX_DEVICE_ALL, 1, 9 },     /* urandom */
    { true, 'c', LINUX_DEVICE_ALL, 5, 0 },     /* tty */
    { true, 'c', LINUX_DEVICE_ALL, 5, 2 },     /* ptmx */
    { true, 'c', LINUX_DEVICE_ALL, 136, ANY }, /* terminals */
};

/* What OCI runtimes allow besides: their callers rely on it. */
static const struct linux_device_rule tun = { true, 'c', LINUX_DEVICE_ALL, 10, 200 };

static unsigned access_of(const char* letters)
{
    unsigned access = 0;
    for (; letters != NULL && *letters != '\0'; letters++)
        access |= *letters == 'r'   ? (unsigned)LINUX_DEVICE_READ
                  : *letters == 'w' ? (unsigned)LINUX_DEVICE_WRITE
                                    : (unsigned)LINUX_DEVICE_MAKE;
    return letters == NULL || access == 0 ? (unsigned)LINUX_DEVICE_ALL : access;
}

bool linux_device_rules_asked(const struct cv_spec* spec)
{
    if (spec->linux_.resources.devices.count > 0)
        return true;
    for (size_t i = 0; i < spec->ext.devices.count; i++)
        if (access_of(spec->ext.devices.items[i].access) != LINUX_DEVICE_ALL)
            return true;
    return false;
}

bool linux_device_rules_needed(const struct cv_spec* spec)
{
    return cv_spec_namespace(spec, "user") == NULL || linux_device_rules_asked(spec);
}

static int add(struct linux_device_rules* rules, const struct linux_device_rule* rule, struct cv_error* err)
{
    if (rules->count == LINUX_DEVICE_RULES_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %d rules of devices", LINUX_DEVICE_RULES_MAX);
    rules->items[rules->count++] = *rule;
    return 0;
}

/* A rule that is taken for another one could give a device away, so this does not rely on the specification having been checked. */
static int check_spec_rule(const struct cv_spec_device_rule* rule, struct cv_error* err)
{
    bool type   = rule->type == NULL || (strlen(rule->type) == 1 && strchr("abc", rule->type[0]) != NULL);
    bool access = rule->access == NULL || strspn(rule->access, "rwm") == strlen(rule->access);
    if (type && access)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "a rule of linux.resources.devices has a type or an access that there is not");
    cv_error_step(err, "make the rules of devices");
    return cv_error_object(err, "%s", rule->type != NULL ? rule->type : "");
}

static int add_spec_rules(struct linux_device_rules* rules, const struct cv_spec* spec, struct cv_error* err)
{
    const struct linux_device_rule nothing = { false, 'a', LINUX_DEVICE_ALL, ANY, ANY };
    int                            rc      = add(rules, &nothing, err);
    for (size_t i = 0; i < spec->linux_.resources.devices.count && rc == 0; i++) {
        const struct cv_spec_device_rule* from = &spec->linux_.resources.devices.items[i];
        const struct linux_device_rule    rule = { from->allow, from->type != NULL ? from->type[0] : 'a',
               access_of(from->access), from->major.set ? from->major.value : ANY,
            from->minor.set ? from->minor.value : ANY };
        rc                                     = check_spec_rule(from, err);
        if (rc == 0)
            rc = add(rules, &rule, err);
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(standard) && rc == 0; i++)
        rc = add(rules, &standard[i], err);
    return rc == 0 && spec->ext.bare ? add(rules, &tun, err) : rc;
}

/* What is given is given with that access, also when it is one of ours. */
static int add_given(
    struct linux_device_rules* rules, const struct cv_spec* spec, linux_device_look_fn look, struct cv_error* err)
{
    int rc = 0;
    for (size_t i = 0; i < spec->ext.devices.count && rc == 0; i++) {
        const struct cv_spec_ext_device* device = &spec->ext.devices.items[i];
        struct linux_device_rule         rule   = { .allow = false, .access = LINUX_DEVICE_ALL };
        unsigned                         major = 0, minor = 0;
        rc         = look(device->host_path, &rule.type, &major, &minor, err);
        rule.major = major;
        rule.minor = minor;
        if (rc == 0)
            rc = add(rules, &rule, err);
        rule.allow  = true;
        rule.access = access_of(device->access);
        if (rc == 0)
            rc = add(rules, &rule, err);
    }
    return rc;
}

int linux_device_rules_make(
    const struct cv_spec* spec, linux_device_look_fn look, struct linux_device_rules* rules_out, struct cv_error* err)
{
    struct linux_device_rules rules = { .items = calloc(LINUX_DEVICE_RULES_MAX, sizeof(*rules.items)) };
    if (rules.items == NULL)
        return cv_error_no_memory(err);
    int rc = add_spec_rules(&rules, spec, err);
    if (rc == 0)
        rc = add_given(&rules, spec, look, err);
    if (rc == 0)
        *rules_out = rules;
    else
        linux_device_rules_release(&rules);
    return rc;
}

void linux_device_rules_release(struct linux_device_rules* rules)
{
    free(rules->items);
    *rules = (struct linux_device_rules){ 0 };
}

bool linux_device_rule_is_for_all(const struct linux_device_rule* rule)
{
    return rule->type == 'a' && rule->access == LINUX_DEVICE_ALL && rule->major < 0 && rule->minor < 0;
}

/* Version 1 takes an exception away by its exact numbers only, and says nothing when there is none like that. */
static bool is_beyond_v1(const struct linux_device_rule* allowed, const struct linux_device_rule* denied)
{
    bool same_type = allowed->type == denied->type;
    bool overlap   = (allowed->access & denied->access & (LINUX_DEVICE_READ | LINUX_DEVICE_WRITE)) != 0
                   && (same_type || allowed->type == 'a' || denied->type == 'a')
                   && (allowed->major < 0 || denied->major < 0 || allowed->major == denied->major)
                   && (allowed->minor < 0 || denied->minor < 0 || allowed->minor == denied->minor);
    return overlap && !(same_type && allowed->major == denied->major && allowed->minor == denied->minor);
}

int linux_device_rules_check_v1(const struct linux_device_rules* rules, struct cv_error* err)
{
    size_t from = 0; /* behind the last one for all */
    for (size_t i = 0; i < rules->count; i++)
        if (linux_device_rule_is_for_all(&rules->items[i]))
            from = i + 1;
    bool allow = from > 0 && rules->items[from - 1].allow;
    for (size_t i = from; i < rules->count; i++)
        for (size_t k = from; k < i; k++)
            if (rules->items[i].allow == allow && rules->items[k].allow != allow
                && is_beyond_v1(&rules->items[k], &rules->items[i])) {
                char line[LINUX_DEVICE_LINE_SIZE];
                linux_device_rule_line(&rules->items[i], line);
                return cv_error_set(err, CV_ERR_UNSUPPORTED,
                    "version 1 of cgroups can't keep the rule of devices '%s': it is a part of an earlier one", line);
            }
    return 0;
}

static void number(int64_t value, char text[16])
{
    if (value < 0)
        cv_snprintf(text, 16, "*");
    else
        cv_snprintf(text, 16, "%" PRId64, value);
}

void linux_device_rule_line(const struct linux_device_rule* rule, char line[LINUX_DEVICE_LINE_SIZE])
{
    char major[16], minor[16];
    number(rule->major, major);
    number(rule->minor, minor);
    cv_snprintf(line, LINUX_DEVICE_LINE_SIZE, "%c %s:%s %s%s%s", rule->type, major, minor,
        (rule->access & LINUX_DEVICE_READ) != 0 ? "r" : "", (rule->access & LINUX_DEVICE_WRITE) != 0 ? "w" : "",
        (rule->access & LINUX_DEVICE_MAKE) != 0 ? "m" : "");
}

/* --- the program --------------------------------------------------------------------------------------------------------------- */

/* Of the kernel's instruction set: opcode, registers, offset, constant, packed as they are on this (little-endian) wire. */
enum {
    OP_LOAD_WORD   = 0x61, /* dst = *(u32*)(src + off) */
    OP_MOVE        = 0xbf, /* dst = src */
    OP_MOVE_CONST  = 0xb7,
    OP_AND_CONST   = 0x57,
    OP_SHIFT_RIGHT = 0x77,
    OP_JUMP_NE     = 0x55, /* if dst != const: off further */
    OP_JUMP_EQ     = 0x15,
    OP_JUMP_NE_REG = 0x5d,
    OP_EXIT        = 0x95,
    TYPE_BLOCK     = 1,
    TYPE_CHARACTER = 2,
    HEAD_SIZE      = 6,
    RULE_SIZE_MAX  = 8,
    R_RESULT       = 0,
    R_CONTEXT      = 1, /* then a scratch register */
    R_TYPE         = 2,
    R_ACCESS       = 3,
    R_MAJOR        = 4,
    R_MINOR        = 5,
};

struct program {
    uint64_t* code;
    size_t    length;
};

static void put(struct program* program, unsigned op, unsigned dst, unsigned src, unsigned offset, uint32_t constant)
{
    program->code[program->length++] = (uint64_t)op | (uint64_t)dst << 8 | (uint64_t)src << 12
                                       | (uint64_t)(offset & 0xffff) << 16 | (uint64_t)constant << 32;
}

/* The context: access << 16 | type, major, minor. */
static void put_head(struct program* program)
{
    put(program, OP_LOAD_WORD, R_TYPE, R_CONTEXT, 0, 0);
    put(program, OP_LOAD_WORD, R_MAJOR, R_CONTEXT, 4, 0);
    put(program, OP_LOAD_WORD, R_MINOR, R_CONTEXT, 8, 0);
    put(program, OP_MOVE, R_ACCESS, R_TYPE, 0, 0);
    put(program, OP_AND_CONST, R_TYPE, 0, 0, 0xffff);
    put(program, OP_SHIFT_RIGHT, R_ACCESS, 0, 0, 16);
}

/* An allowance must have all that is wanted; a refusal is for whoever wants any of it. */
static void put_access(struct program* program, const struct linux_device_rule* rule, size_t end)
{
    if (rule->access == LINUX_DEVICE_ALL)
        return;
    put(program, OP_MOVE, R_CONTEXT, R_ACCESS, 0, 0);
    put(program, OP_AND_CONST, R_CONTEXT, 0, 0, rule->access);
    unsigned offset = (unsigned)(end - program->length - 1);
    if (rule->allow)
        put(program, OP_JUMP_NE_REG, R_CONTEXT, R_ACCESS, offset, 0);
    else
        put(program, OP_JUMP_EQ, R_CONTEXT, 0, offset, 0);
}

/* Each test jumps behind the rule; what passes all is answered. */
static void put_rule(struct program* program, const struct linux_device_rule* rule)
{
    size_t tests =
        (rule->type != 'a') + (rule->access != LINUX_DEVICE_ALL ? 3 : 0) + (rule->major >= 0) + (rule->minor >= 0);
    size_t end = program->length + tests + 2;
    if (rule->type != 'a')
        put(program, OP_JUMP_NE, R_TYPE, 0, (unsigned)(end - program->length - 1),
            rule->type == 'b' ? TYPE_BLOCK : TYPE_CHARACTER);
    put_access(program, rule, end);
    if (rule->major >= 0)
        put(program, OP_JUMP_NE, R_MAJOR, 0, (unsigned)(end - program->length - 1), (uint32_t)rule->major);
    if (rule->minor >= 0)
        put(program, OP_JUMP_NE, R_MINOR, 0, (unsigned)(end - program->length - 1), (uint32_t)rule->minor);
    put(program, OP_MOVE_CONST, R_RESULT, 0, 0, rule->allow);
    put(program, OP_EXIT, 0, 0, 0, 0);
}

int linux_device_program(
    const struct linux_device_rules* rules, uint64_t** code_out, size_t* length_out, struct cv_error* err)
{
    struct program program = { .code = malloc((HEAD_SIZE + RULE_SIZE_MAX * (rules->count + 1)) * sizeof(uint64_t)) };
    const struct linux_device_rule nothing = { false, 'a', LINUX_DEVICE_ALL, ANY, ANY };
    size_t                         left    = rules->count;
    if (program.code == NULL)
        return cv_error_no_memory(err);
    put_head(&program);
    /* nothing behind one that is for everything can be reached, and the kernel refuses programs with such parts */
    while (left > 0 && !linux_device_rule_is_for_all(&rules->items[left - 1]))
        put_rule(&program, &rules->items[--left]);
    put_rule(&program, left > 0 ? &rules->items[left - 1] : &nothing);
    *code_out   = program.code;
    *length_out = program.length;
    return 0;
}
