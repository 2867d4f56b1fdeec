#include "linux/seccomp-program.h"

#include <stdbool.h>
#include <stdlib.h>

#include <cv/macros.h>

#include <cv/banned.h>

/* Words of the machine, and where it finds its input. */
enum {
    OP_LOAD     = 0x20, /* A = 32 bits of the input at k */
    OP_AND      = 0x54, /* A &= k */
    OP_JUMP     = 0x05,
    OP_JUMP_EQ  = 0x15,
    OP_JUMP_GT  = 0x25,
    OP_JUMP_GE  = 0x35,
    OP_JUMP_ANY = 0x45, /* A & k */
    OP_RETURN   = 0x06,
    AT_NUMBER   = 0,
    AT_ARCH     = 4,
    AT_ARGS     = 16,
    NEAR        = 250, /* a jump reaches 255; the rest is for the far jumps put in between */
    SHARED      = 120, /* how far away a return is used by others too, so that those jumps seldom need a far one */
};

/*
 * A program under construction, from its end to its start, so that the targets of all jumps are known. A label is the number of
 * instructions from its place to the end.
 */
struct builder {
    struct seccomp_insn* code; /* in reverse */
    size_t               count;
    bool                 full;
};

static void put(struct builder* b, uint16_t code, uint32_t k, unsigned jump_true, unsigned jump_false)
{
    if (b->count == SECCOMP_INSN_MAX) {
        b->full = true;
        return;
    }
    b->code[b->count++] = (struct seccomp_insn){ code, (uint8_t)jump_true, (uint8_t)jump_false, k };
}

/* `label`, or a far jump to it that is near. */
static size_t reach(struct builder* b, size_t label)
{
    if (b->count - label <= NEAR)
        return label;
    put(b, OP_JUMP, (uint32_t)(b->count - label), 0, 0);
    return b->count;
}

static void put_jump(struct builder* b, uint16_t code, uint32_t k, size_t if_true, size_t if_false)
{
    if_true  = reach(b, if_true);
    if_false = reach(b, if_false);
    put(b, code, k, (unsigned)(b->count - if_true), (unsigned)(b->count - if_false));
}

static void put_load_arg(struct builder* b, unsigned arg, bool high, uint32_t mask)
{
    if (mask != UINT32_MAX)
        put(b, OP_AND, mask, 0, 0);
    put(b, OP_LOAD, AT_ARGS + 8 * arg + (high ? 4 : 0), 0, 0); /* little-endian, as all our machines */
}

/* Both halves, equal under a mask. */
static void put_equal(
    struct builder* b, const struct seccomp_condition* c, uint64_t mask, size_t if_true, size_t if_false)
{
    size_t low;

    put_jump(b, OP_JUMP_EQ, (uint32_t)c->value, if_true, if_false);
    put_load_arg(b, c->arg, false, (uint32_t)mask);
    low = b->count;
    put_jump(b, OP_JUMP_EQ, (uint32_t)(c->value >> 32), low, if_false);
    put_load_arg(b, c->arg, true, (uint32_t)(mask >> 32));
}

/* `code` compares the low half: greater, or greater or equal. */
static void put_greater(
    struct builder* b, const struct seccomp_condition* c, uint16_t code, size_t if_true, size_t if_false)
{
    size_t low, equal;

    put_jump(b, code, (uint32_t)c->value, if_true, if_false);
    put_load_arg(b, c->arg, false, UINT32_MAX);
    low = b->count;
    put_jump(b, OP_JUMP_EQ, (uint32_t)(c->value >> 32), low, if_false);
    equal = b->count;
    put_jump(b, OP_JUMP_GT, (uint32_t)(c->value >> 32), if_true, equal);
    put_load_arg(b, c->arg, true, UINT32_MAX);
}

static void put_condition(struct builder* b, const struct seccomp_condition* c, size_t if_true, size_t if_false)
{
    switch (c->op) {
    case SECCOMP_OP_EQ:
        put_equal(b, c, UINT64_MAX, if_true, if_false);
        break;
    case SECCOMP_OP_NE:
        put_equal(b, c, UINT64_MAX, if_false, if_true);
        break;
    case SECCOMP_OP_MASKED_EQ:
        put_equal(b, c, c->mask, if_true, if_false);
        break;
    case SECCOMP_OP_GT:
        put_greater(b, c, OP_JUMP_GT, if_true, if_false);
        break;
    case SECCOMP_OP_LE:
        put_greater(b, c, OP_JUMP_GT, if_false, if_true);
        break;
    case SECCOMP_OP_GE:
        put_greater(b, c, OP_JUMP_GE, if_true, if_false);
        break;
    case SECCOMP_OP_LT:
        put_greater(b, c, OP_JUMP_GE, if_false, if_true);
        break;
    case SECCOMP_OP_LOW_EQ:
    case SECCOMP_OP_LOW_ANY:
        put_jump(b, c->op == SECCOMP_OP_LOW_EQ ? OP_JUMP_EQ : OP_JUMP_ANY, (uint32_t)c->value, if_true, if_false);
        put_load_arg(b, c->arg, false, UINT32_MAX);
        break;
    }
}

/* The rules of one number: the first that holds, else the default. */
static void put_rules(struct builder* b, const struct seccomp_rule* rules, size_t count, uint32_t default_action)
{
    put(b, OP_RETURN, default_action, 0, 0);
    for (size_t i = count; i-- > 0 && !b->full;) {
        size_t otherwise = b->count;
        put(b, OP_RETURN, rules[i].action, 0, 0);
        for (size_t j = rules[i].condition_count; j-- > 0 && !b->full;)
            put_condition(b, &rules[i].conditions[j], b->count, otherwise);
    }
}

/* Numbers from `first` to that of the next range, which all fare alike. */
struct range {
    uint32_t                   first;
    uint32_t                   default_action;
    const struct seccomp_rule* rules;
    size_t                     rule_count;
};

static bool range_is_plain(const struct range* range)
{
    return range->rule_count == 0 || range->rules[0].condition_count == 0;
}

static uint32_t range_action(const struct range* range)
{
    return range->rule_count == 0 ? range->default_action : range->rules[0].action;
}

/* One that is there already and near, else a new one: most ranges end in one of few actions, and what the kernel translates at each
 * install shall be short. */
static size_t put_return(struct builder* b, uint32_t action)
{
    for (size_t label = b->count; label > 0 && b->count - label < SHARED; label--)
        if (b->code[label - 1].code == OP_RETURN && b->code[label - 1].k == action)
            return label;
    put(b, OP_RETURN, action, 0, 0);
    return b->count;
}

/* The label where the search among these ranges begins. */
static size_t put_ranges(struct builder* b, const struct range* ranges, size_t count)
{
    size_t half = count / 2, right, left;

    if (b->full)
        return b->count;
    if (count == 1 && range_is_plain(ranges))
        return put_return(b, range_action(ranges));
    if (count == 1) {
        put_rules(b, ranges->rules, ranges->rule_count, ranges->default_action);
    } else {
        right = put_ranges(b, ranges + half, count - half);
        left  = put_ranges(b, ranges, half);
        put_jump(b, OP_JUMP_GE, ranges[half].first, right, left);
    }
    return b->count;
}

static void add_range(struct range* ranges, size_t* count, struct range next)
{
    struct range* last = *count == 0 ? NULL : &ranges[*count - 1];

    if (last != NULL && range_is_plain(last) && range_is_plain(&next) && range_action(last) == range_action(&next))
        return;
    ranges[(*count)++] = next;
}

/* Sorted rules to ranges; between the numbers that have rules, and at x32's first, the default begins anew. */
static size_t make_ranges(const struct seccomp_section* section, struct range* ranges)
{
    const struct seccomp_rule* rules = section->rules;
    size_t                     count = 0;
    uint32_t                   next  = 0; /* the first number not spoken of */
    bool                       x32   = false;

    for (size_t i = 0, same; i <= section->rule_count; i += same) {
        uint32_t number = i < section->rule_count ? rules[i].number : UINT32_MAX;
        if (number != next && next < SECCOMP_X32_BIT)
            add_range(ranges, &count, (struct range){ .first = next, .default_action = section->default_action });
        if (number >= SECCOMP_X32_BIT && !x32) {
            x32  = true;
            next = SECCOMP_X32_BIT;
        }
        if (number != next && next >= SECCOMP_X32_BIT)
            add_range(ranges, &count, (struct range){ .first = next, .default_action = section->x32_action });
        for (same = 1; i + same < section->rule_count && rules[i + same].number == number;)
            same++;
        if (i < section->rule_count)
            add_range(ranges, &count,
                (struct range){ number, x32 ? section->x32_action : section->default_action, rules + i, same });
        next = number + 1;
    }
    return count;
}

struct numbered_rule {
    struct seccomp_rule rule;
    size_t              place;
};

static int compare_rules(const void* a, const void* b)
{
    const struct numbered_rule* left  = a;
    const struct numbered_rule* right = b;

    if (left->rule.number != right->rule.number)
        return left->rule.number < right->rule.number ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

static int sort_rules(struct seccomp_section* section, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct numbered_rule* sorted = calloc(section->rule_count + 1, sizeof(*sorted));

    if (sorted == NULL)
        return cv_error_no_memory(err);
    for (size_t i = 0; i < section->rule_count; i++)
        sorted[i] = (struct numbered_rule){ section->rules[i], i };
    qsort(sorted, section->rule_count, sizeof(*sorted), compare_rules);
    for (size_t i = 0; i < section->rule_count; i++)
        section->rules[i] = sorted[i].rule;
    return 0;
}

/* Jump to this section's program for its architecture, else go on to what was put before. */
static int put_section(struct builder* b, struct seccomp_section* section, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct range* ranges = NULL;
    size_t                             others = b->count, first;

    if (sort_rules(section, err) < 0)
        return CV_ERR_NO_MEMORY;
    ranges = calloc(2 * section->rule_count + 4, sizeof(*ranges));
    if (ranges == NULL)
        return cv_error_no_memory(err);
    first = put_ranges(b, ranges, make_ranges(section, ranges));
    if (first != b->count)
        put(b, OP_JUMP, (uint32_t)(b->count - first), 0, 0);
    put(b, OP_LOAD, AT_NUMBER, 0, 0);
    put_jump(b, OP_JUMP_EQ, section->arch, b->count, others);
    return 0;
}

int seccomp_program_make(struct seccomp_section* sections, size_t section_count, struct seccomp_insn** code_out,
    size_t* count_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct seccomp_insn* code = calloc(SECCOMP_INSN_MAX, sizeof(*code));
    struct builder                            b    = { .code = code };

    if (code == NULL)
        return cv_error_no_memory(err);
    put(&b, OP_RETURN, SECCOMP_ACTION_KILL_PROCESS, 0, 0);
    for (size_t i = section_count; i-- > 0;)
        if (put_section(&b, &sections[i], err) < 0)
            return CV_ERR_NO_MEMORY;
    put(&b, OP_LOAD, AT_ARCH, 0, 0);
    if (b.full)
        return cv_error_set(
            err, CV_ERR_LIMIT, "the system call filter needs more than %u instructions", (unsigned)SECCOMP_INSN_MAX);
    for (size_t i = 0; i < b.count / 2; i++) {
        struct seccomp_insn other = code[i];
        code[i]                   = code[b.count - 1 - i];
        code[b.count - 1 - i]     = other;
    }
    *code_out  = CV_STEAL(code);
    *count_out = b.count;
    return 0;
}
