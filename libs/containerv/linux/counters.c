#include "linux/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <chef/containerv/container.h>
#include <cv/macros.h>

#include <cv/banned.h>

#define AT(member) offsetof(struct containerv_stats, member)
#define US         1000
#define TICK       10000000 /* USER_HZ is 100 wherever we run */
#define CPUACCT    LINUX_CONTROLLER_CPUACCT
#define MEMORY     LINUX_CONTROLLER_MEMORY
#define CPU        LINUX_CONTROLLER_CPU
#define PIDS       LINUX_CONTROLLER_PIDS
#define IO         LINUX_CONTROLLER_IO
#define NUMBER(f)                                                                                                      \
    {                                                                                                                  \
        f, LINUX_COUNTER_NUMBER, NULL, 0                                                                               \
    }
#define KEYED(f, k)                                                                                                    \
    {                                                                                                                  \
        f, LINUX_COUNTER_KEYED, k, 0                                                                                   \
    }
#define MICRO(f, k)                                                                                                    \
    {                                                                                                                  \
        f, LINUX_COUNTER_KEYED, k, US                                                                                  \
    }
#define NESTED(f, k)                                                                                                   \
    {                                                                                                                  \
        f, LINUX_COUNTER_NESTED, k, 0                                                                                  \
    }
#define EACH(f, k)                                                                                                     \
    {                                                                                                                  \
        f, LINUX_COUNTER_DEVICES, k, 0                                                                                 \
    }
#define TICKS(f, k)                                                                                                    \
    {                                                                                                                  \
        f, LINUX_COUNTER_KEYED, k, TICK                                                                                \
    }
#define BYTES_V1 "blkio.throttle.io_service_bytes"
#define COUNT_V1 "blkio.throttle.io_serviced"

/* clang-format off */
const struct linux_counter linux_counters[] = {
    { AT(cpu_usage_ns), CV_STATS_CPU, true, CPUACCT, MICRO("cpu.stat", "usage_usec"), NUMBER("cpuacct.usage") },
    { AT(cpu_user_ns), CV_STATS_CPU, true, CPUACCT, MICRO("cpu.stat", "user_usec"), TICKS("cpuacct.stat", "user") },
    { AT(cpu_system_ns), CV_STATS_CPU, true, CPUACCT, MICRO("cpu.stat", "system_usec"), TICKS("cpuacct.stat", "system") },
    { AT(cpu_throttled_ns), CV_STATS_THROTTLED, false, CPU, MICRO("cpu.stat", "throttled_usec"), KEYED("cpu.stat", "throttled_time") },
    { AT(cpu_throttled_count), CV_STATS_THROTTLED, false, CPU, KEYED("cpu.stat", "nr_throttled"), KEYED("cpu.stat", "nr_throttled") },
    { AT(memory_bytes), CV_STATS_MEMORY, false, MEMORY, NUMBER("memory.current"), NUMBER("memory.usage_in_bytes") },
    { AT(memory_limit_bytes), CV_STATS_MEMORY, false, MEMORY, NUMBER("memory.max"), NUMBER("memory.limit_in_bytes") },
    { AT(memory_peak_bytes), CV_STATS_MEMORY_PEAK, false, MEMORY, NUMBER("memory.peak"), NUMBER("memory.max_usage_in_bytes") },
    { AT(swap_bytes), CV_STATS_SWAP, false, MEMORY, NUMBER("memory.swap.current"), KEYED("memory.stat", "swap") },
    { AT(oom_kills), CV_STATS_OOM, false, MEMORY, KEYED("memory.events", "oom_kill"), KEYED("memory.oom_control", "oom_kill") },
    { AT(pids), CV_STATS_PIDS, false, PIDS, NUMBER("pids.current"), NUMBER("pids.current") },
    { AT(pids_limit), CV_STATS_PIDS, false, PIDS, NUMBER("pids.max"), NUMBER("pids.max") },
    { AT(pids_refused), CV_STATS_PIDS, false, PIDS, KEYED("pids.events", "max"), KEYED("pids.events", "max") },
    { AT(io_read_bytes), CV_STATS_IO, false, IO, NESTED("io.stat", "rbytes"), EACH(BYTES_V1, "Read") },
    { AT(io_write_bytes), CV_STATS_IO, false, IO, NESTED("io.stat", "wbytes"), EACH(BYTES_V1, "Write") },
    { AT(io_read_operations), CV_STATS_IO, false, IO, NESTED("io.stat", "rios"), EACH(COUNT_V1, "Read") },
    { AT(io_write_operations), CV_STATS_IO, false, IO, NESTED("io.stat", "wios"), EACH(COUNT_V1, "Write") },
};
const struct linux_counter linux_counter_oom =
    { AT(oom_kills), CV_STATS_OOM, false, MEMORY, KEYED("memory.events", "oom_kill"), KEYED("memory.oom_control", "oom_kill") };
const struct linux_counter linux_counter_refused =
    { AT(pids_refused), CV_STATS_PIDS, false, PIDS, KEYED("pids.events", "max"), KEYED("pids.events", "max") };
/* clang-format on */

const size_t linux_counters_count = CV_ARRAY_LEN(linux_counters);

/* Digits at `at`; returns behind them, NULL when there are none or too many. */
static const char* take_number(const char* at, uint64_t* value_out)
{
    char* end = NULL;
    if (*at < '0' || *at > '9')
        return NULL;
    errno      = 0;
    *value_out = strtoull(at, &end, 10);
    return errno == 0 ? end : NULL;
}

static const char* next_line(const char* at)
{
    const char* end = strchr(at, '\n');
    return end != NULL ? end + 1 : at + strlen(at);
}

/* Version 1 has the largest multiple of a page for "no limit". */
static bool parse_number(const char* text, uint64_t* value_out)
{
    const uint64_t largest = (uint64_t)INT64_MAX & ~UINT64_C(0xffff);
    if (strncmp(text, "max", 3) == 0) {
        *value_out = UINT64_MAX;
        return true;
    }
    if (take_number(text, value_out) == NULL)
        return false;
    if (*value_out >= largest)
        *value_out = UINT64_MAX;
    return true;
}

static bool parse_keyed(const char* text, const char* key, uint64_t* value_out)
{
    size_t length = strlen(key);
    for (const char* line = text; *line != '\0'; line = next_line(line))
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return take_number(line + length + 1, value_out) != NULL;
    return false;
}

/* Every "key" that stands behind a space and before `separator`. No line at all is no I/O yet. */
static bool parse_sum(const char* text, const char* key, char separator, uint64_t* value_out)
{
    size_t   length = strlen(key);
    uint64_t sum = 0, value = 0;
    for (const char* at = text; (at = strchr(at, ' ')) != NULL;) {
        at++;
        if (strncmp(at, key, length) != 0 || at[length] != separator)
            continue;
        if (take_number(at + length + 1, &value) == NULL || __builtin_add_overflow(sum, value, &sum))
            return false;
    }
    *value_out = sum;
    return true;
}

bool linux_counter_parse(const struct linux_counter_place* place, const char* text, uint64_t* value_out)
{
    uint64_t value = 0;
    bool     found = false;
    switch (place->form) {
    case LINUX_COUNTER_NUMBER:
        found = parse_number(text, &value);
        break;
    case LINUX_COUNTER_KEYED:
        found = parse_keyed(text, place->key, &value);
        break;
    case LINUX_COUNTER_NESTED:
        found = parse_sum(text, place->key, '=', &value);
        break;
    case LINUX_COUNTER_DEVICES:
        found = parse_sum(text, place->key, ' ', &value);
        break;
    }
    if (!found || __builtin_mul_overflow(value, place->scale != 0 ? place->scale : 1, &value))
        return false;
    *value_out = value;
    return true;
}

/* "eth0: 1 2 3 ...": sixteen numbers, the first eight received. */
static bool add_device(const char* numbers, uint64_t sums[4])
{
    static const int places[] = { 0, 1, 8, 9 };
    uint64_t         value    = 0;
    for (int i = 0, k = 0; i < 16; i++) {
        numbers = take_number(numbers + strspn(numbers, " "), &value);
        if (numbers == NULL)
            return false;
        if (k < 4 && places[k] == i)
            sums[k++] += value;
    }
    return true;
}

bool linux_counter_parse_net(const char* text, uint64_t sums_out[4])
{
    uint64_t sums[4] = { 0 };
    for (const char* line = text; *line != '\0'; line = next_line(line)) {
        size_t blanks = strspn(line, " ");
        size_t length = strcspn(line + blanks, ":\n");
        if (line[blanks + length] != ':')
            continue; /* the two lines of the table's head */
        if (length == 2 && memcmp(line + blanks, "lo", 2) == 0)
            continue;
        if (!add_device(line + blanks + length + 1, sums))
            return false;
    }
    memcpy(sums_out, sums, sizeof(sums));
    return true;
}
