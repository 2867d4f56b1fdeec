/* What a container uses at the moment: the difference of two readings of its counters over the time between them. Pure. */
#ifndef CVCTL_RATES_H
#define CVCTL_RATES_H

#include <chef/containerv/container.h>

/* Negative: not known. */
struct cvctl_rates {
    double cpu_percent; /* of one CPU: two busy ones are 200 */
    double io_read_bps, io_write_bps;
    double net_rx_bps, net_tx_bps;
};

/* `before` NULL: there is none. A counter that has gone back (the container was started anew) has no rate. */
void cvctl_rates(
    const struct containerv_stats* before, const struct containerv_stats* now, struct cvctl_rates* rates_out);

#endif
