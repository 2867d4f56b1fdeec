#include "linux/subids-plan.h"

#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

enum { FIELDS = 8 };

/* A line cut at its colons. */
struct line {
    const char* fields[FIELDS];
    size_t      lengths[FIELDS];
    size_t      count;
};

static bool next_line(const char** at, const char* end, struct line* line)
{
    const char* stop;

    if (*at >= end)
        return false;
    stop        = memchr(*at, '\n', (size_t)(end - *at));
    stop        = stop != NULL ? stop : end;
    line->count = 0;
    for (const char* field = *at; line->count < FIELDS; line->count++) {
        const char* colon = memchr(field, ':', (size_t)(stop - field));

        line->fields[line->count]  = field;
        line->lengths[line->count] = (size_t)((colon != NULL ? colon : stop) - field);
        if (colon == NULL) {
            line->count++;
            break;
        }
        field = colon + 1;
    }
    *at = stop + 1;
    return true;
}

/* All digits, below 2^32. */
static bool number(const char* text, size_t length, uint32_t* value_out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *value_out = (uint32_t)value;
    return length > 0;
}

bool linux_subids_name(const char* passwd, size_t length, uint32_t uid, char name_out[LINUX_SUBIDS_NAME_MAX + 1])
{
    const char* end = passwd + length;
    struct line line;

    while (next_line(&passwd, end, &line)) {
        uint32_t id;

        if (line.count < 4 || !number(line.fields[2], line.lengths[2], &id) || id != uid)
            continue;
        if (line.lengths[0] == 0 || line.lengths[0] > LINUX_SUBIDS_NAME_MAX)
            return false;
        memcpy(name_out, line.fields[0], line.lengths[0]);
        name_out[line.lengths[0]] = '\0';
        return true;
    }
    return false;
}

static bool is_users(const struct line* line, const char* name, uint32_t uid)
{
    uint32_t id;

    if (name != NULL && strlen(name) == line->lengths[0] && memcmp(name, line->fields[0], line->lengths[0]) == 0)
        return true;
    return number(line->fields[0], line->lengths[0], &id) && id == uid;
}

static void add(struct linux_subids* subids, uint32_t first, uint32_t count)
{
    uint32_t room = LINUX_SUBIDS_IDS - 1 - subids->total;

    if (count > UINT32_MAX - first) /* 4294967295 is no id */
        count = UINT32_MAX - first;
    if (count > 0 && subids->given_count < LINUX_SUBIDS_RANGES)
        subids->given[subids->given_count++] = (struct linux_subids_range){ .first = first, .count = count };
    if (count > room)
        count = room;
    if (count == 0 || subids->count == LINUX_SUBIDS_RANGES)
        return;
    subids->ranges[subids->count].first   = first;
    subids->ranges[subids->count++].count = count;
    subids->total += count;
}

void linux_subids_parse(
    const char* text, size_t length, const char* name, uint32_t uid, struct linux_subids* subids_out)
{
    const char* end = text + length;
    struct line line;

    *subids_out = (struct linux_subids){ 0 };
    while (next_line(&text, end, &line)) {
        uint32_t first, count;

        if (line.count == 3 && is_users(&line, name, uid) && number(line.fields[1], line.lengths[1], &first)
            && number(line.fields[2], line.lengths[2], &count))
            add(subids_out, first, count);
    }
}

static int append_extent(struct cv_strv* argv, uint32_t inside, uint32_t outside, uint32_t count)
{
    const uint32_t numbers[] = { inside, outside, count };
    char           text[16];

    for (size_t i = 0; i < CV_ARRAY_LEN(numbers); i++) {
        cv_snprintf(text, sizeof(text), "%u", numbers[i]);
        if (cv_strv_append(argv, text) < 0)
            return -1;
    }
    return 0;
}

int linux_subids_command(const char* program, long pid, uint32_t own, const struct linux_subids* subids,
    struct cv_strv* argv, struct cv_error* err)
{
    char     text[16];
    uint32_t inside = 1;

    cv_snprintf(text, sizeof(text), "%ld", pid);
    if (cv_strv_append(argv, program) < 0 || cv_strv_append(argv, text) < 0 || append_extent(argv, 0, own, 1) < 0)
        return cv_error_no_memory(err);
    for (size_t i = 0; i < subids->count; i++) {
        if (append_extent(argv, inside, subids->ranges[i].first, subids->ranges[i].count) < 0)
            return cv_error_no_memory(err);
        inside += subids->ranges[i].count;
    }
    return 0;
}

int linux_subids_identity_command(const char* program, long pid, uint32_t own, const struct linux_subids* subids,
    struct cv_strv* argv, struct cv_error* err)
{
    char text[16];

    cv_snprintf(text, sizeof(text), "%ld", pid);
    if (cv_strv_append(argv, program) < 0 || cv_strv_append(argv, text) < 0 || append_extent(argv, own, own, 1) < 0)
        return cv_error_no_memory(err);
    for (size_t i = 0; i < subids->given_count; i++)
        if (append_extent(argv, subids->given[i].first, subids->given[i].first, subids->given[i].count) < 0)
            return cv_error_no_memory(err);
    return 0;
}

/* "inside outside count", with blanks of any number. */
static bool extent(const char* text, size_t length, uint64_t* first_out, uint64_t* count_out)
{
    char               copy[128];
    char*              at = copy;
    unsigned long long numbers[3];

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    for (size_t i = 0; i < CV_ARRAY_LEN(numbers); i++) {
        char* end;

        numbers[i] = strtoull(at, &end, 10);
        if (end == at || numbers[i] > UINT32_MAX)
            return false;
        at = end;
    }
    *first_out = numbers[0];
    *count_out = numbers[2];
    return true;
}

/* One step: the end of the extent that holds the id. */
static uint64_t extent_end(const char* text, size_t length, uint64_t id)
{
    const char* end = text + length;

    while (text < end) {
        const char* stop  = memchr(text, '\n', (size_t)(end - text));
        uint64_t    first = 0, count = 0;

        stop = stop != NULL ? stop : end;
        if (extent(text, (size_t)(stop - text), &first, &count) && id >= first && id < first + count)
            return first + count;
        text = stop + 1;
    }
    return id;
}

uint64_t linux_idmap_reach(const char* text, size_t length, uint64_t first)
{
    for (;;) {
        uint64_t next = extent_end(text, length, first);

        if (next == first)
            return first;
        first = next;
    }
}

static int append_line(char* map, size_t size, uint64_t first, uint64_t count)
{
    size_t used = strlen(map);

    return cv_snprintf(map + used, size - used, "%llu %llu %llu\n", (unsigned long long)first,
        (unsigned long long)first, (unsigned long long)count);
}

int linux_idmap_identity(
    const char* text, size_t length, uint32_t ids, char* map_out, size_t size, struct cv_error* err)
{
    const char* end = text + length;

    map_out[0] = '\0';
    while (text < end) {
        const char* stop  = memchr(text, '\n', (size_t)(end - text));
        uint64_t    first = 0, count = 0;

        stop = stop != NULL ? stop : end;
        if (extent(text, (size_t)(stop - text), &first, &count) && first < ids) {
            if (append_line(map_out, size, first, count < ids - first ? count : ids - first) < 0)
                return cv_error_set(err, CV_ERR_LIMIT, "an id map of more than %zu bytes", size);
        }
        text = stop + 1;
    }
    return 0;
}
