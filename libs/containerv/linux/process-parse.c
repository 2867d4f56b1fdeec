#include "linux/process-parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/banned.h>

enum { STAT_TIMES_AT = 11 }; /* utime is the 12th field after the name, stime the next */

#define NS_PER_S INT64_C(1000000000)

int64_t linux_process_cpu_ns(const char* stat, unsigned ticks_per_second)
{
    const char* at = strrchr(stat, ')');
    uint64_t    user, kernel;
    char*       end;

    for (int field = 0; at != NULL && field <= STAT_TIMES_AT; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL || ticks_per_second == 0)
        return -1;
    errno = 0;
    user  = strtoull(at + 1, &end, 10);
    if (*end != ' ')
        return -1;
    kernel = strtoull(end + 1, &end, 10);
    if (errno != 0 || *end != ' ' || user + kernel > (uint64_t)INT64_MAX / (uint64_t)NS_PER_S)
        return -1;
    return (int64_t)(user + kernel) * NS_PER_S / ticks_per_second;
}

uint32_t linux_process_uid(const char* status)
{
    const char*   line = strstr(status, "\nUid:\t"); /* a newline in the name is escaped by the kernel */
    unsigned long uid;
    char*         end;

    if (line == NULL)
        return LINUX_PROCESS_ID_UNKNOWN;
    line += strlen("\nUid:\t");
    uid = strtoul(line, &end, 10);
    return end == line || uid > UINT32_MAX ? LINUX_PROCESS_ID_UNKNOWN : (uint32_t)uid;
}

/* "inside outside count", each after blanks. */
static const char* read_range(const char* line, unsigned long long values[3])
{
    char* end;

    for (int i = 0; i < 3; i++) {
        values[i] = strtoull(line, &end, 10);
        if (end == line)
            return NULL;
        line = end;
    }
    return line;
}

uint32_t linux_process_id_inside(const char* map, uint32_t host_id)
{
    unsigned long long range[3];

    while ((map = read_range(map, range)) != NULL)
        if (host_id >= range[1] && host_id - range[1] < range[2] && range[0] + (host_id - range[1]) < UINT32_MAX)
            return (uint32_t)(range[0] + (host_id - range[1]));
    return LINUX_PROCESS_ID_UNKNOWN;
}

void linux_process_command(const char* cmdline, size_t length, char* command, size_t size)
{
    size_t n = 0;

    while (length > 0 && cmdline[length - 1] == '\0')
        length--;
    for (; n < length && n + 1 < size; n++) {
        unsigned char c = (unsigned char)cmdline[n];

        command[n] = c == '\0' ? ' ' : c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    command[n] = '\0';
}
