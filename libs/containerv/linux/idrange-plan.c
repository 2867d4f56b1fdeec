#include "linux/idrange-plan.h"

#include <stdbool.h>
#include <string.h>

static bool is_marked(const struct idrange_slots* slots, unsigned slot)
{
    return (slots->bits[slot / 8] >> (slot % 8) & 1) != 0;
}

void linux_idrange_mark(struct idrange_slots* slots, unsigned slot)
{
    slots->bits[slot / 8] |= (uint8_t)(1u << (slot % 8));
}

int linux_idrange_choose(const struct idrange_slots* taken, unsigned start)
{
    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++) {
        unsigned slot = (start % LINUX_IDRANGE_SLOTS + i) % LINUX_IDRANGE_SLOTS;
        if (!is_marked(taken, slot))
            return (int)slot;
    }
    return -1;
}

static void mark_ids(struct idrange_slots* slots, uint64_t first, uint64_t count)
{
    const uint64_t pool_end = (uint64_t)LINUX_IDRANGE_BASE + (uint64_t)LINUX_IDRANGE_SLOTS * LINUX_IDRANGE_SIZE;
    uint64_t       end      = first + count; /* both below 2^32 */

    if (first < LINUX_IDRANGE_BASE)
        first = LINUX_IDRANGE_BASE;
    if (end > pool_end)
        end = pool_end;
    for (uint64_t id = first; id < end; id += LINUX_IDRANGE_SIZE - id % LINUX_IDRANGE_SIZE)
        linux_idrange_mark(slots, (unsigned)((id - LINUX_IDRANGE_BASE) / LINUX_IDRANGE_SIZE));
}

/* A decimal number below 2^32 that ends at `stop` or at the end of the line. Returns where, or NULL. */
static const char* parse_id(const char* at, const char* end, char stop, uint64_t* value_out)
{
    const char* first = at;
    uint64_t    value = 0;

    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > UINT32_MAX)
            return NULL;
    }
    if (at == first || (at < end && *at != stop))
        return NULL;
    *value_out = value;
    return at;
}

static bool mark_line(struct idrange_slots* slots, const char* line, const char* end)
{
    const char* at = memchr(line, ':', (size_t)(end - line));
    uint64_t    first, count;

    if (at == NULL || at == line || *line == '#')
        return false;
    at = parse_id(at + 1, end, ':', &first);
    if (at == NULL || at == end)
        return false;
    at = parse_id(at + 1, end, ':', &count);
    if (at != end)
        return false;
    mark_ids(slots, first, count);
    return true;
}

size_t linux_idrange_mark_subids(struct idrange_slots* slots, const char* text, size_t length)
{
    const char* end     = text + length;
    size_t      entries = 0;

    while (text < end) {
        const char* newline  = memchr(text, '\n', (size_t)(end - text));
        const char* line_end = newline == NULL ? end : newline;
        if (mark_line(slots, text, line_end))
            entries++;
        text = newline == NULL ? end : newline + 1;
    }
    return entries;
}
