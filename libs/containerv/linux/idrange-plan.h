/*
 * Which slot of the id pool may be taken: pure, see idrange.h for the pool.
 */
#ifndef CV_LINUX_IDRANGE_PLAN_H
#define CV_LINUX_IDRANGE_PLAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * The pool is above everything that distributions and systemd (up to 0x6FFFFFFF) hand out, and below 2^31, since some programs keep
 * ids in a signed int. One slot is what a 16-bit id space needs.
 */
#define LINUX_IDRANGE_BASE  UINT32_C(0x70000000)
#define LINUX_IDRANGE_SIZE  UINT32_C(65536)
#define LINUX_IDRANGE_SLOTS 1024u

/* One bit a slot. {0} is none. */
struct idrange_slots {
    uint8_t bits[LINUX_IDRANGE_SLOTS / 8];
};

void linux_idrange_mark(struct idrange_slots* slots, unsigned slot);

/*
 * Mark the slots that overlap an entry ("name:first:count") of the text of /etc/subuid or /etc/subgid. Lines that are no entry give
 * ids to nobody (so reads them newuidmap too) and are passed over. Returns the number of entries.
 */
size_t linux_idrange_mark_subids(struct idrange_slots* slots, const char* text, size_t length);

/* The first slot from `start` on, around the end, that is not marked; -1 when all are. */
int linux_idrange_choose(const struct idrange_slots* taken, unsigned start);

#endif
