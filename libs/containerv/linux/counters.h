/*
 * Where each number of struct containerv_stats stands, in either version of cgroups, and how such files are read. Pure.
 */
#ifndef CV_LINUX_COUNTERS_H
#define CV_LINUX_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linux/limits-plan.h"

enum linux_counter_form {
    LINUX_COUNTER_NUMBER, /* the file is one number, or "max": UINT64_MAX */
    LINUX_COUNTER_KEYED,  /* lines "key 7" */
    LINUX_COUNTER_NESTED, /* lines "8:16 key=7 other=8": the sum of all lines */
    LINUX_COUNTER_DEVICES /* lines "8:16 key 7": the sum of all lines */
};

struct linux_counter_place {
    const char*             file; /* NULL: this version has it not */
    enum linux_counter_form form;
    const char*             key;
    uint64_t                scale; /* of the file's unit in ours; 0 is 1 */
};

struct linux_counter {
    size_t   offset; /* in struct containerv_stats */
    uint64_t known;  /* CV_STATS_* */
    bool
        always; /* every group of version 2 has it, whoever has the controller; `controller` is who has it without one */
    enum linux_controller      controller;
    struct linux_counter_place v2, v1;
};

extern const struct linux_counter linux_counters[];
extern const size_t               linux_counters_count;

/* For causes of ends. */
extern const struct linux_counter linux_counter_oom, linux_counter_refused;

/* `text` ends with NUL. False when there is no such number. A limit that is the kernel's largest is UINT64_MAX. */
bool linux_counter_parse(const struct linux_counter_place* place, const char* text, uint64_t* value_out);

/* The sums of /proc/PID/net/dev but the loopback device: bytes and packets received, bytes and packets sent. */
bool linux_counter_parse_net(const char* text, uint64_t sums_out[4]);

#endif
