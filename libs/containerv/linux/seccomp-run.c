#include <stdbool.h>
#include <string.h>

#include "linux/seccomp-program.h"

#include <cv/banned.h>

/* One step: a jump's distance, or what the accumulator becomes. */
struct machine {
    uint32_t words[sizeof(struct seccomp_call) / sizeof(uint32_t)];
    uint32_t accumulator;
};

static int bad(struct cv_error* err, size_t at)
{
    return cv_error_set(err, CV_ERR_INVALID, "instruction %zu of the system call filter is none that we know", at);
}

static int jump(const struct seccomp_insn* insn, bool taken, size_t* at)
{
    *at += taken ? insn->jump_true : insn->jump_false;
    return 0;
}

static int step(struct machine* m, const struct seccomp_insn* insn, size_t* at, struct cv_error* err)
{
    switch (insn->code) {
    case 0x20: /* load a word of the call */
        if (insn->k % 4 != 0 || insn->k >= sizeof(m->words))
            return bad(err, *at);
        m->accumulator = m->words[insn->k / 4];
        return 0;
    case 0x54:
        m->accumulator &= insn->k;
        return 0;
    case 0x05:
        *at += insn->k;
        return 0;
    case 0x15:
        return jump(insn, m->accumulator == insn->k, at);
    case 0x25:
        return jump(insn, m->accumulator > insn->k, at);
    case 0x35:
        return jump(insn, m->accumulator >= insn->k, at);
    case 0x45:
        return jump(insn, (m->accumulator & insn->k) != 0, at);
    default:
        return bad(err, *at);
    }
}

int seccomp_program_run(const struct seccomp_insn* code, size_t count, const struct seccomp_call* call,
    uint32_t* action_out, struct cv_error* err)
{
    struct machine m = { 0 };

    memcpy(m.words, call, sizeof(m.words));
    for (size_t at = 0; at < count; at++) { /* jumps go forward only, so this ends */
        if (code[at].code == 0x06) {
            *action_out = code[at].k;
            return 0;
        }
        if (step(&m, &code[at], &at, err) < 0)
            return CV_ERR_INVALID;
    }
    return cv_error_set(err, CV_ERR_INVALID, "the system call filter has no end");
}
