/* Files of /proc about one process: pure parsers of their text. */
#ifndef CV_LINUX_PROCESS_PARSE_H
#define CV_LINUX_PROCESS_PARSE_H

#include <stddef.h>
#include <stdint.h>

#define LINUX_PROCESS_ID_UNKNOWN UINT32_MAX

/* User and system time of /proc/PID/stat in nanoseconds; -1 when it is not such a text. A name in it may have any bytes. */
int64_t linux_process_cpu_ns(const char* stat, unsigned ticks_per_second);

/* The real uid of /proc/PID/status. */
uint32_t linux_process_uid(const char* status);

/* What `host_id` is inside, by /proc/PID/uid_map as the reader of `status` sees it. */
uint32_t linux_process_id_inside(const char* map, uint32_t host_id);

/* /proc/PID/cmdline as one line: blanks between the arguments, '?' for control characters. Cut at the end when longer. */
void linux_process_command(const char* cmdline, size_t length, char* command, size_t size);

#endif
