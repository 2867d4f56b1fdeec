#include "linux/record-fields.h"

#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

static const struct cv_word reasons[] = { { "exited", CV_EXIT_EXITED }, { "killed", CV_EXIT_KILLED },
    { "oom", CV_EXIT_OOM }, { "pids-limit", CV_EXIT_PIDS_LIMIT }, { "timeout", CV_EXIT_TIMEOUT },
    { "seccomp", CV_EXIT_SECCOMP }, { "lost", CV_EXIT_LOST }, { "upper-full", CV_EXIT_UPPER_FULL }, { NULL, 0 } };

#define T struct linux_exit_fields
static const struct cv_field rows[] = {
    CV_I64(T, code, "code", CV_I32_RANGE),
    CV_I64(T, signal, "signal", CV_I32_RANGE),
    CV_WORD(T, exit.reason, "reason", reasons),
    CV_I64(T, exit.start_ns, "startNs", .max = INT64_MAX),
    CV_I64(T, exit.end_ns, "endNs", .max = INT64_MAX),
    CV_I64(T, exit.cpu_ns, "cpuNs", .max = INT64_MAX),
    CV_U64(T, exit.peak_memory_bytes, "peakMemoryBytes", .flags = 0),
    CV_U32(T, exit.on_request, "onRequest", .max = 1),
    CV_U32(T, exit.request_uid, "requestUid", .flags = 0),
    CV_I64(T, exit.request_pid, "requestPid", .max = INT64_MAX),
};
const struct cv_table linux_exit_table = {
    .fields = rows, .count = CV_ARRAY_LEN(rows), .size = sizeof(T), .strict = true
};
#undef T

struct linux_exit_fields linux_exit_store(const struct containerv_exit* exit)
{
    return (struct linux_exit_fields){ .exit = *exit, .code = exit->code, .signal = exit->signal };
}

struct containerv_exit linux_exit_load(const struct linux_exit_fields* fields)
{
    struct containerv_exit exit = fields->exit;
    exit.size                   = sizeof(exit);
    exit.code                   = (int32_t)fields->code;
    exit.signal                 = (int32_t)fields->signal;
    return exit;
}

void linux_make_utf8(char* text)
{
    while (!cv_utf8_valid(text, strlen(text))) {
        size_t good = 0, length = strlen(text);
        for (size_t i = 1; i <= length; i++)
            good = cv_utf8_valid(text, i) ? i : good;
        text[good] = '?';
    }
}
