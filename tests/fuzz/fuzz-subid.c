/*
 * Any bytes as /etc/subuid: reading them never crashes, the same text marks the same slots again, a text marks no less than its lines
 * do one by one, and the slot that is chosen afterwards is one that was not marked.
 */
#include <string.h>

#include "fuzz.h"
#include "linux/idrange-plan.h"

static int is_marked(const struct idrange_slots* slots, unsigned slot)
{
    return slots->bits[slot / 8] >> (slot % 8) & 1;
}

static size_t mark_by_line(struct idrange_slots* slots, const char* text, size_t size)
{
    size_t entries = 0;

    while (size > 0) {
        const char* newline = memchr(text, '\n', size);
        size_t      length  = newline == NULL ? size : (size_t)(newline - text) + 1;
        entries += linux_idrange_mark_subids(slots, text, length);
        text += length;
        size -= length;
    }
    return entries;
}

static void check_choice(const struct idrange_slots* slots, unsigned start)
{
    int slot = linux_idrange_choose(slots, start);

    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++) {
        unsigned next = (start + i) % LINUX_IDRANGE_SLOTS;
        if (!is_marked(slots, next)) {
            FUZZ_CHECK(slot == (int)next);
            return;
        }
    }
    FUZZ_CHECK(slot == -1);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct idrange_slots once = { 0 }, again, lines = { 0 };
    char*                text = malloc(size == 0 ? 1 : size); /* no more, so that reading beyond it is seen */
    size_t               entries;

    FUZZ_CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    entries = linux_idrange_mark_subids(&once, text, size);
    again   = once;
    FUZZ_CHECK(linux_idrange_mark_subids(&again, text, size) == entries);
    FUZZ_CHECK(memcmp(&once, &again, sizeof(once)) == 0);
    FUZZ_CHECK(mark_by_line(&lines, text, size) == entries);
    FUZZ_CHECK(memcmp(&once, &lines, sizeof(once)) == 0);
    check_choice(&once, size > 0 ? data[0] * 4u : 0);
    free(text);
    return 0;
}
