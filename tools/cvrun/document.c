#include "document.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <chef/containerv/container.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <jansson.h>

#include "table.h"
#include "when.h"

#include <cv/banned.h>

/* As text with a line's end; the value is given back in any case. What is no UTF-8 can't be in JSON. */
static char* dump(json_t* value, size_t flags, struct cv_error* err)
{
    char* text = value != NULL ? json_dumps(value, flags) : NULL;
    char* line = text != NULL ? cv_asprintf(err, "%s\n", text) : NULL;

    json_decref(value);
    free(text);
    if (text == NULL)
        cv_error_set(err, CV_ERR_INVALID, "there is text in it that is no UTF-8, or there is no memory");
    return line;
}

static json_t* pairs_of(const struct cv_spec_pairs* pairs)
{
    json_t* object = json_object();

    for (size_t i = 0; i < pairs->count; i++)
        json_object_set_new(object, pairs->items[i].key, json_string(pairs->items[i].value));
    return object;
}

static json_t* state_of(const struct cvrun_state* state)
{
    char    created[CV_WHEN_SIZE];
    json_t* object;

    cv_when_print(state->created_ns, created);
    object = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "ociVersion", state->oci_version, "id", state->id, "pid",
        (json_int_t)state->pid, "status", state->status, "bundle", state->bundle, "rootfs", state->rootfs, "created",
        created);
    if (object != NULL && state->annotations != NULL && state->annotations->count > 0)
        json_object_set_new(object, "annotations", pairs_of(state->annotations));
    if (object != NULL)
        json_object_set_new(object, "owner", json_string(state->owner));
    return object;
}

char* cvrun_state_print(const struct cvrun_state* state, struct cv_error* err)
{
    return dump(state_of(state), JSON_INDENT(2), err);
}

char* cvrun_list_json(const struct cvrun_state* states, size_t count, struct cv_error* err)
{
    json_t* list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t* state = state_of(&states[i]);

        if (state == NULL || json_array_append_new(list, state) < 0) {
            json_decref(list);
            list = NULL;
            break;
        }
    }
    return dump(list, JSON_COMPACT, err);
}

char* cvrun_list_table(const struct cvrun_state* states, size_t count, struct cv_error* err)
{
    static const char* const heads[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
    struct cv_text_table     table   = { .columns = CV_ARRAY_LEN(heads) };
    char                     created[CV_WHEN_SIZE];
    char*                    text;

    for (size_t i = 0; i < CV_ARRAY_LEN(heads); i++)
        cv_text_table_add(&table, heads[i]);
    for (size_t i = 0; i < count; i++) {
        cv_when_print(states[i].created_ns, created);
        cv_text_table_add(&table, states[i].id);
        cv_text_table_printf(&table, "%lld", (long long)states[i].pid);
        cv_text_table_add(&table, states[i].status);
        cv_text_table_add(&table, states[i].bundle);
        cv_text_table_add(&table, created);
        cv_text_table_add(&table, states[i].owner);
    }
    text = cv_text_table_text(&table, err);
    cv_text_table_release(&table);
    return text;
}

char* cvrun_pids_json(const int64_t* pids, size_t count, struct cv_error* err)
{
    json_t* list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(pids[i]));
    return dump(list, JSON_COMPACT, err);
}

/* --- ps --------------------------------------------------------------------------------------------------------------------------- */

/* Word `column` of a line, as a number; -1: there is none. */
static int64_t number_at(const char* line, size_t length, size_t column)
{
    const char* end = line + length;
    char        word[24];
    int64_t     number = -1;

    for (size_t i = 0;; i++) {
        const char* start;
        size_t      n;

        while (line < end && *line == ' ')
            line++;
        start = line;
        while (line < end && *line != ' ')
            line++;
        n = (size_t)(line - start);
        if (n == 0 || (i == column && n >= sizeof(word)))
            return -1;
        if (i < column)
            continue;
        memcpy(word, start, n);
        word[n] = '\0';
        return cv_parse_i64(word, 1, INT64_MAX, &number, NULL) == 0 ? number : -1;
    }
}

static bool find_column(const char* heads, size_t length, size_t* column_out)
{
    size_t column = 0;

    for (size_t at = 0; at < length; column++) {
        size_t n;

        while (at < length && heads[at] == ' ')
            at++;
        n = strcspn(heads + at, " \n");
        if (n == strlen("PID") && memcmp(heads + at, "PID", n) == 0) {
            *column_out = column;
            return true;
        }
        at += n;
    }
    return false;
}

static bool has(const int64_t* pids, size_t count, int64_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

char* cvrun_ps_filter(const char* ps, const int64_t* pids, size_t count, struct cv_error* err)
{
    struct cv_str text   = { 0 };
    size_t        length = strcspn(ps, "\n"), column;

    if (!find_column(ps, length, &column)) {
        cv_error_set(err, CV_ERR_INVALID, "what ps printed has no column PID");
        return NULL;
    }
    for (bool head = true; *ps != '\0'; head = false) {
        length = strcspn(ps, "\n");
        if (head || has(pids, count, number_at(ps, length, column))) {
            cv_str_append_bytes(&text, ps, length);
            cv_str_append(&text, "\n");
        }
        ps += length + (ps[length] == '\n' ? 1 : 0);
    }
    return cv_str_steal(&text, err);
}

/* --- stats ------------------------------------------------------------------------------------------------------------------------ */

static json_t* number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t* cpu_of(const struct containerv_stats* stats)
{
    json_t* usage      = json_object();
    json_t* throttling = json_object();

    if (stats->known & CV_STATS_CPU) {
        json_object_set_new(usage, "total", number(stats->cpu_usage_ns));
        json_object_set_new(usage, "kernel", number(stats->cpu_system_ns));
        json_object_set_new(usage, "user", number(stats->cpu_user_ns));
    }
    if (stats->known & CV_STATS_THROTTLED) {
        json_object_set_new(throttling, "throttledPeriods", number(stats->cpu_throttled_count));
        json_object_set_new(throttling, "throttledTime", number(stats->cpu_throttled_ns));
    }
    return json_pack("{s:o, s:o}", "usage", usage, "throttling", throttling);
}

static json_t* memory_of(const struct containerv_stats* stats)
{
    json_t* usage  = json_object();
    json_t* memory = json_pack("{s:o}", "usage", usage);

    if (!(stats->known & CV_STATS_MEMORY))
        return memory;
    json_object_set_new(usage, "limit", number(stats->memory_limit_bytes));
    json_object_set_new(usage, "usage", number(stats->memory_bytes));
    if (stats->known & CV_STATS_MEMORY_PEAK)
        json_object_set_new(usage, "max", number(stats->memory_peak_bytes));
    if (stats->known & CV_STATS_OOM)
        json_object_set_new(usage, "failcnt", number(stats->oom_kills));
    if (stats->known & CV_STATS_SWAP) /* memory and swap together, as runc counts */
        json_object_set_new(
            memory, "swap", json_pack("{s:o}", "usage", number(stats->memory_bytes + stats->swap_bytes)));
    return memory;
}

static json_t* pids_of(const struct containerv_stats* stats)
{
    json_t* pids = json_object();

    if (!(stats->known & CV_STATS_PIDS))
        return pids;
    json_object_set_new(pids, "current", number(stats->pids));
    if (stats->pids_limit != UINT64_MAX)
        json_object_set_new(pids, "limit", number(stats->pids_limit));
    return pids;
}

static json_t* sums(uint64_t read, uint64_t write)
{
    return json_pack(
        "[{s:s, s:o}, {s:s, s:o}]", "op", "Read", "value", number(read), "op", "Write", "value", number(write));
}

/* The sums of all devices: which they are is not asked. */
static json_t* blkio_of(const struct containerv_stats* stats)
{
    json_t* blkio = json_object();

    if (!(stats->known & CV_STATS_IO))
        return blkio;
    json_object_set_new(blkio, "ioServiceBytesRecursive", sums(stats->io_read_bytes, stats->io_write_bytes));
    json_object_set_new(blkio, "ioServicedRecursive", sums(stats->io_read_operations, stats->io_write_operations));
    return blkio;
}

char* cvrun_stats_json(const char* id, const struct containerv_stats* stats, struct cv_error* err)
{
    return dump(json_pack("{s:s, s:s, s:{s:o, s:o, s:o, s:o}}", "type", "stats", "id", id, "data", "cpu", cpu_of(stats),
                    "memory", memory_of(stats), "pids", pids_of(stats), "blkio", blkio_of(stats)),
        JSON_COMPACT, err);
}

char* cvrun_oom_json(const char* id, struct cv_error* err)
{
    return dump(json_pack("{s:s, s:s}", "type", "oom", "id", id), JSON_COMPACT, err);
}

/* --- users ------------------------------------------------------------------------------------------------------------------------ */

/* "name:x:UID:..." */
static bool is_line_of(const char* line, size_t length, uint32_t uid)
{
    char        number[16];
    const char* at = memchr(line, ':', length);

    at = at != NULL ? memchr(at + 1, ':', length - (size_t)(at + 1 - line)) : NULL;
    (void)cv_snprintf(number, sizeof(number), ":%u:", uid);
    return at != NULL && (size_t)(line + length - at) > strlen(number) && memcmp(at, number, strlen(number)) == 0;
}

char* cvrun_owner_name(const char* passwd, uint32_t uid, struct cv_error* err)
{
    for (const char* line = passwd; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");

        if (is_line_of(line, length, uid))
            return cv_asprintf(err, "%.*s", (int)strcspn(line, ":"), line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    return cv_asprintf(err, "%u", uid);
}
