/*
 * Any bytes as /etc/subuid: reading them never crashes, the same text marks the same slots again, a text marks no less than its lines
 * do one by one, and the slot that is chosen afterwards is one that was not marked. Also as what a plain user may map (the same file,
 * passwd, uid_map): ranges hold ids that there are, no more than a container has, and the arguments of newuidmap are as many.
 */
#include <string.h>

#include "fuzz.h"
#include "linux/idrange-plan.h"
#include "linux/subids-plan.h"

enum { MAP_SIZE = 4096 };

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

static void check_user(const char* text, size_t size, const char* name, uint32_t uid)
{
    struct linux_subids subids = { .count = 12345 };
    struct cv_strv      argv   = { NULL, 0 };
    uint32_t            total  = 0;

    linux_subids_parse(text, size, name, uid, &subids);
    FUZZ_CHECK(subids.count <= LINUX_SUBIDS_RANGES && subids.total < LINUX_SUBIDS_IDS);
    for (size_t i = 0; i < subids.count; i++) {
        FUZZ_CHECK(subids.ranges[i].count > 0 && subids.ranges[i].first <= UINT32_MAX - subids.ranges[i].count);
        total += subids.ranges[i].count;
    }
    FUZZ_CHECK(total == subids.total);
    FUZZ_CHECK(linux_subids_command("newuidmap", 1, uid, &subids, &argv, NULL) == 0);
    FUZZ_CHECK(argv.count == 5 + 3 * subids.count);
    cv_strv_release(&argv);
}

static void check_maps(const char* text, size_t size)
{
    struct cv_error err = CV_ERROR_INIT;
    char            map[MAP_SIZE];
    uint64_t        reach = linux_idmap_reach(text, size, 5);
    int             rc    = linux_idmap_identity(text, size, LINUX_SUBIDS_IDS, map, sizeof(map), &err);

    FUZZ_CHECK(reach >= 5 && linux_idmap_reach(text, size, reach) == reach);
    FUZZ_CHECK(rc == 0 || (rc == CV_ERR_LIMIT && err.text[0] != '\0'));
    FUZZ_CHECK(memchr(map, '\0', sizeof(map)) != NULL);
    FUZZ_CHECK(rc < 0 || map[0] == '\0' || map[strlen(map) - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct idrange_slots once = { 0 }, again, lines = { 0 };
    char*                text = malloc(size == 0 ? 1 : size); /* no more, so that reading beyond it is seen */
    char                 name[LINUX_SUBIDS_NAME_MAX + 1];
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
    check_user(text, size, "me", 1000);
    check_user(text, size, NULL, 0);
    if (linux_subids_name(text, size, 1000, name))
        check_user(text, size, name, 1000);
    check_maps(text, size);
    free(text);
    return 0;
}
