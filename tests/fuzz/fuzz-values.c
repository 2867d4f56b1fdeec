/*
 * Any bytes as the small values that options and settings are made of: numbers, sizes, durations, ids. What is taken is checked against
 * a slow reading of the same text, what is refused says why. The pieces between NULs are also made a command line of Windows and split
 * again by its rules.
 */
#include <inttypes.h>
#include <string.h>

#include <cv/process.h>
#include <cv/str.h>

#include "fuzz.h"
#include "spec/spec.h"

enum { PIECES_MAX = 64 };

/* The plain digits at *at, as they are; UINT64_MAX + 1 and more is `huge`. */
static uint64_t digits(const char** at, bool* huge_out)
{
    uint64_t value = 0;
    *huge_out      = false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            *huge_out = true;
        value = value * 10 + digit;
    }
    return value;
}

static void check_refusal(int rc, const struct cv_error* err)
{
    FUZZ_CHECK(rc == CV_ERR_INVALID && err->code == rc && err->text[0] != '\0');
}

static void check_numbers(const char* text)
{
    struct cv_error err = CV_ERROR_INIT;
    const char*     end = text + (text[0] == '-');
    bool            huge;
    uint64_t        size = digits(&end, &huge), u = 0;
    int64_t         i     = 0;
    bool            whole = *end == '\0' && end > text && end[-1] != '-' && !huge;
    int             rc    = cv_parse_u64(text, 1, UINT64_MAX - 1, &u, &err);

    FUZZ_CHECK((rc == 0) == (whole && text[0] != '-' && size >= 1 && size < UINT64_MAX));
    FUZZ_CHECK(rc < 0 || u == size);
    if (rc < 0)
        check_refusal(rc, &err);
    rc = cv_parse_i64(text, INT64_MIN, INT64_MAX, &i, &err);
    FUZZ_CHECK((rc == 0) == (whole && size <= (uint64_t)INT64_MAX + (text[0] == '-')));
    FUZZ_CHECK(rc < 0 || (uint64_t)i == (text[0] == '-' ? 0 - size : size));
    if (rc < 0)
        check_refusal(rc, &err);
}

static void check_size(const char* text)
{
    struct cv_error err   = CV_ERROR_INIT;
    const char*     unit  = text;
    uint64_t        bytes = 0, value;
    bool            huge;
    int             rc = cv_parse_size(text, &bytes, &err);

    if (rc < 0) {
        check_refusal(rc, &err);
        return;
    }
    value = digits(&unit, &huge);
    FUZZ_CHECK(unit > text && !huge && strlen(unit) <= 3);
    for (int shift = 0; shift <= 60; shift += 10) /* bytes is the number times one of the units, and nothing was lost */
        if (value << shift == bytes && bytes >> shift == value)
            return;
    FUZZ_CHECK(false);
}

static void check_duration(const char* text)
{
    struct cv_error err = CV_ERROR_INIT;
    int64_t         ms = -1, again = -1;
    char            printed[32];
    int             rc = cv_parse_duration(text, &ms, &err);

    if (rc < 0) {
        check_refusal(rc, &err);
        return;
    }
    FUZZ_CHECK(ms >= 0 && text[0] >= '0' && text[0] <= '9');
    FUZZ_CHECK(cv_snprintf(printed, sizeof(printed), "%" PRId64 "ms", ms) == 0);
    FUZZ_CHECK(cv_parse_duration(printed, &again, NULL) == 0 && again == ms);
}

static void check_id(const char* text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    struct cv_error   err       = CV_ERROR_INIT;
    int               rc        = cv_spec_check_id(text, &err);

    if (rc < 0) {
        check_refusal(rc, &err);
        return;
    }
    /* it becomes a file name, a host name's label, a cgroup */
    FUZZ_CHECK(text[0] != '\0' && strchr("_.-", text[0]) == NULL && strspn(text, allowed) == strlen(text));
    FUZZ_CHECK(strlen(text) <= 64);
}

/* As a C runtime of Windows takes the next argument of a command line; false at its end. */
static bool split_one(const char** at, bool first, struct cv_str* out)
{
    bool quoted = false;

    while (**at == ' ' || **at == '\t')
        (*at)++;
    if (**at == '\0')
        return false;
    for (; **at != '\0' && (quoted || (**at != ' ' && **at != '\t')); (*at)++) {
        size_t run = first ? 0 : strspn(*at, "\\");
        if ((*at)[run] != '"') {
            cv_str_append_bytes(out, *at, run + ((*at)[run] != '\0' && run == 0));
            *at += run > 0 ? run - 1 : 0;
            continue;
        }
        cv_str_append_bytes(out, *at, run / 2);
        *at += run;
        if (run % 2 == 1)
            cv_str_append(out, "\"");
        else
            quoted = !quoted;
    }
    return true;
}

static void check_command_line(const char* const* argv)
{
    struct cv_error err  = CV_ERROR_INIT;
    char*           line = cv_process_command_line(argv, &err);
    const char*     at   = line;

    FUZZ_CHECK(line != NULL || (err.code < 0 && err.text[0] != '\0'));
    for (size_t i = 0; line != NULL; i++) {
        struct cv_str piece;
        cv_str_init(&piece);
        bool there = split_one(&at, i == 0, &piece);
        FUZZ_CHECK(there == (argv[i] != NULL));
        FUZZ_CHECK(!there || strcmp(piece.text != NULL ? piece.text : "", argv[i]) == 0);
        cv_str_release(&piece);
        if (!there)
            break;
    }
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const char* argv[PIECES_MAX + 1] = { NULL };
    char*       text                 = malloc(size + 1);
    size_t      count                = 0;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    for (char* at = text; at <= text + size && count < PIECES_MAX; at += strlen(at) + 1)
        argv[count++] = at;
    for (size_t i = 0; i < count; i++) {
        check_numbers(argv[i]);
        check_size(argv[i]);
        check_duration(argv[i]);
        check_id(argv[i]);
    }
    check_command_line(argv);
    free(text);
    return 0;
}
