#include "linux/counters-read.h"

#include <fcntl.h>
#include <string.h>

#include <chef/containerv/container.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"

#include <cv/banned.h>

enum { TEXT_SIZE = 32768 };

bool linux_counter_read(
    const struct linux_limits* limits, int group_fd, const struct linux_counter* counter, uint64_t* value_out)
{
    static char text[TEXT_SIZE]; /* our programs have one thread */
    int         of      = limits->of[counter->controller];
    int         version = counter->always && group_fd >= 0 ? 2 : limits->version[counter->controller];
    const struct linux_counter_place* place = version == 2 ? &counter->v2 : &counter->v1;
    int                               fd    = version == 2 ? group_fd : of >= 0 ? limits->groups[of].group_fd : -1;
    return version != 0 && place->file != NULL && fd >= 0
           && linux_cgroup_read(fd, place->file, text, sizeof(text), NULL) == 0
           && linux_counter_parse(place, text, value_out);
}

void linux_counters_read(const struct linux_limits* limits, int group_fd, struct containerv_stats* stats)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < linux_counters_count; i++) {
        uint64_t value = 0;
        if (!linux_counter_read(limits, group_fd, &linux_counters[i], &value)) {
            missing |= linux_counters[i].known;
            continue;
        }
        memcpy((char*)stats + linux_counters[i].offset, &value, sizeof(value));
        stats->known |= linux_counters[i].known;
    }
    stats->known &= ~missing; /* a kind of which one number is not there is not known */
}

void linux_counters_add_network(pid_t pid, struct containerv_stats* stats)
{
    char     path[64], text[TEXT_SIZE];
    uint64_t sums[4];
    cv_snprintf(path, sizeof(path), "/proc/%d/net", (int)pid);
    CV_CLEANUP(cv_handle_closep) int folder_fd = pid > 0 ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder_fd < 0 || linux_cgroup_read(folder_fd, "dev", text, sizeof(text), NULL) < 0
        || !linux_counter_parse_net(text, sums))
        return;
    stats->known |= CV_STATS_NETWORK;
    stats->net_rx_bytes   = sums[0];
    stats->net_rx_packets = sums[1];
    stats->net_tx_bytes   = sums[2];
    stats->net_tx_packets = sums[3];
}

void linux_counters_add_processes(size_t count, struct containerv_stats* stats)
{
    if ((stats->known & CV_STATS_PIDS) != 0)
        return;
    stats->known |= CV_STATS_PIDS;
    stats->pids         = count;
    stats->pids_limit   = UINT64_MAX;
    stats->pids_refused = 0;
}
