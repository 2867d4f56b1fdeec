/*
 * From rules to a program of the kernel's packet filter machine. Pure.
 *
 * A rule belongs to a number of a system call of one architecture. Of the rules of one number the first whose conditions all hold says
 * what happens; when none does, the default action. A call of an architecture that has no section ends the process.
 */
#ifndef CV_LINUX_SECCOMP_PROGRAM_H
#define CV_LINUX_SECCOMP_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

/* The kernel's limit for one program (BPF_MAXINSNS). */
enum { SECCOMP_INSN_MAX = 4096, SECCOMP_ARGS_MAX = 6 };

/* struct sock_filter. */
struct seccomp_insn {
    uint16_t code;
    uint8_t  jump_true, jump_false;
    uint32_t k;
};

/* What the kernel hands to the program: struct seccomp_data. */
struct seccomp_call {
    int32_t  number;
    uint32_t arch;
    uint64_t instruction_pointer;
    uint64_t args[SECCOMP_ARGS_MAX];
};

/* The kernel's SECCOMP_RET_*; data (an error number) is in the low 16 bits. */
#define SECCOMP_ACTION_KILL_PROCESS UINT32_C(0x80000000)
#define SECCOMP_ACTION_KILL_THREAD  UINT32_C(0x00000000)
#define SECCOMP_ACTION_TRAP         UINT32_C(0x00030000)
#define SECCOMP_ACTION_ERRNO        UINT32_C(0x00050000)
#define SECCOMP_ACTION_NOTIFY       UINT32_C(0x7fc00000)
#define SECCOMP_ACTION_TRACE        UINT32_C(0x7ff00000)
#define SECCOMP_ACTION_LOG          UINT32_C(0x7ffc0000)
#define SECCOMP_ACTION_ALLOW        UINT32_C(0x7fff0000)

/* x32 shares the architecture of x86-64 and marks its numbers. */
#define SECCOMP_X32_BIT UINT32_C(0x40000000)

enum seccomp_op {
    SECCOMP_OP_NE,
    SECCOMP_OP_LT,
    SECCOMP_OP_LE,
    SECCOMP_OP_EQ,
    SECCOMP_OP_GE,
    SECCOMP_OP_GT,
    SECCOMP_OP_MASKED_EQ, /* (arg & mask) == value */
    /* of the low 32 bits alone: right for what the kernel takes as an int, whose high bits it drops */
    SECCOMP_OP_LOW_EQ,
    SECCOMP_OP_LOW_ANY, /* (arg & value) != 0 */
};

struct seccomp_condition {
    unsigned        arg; /* 0 to 5 */
    enum seccomp_op op;
    uint64_t        value, mask;
};

struct seccomp_rule {
    uint32_t                        number;
    uint32_t                        action;
    const struct seccomp_condition* conditions; /* all must hold */
    size_t                          condition_count;
};

struct seccomp_section {
    uint32_t             arch;           /* AUDIT_ARCH_* */
    uint32_t             default_action; /* of the numbers below x32's */
    uint32_t             x32_action;     /* of x32's numbers; the same where there are none */
    struct seccomp_rule* rules;          /* sorted by seccomp_program_make(), rules of one number stay in order */
    size_t               rule_count;
};

/* *code_out is malloc'ed. CV_ERR_LIMIT: more than SECCOMP_INSN_MAX instructions. */
int seccomp_program_make(struct seccomp_section* sections, size_t section_count, struct seccomp_insn** code_out,
    size_t* count_out, struct cv_error* err);

/*
 * What the program says to a call: the kernel's machine in miniature, for the tests of what no process on this machine can call.
 * Returns 0 and the action, or CV_ERR_INVALID for a program that the kernel would not take.
 */
int seccomp_program_run(const struct seccomp_insn* code, size_t count, const struct seccomp_call* call,
    uint32_t* action_out, struct cv_error* err);

#endif
