#include "rates.h"

#include <cv/banned.h>

#define NS_PER_S 1e9
#define UNKNOWN  (-1.0)

static double per_second(uint64_t before, uint64_t now, int64_t ns)
{
    return now < before || ns <= 0 ? UNKNOWN : (double)(now - before) * NS_PER_S / (double)ns;
}

void cvctl_rates(
    const struct containerv_stats* before, const struct containerv_stats* now, struct cvctl_rates* rates_out)
{
    uint64_t known = before != NULL ? before->known & now->known : 0;
    int64_t  ns    = before != NULL ? now->time_ns - before->time_ns : 0;
    double   cpu;

    *rates_out = (struct cvctl_rates){ UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };
    if ((known & CV_STATS_CPU) != 0) {
        cpu                    = per_second(before->cpu_usage_ns, now->cpu_usage_ns, ns);
        rates_out->cpu_percent = cpu < 0 ? UNKNOWN : cpu / NS_PER_S * 100;
    }
    if ((known & CV_STATS_IO) != 0) {
        rates_out->io_read_bps  = per_second(before->io_read_bytes, now->io_read_bytes, ns);
        rates_out->io_write_bps = per_second(before->io_write_bytes, now->io_write_bytes, ns);
    }
    if ((known & CV_STATS_NETWORK) != 0) {
        rates_out->net_rx_bps = per_second(before->net_rx_bytes, now->net_rx_bytes, ns);
        rates_out->net_tx_bps = per_second(before->net_tx_bytes, now->net_tx_bytes, ns);
    }
}
