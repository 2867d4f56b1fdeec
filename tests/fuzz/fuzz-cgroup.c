/*
 * Any bytes as the files of cgroups, of both versions, and of /proc/PID/net/dev: three parts with a NUL between. Reading them never
 * crashes; a number that is found is there, processes are numbers of processes, and a list that is within another has no number that
 * the other lacks.
 */
#include <string.h>

#include <cv/macros.h>

#include "fuzz.h"
#include "linux/cgroup-parse.h"
#include "linux/counters.h"
#include "linux/limits-plan.h"

enum { NUMBERS = 256 }; /* of a list, for the slow way */

static void check_group(const char* text, size_t length)
{
    struct cv_error           err   = CV_ERROR_INIT;
    struct linux_cgroup_state state = { 0 };
    const char*               at    = text;
    int32_t                   pid   = -1;
    int                       rc    = linux_cgroup_parse_events(text, length, &state, &err);

    FUZZ_CHECK(rc == 0 || (rc == CV_ERR_INVALID && err.text[0] != '\0'));
    while ((rc = linux_cgroup_next_pid(&at, text + length, &pid, &err)) == 1)
        FUZZ_CHECK(pid >= 0 && pid <= 1 << 22 && at > text && at <= text + length);
    FUZZ_CHECK(rc == 0 || (rc == CV_ERR_INVALID && err.text[0] != '\0'));
    FUZZ_CHECK(rc < 0 || at == text + length);
}

static void check_counter(const struct linux_counter_place* place, const char* text)
{
    uint64_t value = 12345;
    if (place->file == NULL)
        return;
    if (!linux_counter_parse(place, text, &value)) {
        FUZZ_CHECK(value == 12345); /* written on success only */
        return;
    }
    FUZZ_CHECK(place->scale == 0 || value % place->scale == 0);
    if (place->form == LINUX_COUNTER_KEYED)
        FUZZ_CHECK(strstr(text, place->key) != NULL);
}

static void check_counters(const char* text)
{
    uint64_t sums[4] = { 1, 2, 3, 4 };
    for (size_t i = 0; i < linux_counters_count; i++) {
        check_counter(&linux_counters[i].v2, text);
        check_counter(&linux_counters[i].v1, text);
    }
    check_counter(&linux_counter_oom.v2, text);
    check_counter(&linux_counter_refused.v1, text);
    if (!linux_counter_parse_net(text, sums))
        FUZZ_CHECK(sums[0] == 1 && sums[3] == 4);
}

/* A short number at *at, -1 for none. Larger ones are all the same here. */
static int number(const char** at)
{
    int value = 0;
    if (**at < '0' || **at > '9')
        return -1;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        value = value * 10 + (**at - '0') < NUMBERS ? value * 10 + (**at - '0') : NUMBERS;
    return value;
}

/* All numbers of "0-3,7". False when it is no such list, or has numbers that are too large. */
static bool expand(const char* list, bool numbers[NUMBERS])
{
    while (*list != '\0' && *list != '\n') {
        int first = number(&list), last = first;
        if (first >= 0 && *list == '-') {
            list++;
            last = number(&list);
        }
        if (first < 0 || last < first || last >= NUMBERS || (*list != ',' && *list != '\0' && *list != '\n'))
            return false;
        for (int i = first; i <= last; i++)
            numbers[i] = true;
        list += *list == ',';
    }
    return true;
}

static bool has_large(const char* list)
{
    for (; *list != '\0'; list++)
        if (strspn(list, "0123456789") > 2)
            return true;
    return false;
}

static void check_lists(const char* list, const char* of)
{
    bool numbers[NUMBERS] = { false }, all[NUMBERS] = { false };
    bool within = linux_number_list_within(list, of);

    FUZZ_CHECK(list[0] == '\0' || list[0] == '\n' || of[0] != '\0' || !within);
    if (has_large(list) || has_large(of) || !within)
        return;
    FUZZ_CHECK(expand(list, numbers));
    if (!expand(of, all))
        return; /* the kernel's own text is never like that; what can be read of it counts */
    for (size_t i = 0; i < NUMBERS; i++)
        FUZZ_CHECK(!numbers[i] || all[i]);
}

/* The part at *at up to a NUL, in memory of its own and with a NUL behind it, so that reading beyond it is seen. */
static char* take_part(const uint8_t** at, const uint8_t* end)
{
    const uint8_t* stop   = *at == end ? NULL : memchr(*at, 0, (size_t)(end - *at));
    size_t         length = (size_t)((stop != NULL ? stop : end) - *at);
    char*          part   = malloc(length + 1);

    FUZZ_CHECK(part != NULL);
    if (length > 0)
        memcpy(part, *at, length);
    part[length] = '\0';
    *at          = stop != NULL ? stop + 1 : end;
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const uint8_t* at = data;
    char*          parts[3];

    for (size_t i = 0; i < CV_ARRAY_LEN(parts); i++) {
        parts[i] = take_part(&at, data + size);
        check_group(parts[i], strlen(parts[i]));
        check_counters(parts[i]);
    }
    check_lists(parts[0], parts[1]);
    check_lists(parts[2], parts[1]);
    for (size_t i = 0; i < CV_ARRAY_LEN(parts); i++)
        free(parts[i]);
    return 0;
}
