/* Reads the numbers of counters.h from a container's groups. */
#ifndef CV_LINUX_COUNTERS_READ_H
#define CV_LINUX_COUNTERS_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "linux/counters.h"
#include "linux/limits.h"

struct containerv_stats;

/* One number; false where there is none. `group_fd`: version 2, -1: none. Not thread-safe. */
bool linux_counter_read(
    const struct linux_limits* limits, int group_fd, const struct linux_counter* counter, uint64_t* value_out);

/* All of linux_counters that are there, each kind only as a whole. */
void linux_counters_read(const struct linux_limits* limits, int group_fd, struct containerv_stats* stats);

/* What the network namespace of a process has seen. */
void linux_counters_add_network(pid_t pid, struct containerv_stats* stats);

/* How many processes were counted by listing them: no limit is known. */
void linux_counters_add_processes(size_t count, struct containerv_stats* stats);

#endif
