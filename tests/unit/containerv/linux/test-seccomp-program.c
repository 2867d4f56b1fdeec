/* Programs are compared with the plain meaning of their rules, on the kernel's machine in miniature. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "linux/seccomp-program.h"

enum {
    ARCH        = 0x1234,
    OTHER_ARCH  = 0x4321,
    DEFAULT     = SECCOMP_ACTION_ERRNO | 38,
    X32_DEFAULT = SECCOMP_ACTION_ERRNO | 39
};

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static bool holds(const struct seccomp_condition* c, const struct seccomp_call* call)
{
    uint64_t arg = call->args[c->arg];

    switch (c->op) {
    case SECCOMP_OP_NE:
        return arg != c->value;
    case SECCOMP_OP_LT:
        return arg < c->value;
    case SECCOMP_OP_LE:
        return arg <= c->value;
    case SECCOMP_OP_EQ:
        return arg == c->value;
    case SECCOMP_OP_GE:
        return arg >= c->value;
    case SECCOMP_OP_GT:
        return arg > c->value;
    case SECCOMP_OP_MASKED_EQ:
        return (arg & c->mask) == c->value;
    case SECCOMP_OP_LOW_EQ:
        return (uint32_t)arg == (uint32_t)c->value;
    case SECCOMP_OP_LOW_ANY:
        return ((uint32_t)arg & (uint32_t)c->value) != 0;
    }
    return false;
}

static uint32_t expected(const struct seccomp_rule* rules, size_t count, const struct seccomp_call* call)
{
    if (call->arch != ARCH)
        return SECCOMP_ACTION_KILL_PROCESS;
    for (size_t i = 0; i < count; i++) {
        size_t held = 0;
        if (rules[i].number != (uint32_t)call->number)
            continue;
        while (held < rules[i].condition_count && holds(&rules[i].conditions[held], call))
            held++;
        if (held == rules[i].condition_count)
            return rules[i].action;
    }
    return (uint32_t)call->number >= SECCOMP_X32_BIT ? X32_DEFAULT : DEFAULT;
}

static uint32_t run(const struct seccomp_insn* code, size_t count, const struct seccomp_call* call)
{
    struct cv_error err    = CV_ERROR_INIT;
    uint32_t        action = 1;

    CV_TEST_OK(err, seccomp_program_run(code, count, call, &action, &err));
    return action;
}

/* Few values, so that they meet: equal, one off, the same in one half only. */
static uint64_t random_value(void)
{
    static const uint64_t values[] = { 0, 1, 2, 0x7fffffff, 0xffffffff, UINT64_C(0x100000000), UINT64_C(0x100000001),
        UINT64_C(0x1ffffffff), UINT64_MAX, UINT64_MAX - 1, 0x5412, UINT64_C(0x100005412) };
    return values[next_random() % CV_ARRAY_LEN(values)];
}

enum { RULES = 60, CONDITIONS = 3, NUMBERS = 40 };
struct sample {
    struct seccomp_condition conditions[RULES][CONDITIONS];
    struct seccomp_rule      rules[RULES], sorted[RULES];
    size_t                   count;
};

static uint32_t random_number(void)
{
    uint32_t number = (uint32_t)(next_random() % NUMBERS);
    return next_random() % 4 == 0 ? number | SECCOMP_X32_BIT : number;
}

static void make_sample(struct sample* s)
{
    s->count = next_random() % RULES;
    for (size_t i = 0; i < s->count; i++) {
        size_t n = next_random() % (CONDITIONS + 1);
        for (size_t j = 0; j < n; j++) {
            uint64_t        mask = random_value(), value = random_value();
            enum seccomp_op op  = (enum seccomp_op)(next_random() % (SECCOMP_OP_LOW_ANY + 1));
            s->conditions[i][j] = (struct seccomp_condition){ (unsigned)(next_random() % 6), op, value, mask };
        }
        s->rules[i] = (struct seccomp_rule){ random_number(), SECCOMP_ACTION_ERRNO | (uint32_t)(next_random() % 5),
            s->conditions[i], n };
    }
    memcpy(s->sorted, s->rules, sizeof(s->rules));
}

static void programs_mean_what_their_rules_say(void** state)
{
    static struct sample s;
    (void)state;

    for (unsigned round = 0; round < 300; round++) {
        struct cv_error                           err   = CV_ERROR_INIT;
        CV_CLEANUP(cv_freep) struct seccomp_insn* code  = NULL;
        size_t                                    count = 0;

        make_sample(&s);
        struct seccomp_section section = { ARCH, DEFAULT, X32_DEFAULT, s.sorted, s.count };
        CV_TEST_OK(err, seccomp_program_make(&section, 1, &code, &count, &err));
        for (unsigned i = 0; i < 500; i++) {
            struct seccomp_call call = { .number = (int32_t)random_number(), .arch = i % 50 == 0 ? OTHER_ARCH : ARCH };
            for (size_t j = 0; j < SECCOMP_ARGS_MAX; j++)
                call.args[j] = random_value();
            assert_int_equal(run(code, count, &call), expected(s.rules, s.count, &call));
        }
    }
}

/* Every other number its own action: long programs, with far jumps. */
static int make_long(size_t rules_count, struct seccomp_insn** code_out, size_t* count_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct seccomp_rule* rules = calloc(rules_count, sizeof(*rules));

    assert_non_null(rules);
    for (size_t i = 0; i < rules_count; i++)
        rules[i] = (struct seccomp_rule){ (uint32_t)(2 * i + 1), SECCOMP_ACTION_ERRNO | (uint32_t)(i + 100), NULL, 0 };
    struct seccomp_section section = { ARCH, DEFAULT, X32_DEFAULT, rules, rules_count };
    return seccomp_program_make(&section, 1, code_out, count_out, err);
}

static void long_programs_reach_everything(void** state)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_freep) struct seccomp_insn* code  = NULL;
    size_t                                    count = 0;
    (void)state;

    CV_TEST_OK(err, make_long(900, &code, &count, &err));
    assert_in_range(count, 1800, SECCOMP_INSN_MAX);
    for (int32_t number = 0; number < 2000; number++) {
        struct seccomp_call call = { .number = number, .arch = ARCH };
        uint32_t            want =
            number % 2 == 1 && number < 1800 ? SECCOMP_ACTION_ERRNO | (uint32_t)(number / 2 + 100) : DEFAULT;
        assert_int_equal(run(code, count, &call), want);
    }
}

static void programs_over_the_limit_are_refused(void** state)
{
    struct cv_error      err   = CV_ERROR_INIT;
    struct seccomp_insn* code  = NULL;
    size_t               count = 0;
    (void)state;

    CV_TEST_FAILS(CV_ERR_LIMIT, err, make_long(3000, &code, &count, &err));
    assert_null(code);
}

static void the_machine_refuses_what_the_kernel_would(void** state)
{
    struct cv_error           err     = CV_ERROR_INIT;
    struct seccomp_call       call    = { 0 };
    uint32_t                  action  = 1;
    const struct seccomp_insn unknown = { 0x87, 0, 0, 0 }, odd = { 0x20, 0, 0, 3 }, beyond = { 0x20, 0, 0, 64 },
                              endless = { 0x05, 0, 0, 4000000000u };
    (void)state;

    CV_TEST_FAILS(CV_ERR_INVALID, err, seccomp_program_run(&unknown, 1, &call, &action, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, seccomp_program_run(&odd, 1, &call, &action, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, seccomp_program_run(&beyond, 1, &call, &action, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, seccomp_program_run(&endless, 1, &call, &action, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, seccomp_program_run(NULL, 0, &call, &action, &err));
    assert_int_equal(action, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_mean_what_their_rules_say),
        cmocka_unit_test(long_programs_reach_everything),
        cmocka_unit_test(programs_over_the_limit_are_refused),
        cmocka_unit_test(the_machine_refuses_what_the_kernel_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
