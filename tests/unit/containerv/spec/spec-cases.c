#include "spec-cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>
#include <jansson.h>

#include "spec-test.h"

#include <cv/banned.h>

#define MARK "@@HERE@@"

enum { WHAT_MAX = 64, LONG_TEXT = 1 << 20, LONG_PATH = 5000, MANY_ENTRIES = 100000, DEEP = 100 };

struct walk {
    json_t*         document;
    spec_case_taker take;
    void*           data;
    size_t          count;
    unsigned        large_every, chances;
};

/* A field in the document. */
struct place {
    const struct cv_field* row;
    json_t*                object;
    const struct cv_path*  path;
    bool                   nulls; /* null is as good as nothing */
};

/* --- one case ------------------------------------------------------------------------------------------------------------------ */

static char* dump(const json_t* json)
{
    char* text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    return text;
}

static void tell(struct walk* walk, const struct place* place, const char* value, const char* text, size_t length,
    bool refused, bool lexical)
{
    char field[512], what[WHAT_MAX];
    cv_path_render(place->path, field, sizeof(field));
    cv_snprintf(what, sizeof(what), "%.*s", WHAT_MAX - 1, value);
    const struct spec_case one = { field, what, text, length, refused, lexical };
    walk->take(&one, walk->data);
    walk->count++;
}

/* The document with `raw` as the field's value, whatever that is. */
static void put_raw(struct walk* walk, const struct place* place, const char* raw, bool refused, bool lexical)
{
    json_t* old = json_incref(json_object_get(place->object, place->row->key));
    assert_int_equal(json_object_set_new(place->object, place->row->key, json_string(MARK)), 0);
    char* template = dump(walk->document);
    char* at       = strstr(template, "\"" MARK "\"");
    assert_non_null(at);
    struct cv_str text = { .text = NULL };
    cv_str_append_bytes(&text, template, (size_t)(at - template));
    cv_str_append(&text, raw);
    cv_str_append(&text, at + strlen("\"" MARK "\""));
    assert_false(text.failed);
    tell(walk, place, raw, text.text, text.length, refused, lexical);
    cv_str_release(&text);
    free(template);
    assert_int_equal(json_object_set_new(place->object, place->row->key, old), 0);
}

static void leave_out(struct walk* walk, const struct place* place)
{
    json_t* old = json_incref(json_object_get(place->object, place->row->key));
    json_object_del(place->object, place->row->key);
    char* text = dump(walk->document);
    tell(walk, place, "nothing", text, strlen(text), (place->row->flags & CV_FIELD_REQUIRED) != 0, false);
    free(text);
    assert_int_equal(json_object_set_new(place->object, place->row->key, old), 0);
}

/* --- what is wrong for a kind -------------------------------------------------------------------------------------------------- */

enum shape { SHAPE_NULL, SHAPE_BOOL, SHAPE_NUMBER, SHAPE_STRING, SHAPE_LIST, SHAPE_OBJECT };

static const struct {
    enum shape  shape;
    const char* raw;
} shapes[] = {
    { SHAPE_NULL, "null" },
    { SHAPE_BOOL, "true" },
    { SHAPE_NUMBER, "42" },
    { SHAPE_STRING, "\"text\"" },
    { SHAPE_STRING, "\"42\"" },
    { SHAPE_STRING, "\"true\"" },
    { SHAPE_LIST, "[]" },
    { SHAPE_LIST, "[[]]" },
    { SHAPE_OBJECT, "{}" },
    { SHAPE_OBJECT, "{\"\":{}}" },
};

static const enum shape shape_of[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = SHAPE_STRING,
    [CV_KIND_JSON]     = SHAPE_OBJECT,
    [CV_KIND_BOOL]     = SHAPE_BOOL,
    [CV_KIND_NOT_BOOL] = SHAPE_BOOL,
    [CV_KIND_U32]      = SHAPE_NUMBER,
    [CV_KIND_U64]      = SHAPE_NUMBER,
    [CV_KIND_I64]      = SHAPE_NUMBER,
    [CV_KIND_OPT_INT]  = SHAPE_NUMBER,
    [CV_KIND_OPT_UINT] = SHAPE_NUMBER,
    [CV_KIND_OPT_BOOL] = SHAPE_BOOL,
    [CV_KIND_STRV]     = SHAPE_LIST,
    [CV_KIND_U32_LIST] = SHAPE_LIST,
    [CV_KIND_PAIRS]    = SHAPE_OBJECT,
    [CV_KIND_OBJECT]   = SHAPE_OBJECT,
    [CV_KIND_LIST]     = SHAPE_LIST,
    [CV_KIND_MAP]      = SHAPE_OBJECT,
    [CV_KIND_BITS]     = SHAPE_LIST,
    [CV_KIND_WORD]     = SHAPE_STRING,
};

static void wrong_types(struct walk* walk, const struct place* place)
{
    enum shape right = shape_of[place->row->kind];
    for (size_t i = 0; i < CV_ARRAY_LEN(shapes); i++)
        put_raw(walk, place, shapes[i].raw,
            shapes[i].shape != right && !(shapes[i].shape == SHAPE_NULL && place->nulls), false);
}

/* The key a second time. */
static void twice(struct walk* walk, const struct place* place)
{
    char* value = dump(json_object_get(place->object, place->row->key));
    char* raw   = cv_asprintf(NULL, "%s,\"%s\":%s", value, place->row->key, value);
    assert_non_null(raw);
    put_raw(walk, place, raw, true, true);
    free(raw);
    free(value);
}

static bool large_too(struct walk* walk)
{
    return walk->large_every != 0 && walk->chances++ % walk->large_every == 0;
}

static void repeat(struct cv_str* text, const char* part, size_t count, const char* between)
{
    for (size_t i = 0; i < count; i++) {
        cv_str_append(text, i > 0 ? between : "");
        cv_str_append(text, part);
    }
}

static void too_deep(struct walk* walk, const struct place* place)
{
    struct cv_str raw = { .text = NULL };
    repeat(&raw, "[", DEEP, "");
    repeat(&raw, "]", DEEP, "");
    assert_false(raw.failed);
    put_raw(walk, place, raw.text, true, true);
    cv_str_release(&raw);
}

/* --- numbers ------------------------------------------------------------------------------------------------------------------- */

static void whole_range(enum cv_field_kind kind, int64_t* min_out, uint64_t* max_out)
{
    bool is_signed = kind == CV_KIND_I64 || kind == CV_KIND_OPT_INT;
    *min_out       = is_signed ? INT64_MIN : 0;
    *max_out       = is_signed ? INT64_MAX : kind == CV_KIND_U32 ? UINT32_MAX : UINT64_MAX;
}

static void numbers(struct walk* walk, const struct place* place)
{
    static const char* const never[] = { "1e30", "-1e30", "0.5", "1.0", "1e400", "18446744073709551616",
        "-9223372036854775809", "123456789012345678901234567890" };
    static const struct {
        int64_t  negative; /* 0: it is none */
        uint64_t positive;
    } perhaps[]                = { { -1, 0 }, { 0, 0 }, { 0, 1 }, { 0, UINT32_MAX }, { 0, UINT64_C(1) << 32 },
                       { 0, UINT64_C(1) << 63 }, { 0, UINT64_MAX }, { INT64_MIN, 0 } };
    const struct cv_field* row = place->row;
    int64_t                min = row->min;
    uint64_t               max = row->max;
    char                   raw[32];
    if (min == 0 && max == 0)
        whole_range(row->kind, &min, &max);
    for (size_t i = 0; i < CV_ARRAY_LEN(never); i++)
        put_raw(walk, place, never[i], true, i >= 4);
    for (size_t i = 0; i < CV_ARRAY_LEN(perhaps); i++) {
        int64_t  low  = perhaps[i].negative;
        uint64_t high = perhaps[i].positive;
        bool     fits = low < 0 ? low >= min : (high >= (uint64_t)min || min < 0) && high <= max;
        if (low < 0)
            cv_snprintf(raw, sizeof(raw), "%" PRId64, low);
        else
            cv_snprintf(raw, sizeof(raw), "%" PRIu64, high);
        put_raw(walk, place, raw, !fits, false);
    }
}

/* --- strings ------------------------------------------------------------------------------------------------------------------- */

static const char* const texts[] = { "", " ", "nonsense", "relative/../path", "/a/../b", "/", "//", "a\nb",
    "\x01\x1f\x7f", "%n%s%d", "\xf0\x9f\xa6\x86", "../../../etc/passwd", "-1", "A=b", "0-", "CAP_ALL", "\"" };

static bool allowed(const struct cv_field* row, const char* text)
{
    uint32_t ignored;
    return (row->words == NULL || cv_words_value(row->words, text, &ignored))
           && (row->check == NULL || row->check(text) == NULL);
}

/* As the field's value, or as the only entry of its list. */
static void put_text(struct walk* walk, const struct place* place, const char* json_text, bool refused, bool lexical)
{
    bool  list = place->row->kind == CV_KIND_STRV || place->row->kind == CV_KIND_BITS;
    char* raw  = cv_asprintf(NULL, list ? "[%s]" : "%s", json_text);
    assert_non_null(raw);
    put_raw(walk, place, raw, refused, lexical);
    free(raw);
}

static void long_text(struct walk* walk, const struct place* place, size_t length)
{
    char* text = malloc(length + 1);
    assert_non_null(text);
    memset(text, 'x', length);
    text[0]      = '/';
    text[length] = '\0';
    json_t* json = json_string(text);
    char*   raw  = dump(json);
    put_text(walk, place, raw, !allowed(place->row, text), false);
    free(raw);
    json_decref(json);
    free(text);
}

static void strings(struct walk* walk, const struct place* place)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(texts); i++) {
        json_t* json = json_string(texts[i]);
        char*   raw  = dump(json);
        put_text(walk, place, raw, !allowed(place->row, texts[i]), false);
        free(raw);
        json_decref(json);
    }
    put_text(walk, place, "\"a\\u0000b\"", true, false);
    put_text(walk, place, "\"\\u0000\"", true, false);
    put_text(walk, place, "\"\xff\xfe\"", true, true);
    put_text(walk, place, "\"\\ud800\"", true, true);
    put_text(walk, place, "\"open", true, true);
    long_text(walk, place, LONG_PATH);
    if (large_too(walk))
        long_text(walk, place, LONG_TEXT);
}

/* --- lists and objects --------------------------------------------------------------------------------------------------------- */

static void many_entries(struct walk* walk, const struct place* place, const char* entry)
{
    struct cv_str raw = { .text = NULL };
    cv_str_append(&raw, "[");
    repeat(&raw, entry, MANY_ENTRIES, ",");
    cv_str_append(&raw, "]");
    assert_false(raw.failed);
    put_raw(walk, place, raw.text, true, true);
    cv_str_release(&raw);
}

static void entries(struct walk* walk, const struct place* place)
{
    static const char* const wrong[] = { "[null]", "[true]", "[[]]", "[0.5]" };
    const json_t*            first   = json_array_get(json_object_get(place->object, place->row->key), 0);
    struct cv_str            raw     = { .text = NULL };
    for (size_t i = 0; i < CV_ARRAY_LEN(wrong); i++)
        put_raw(walk, place, wrong[i], true, false);
    if (first == NULL)
        return;
    char* entry = dump(first);
    cv_str_printf(&raw, "[%s,%s]", entry, entry);
    put_raw(walk, place, raw.text, false, false);
    cv_str_release(&raw);
    if (large_too(walk))
        many_entries(walk, place, strlen(entry) > 100 ? "{}" : entry);
    free(entry);
}

static void many_keys(struct walk* walk, const struct place* place)
{
    struct cv_str raw = { .text = NULL };
    cv_str_append(&raw, "{");
    for (int i = 0; i < MANY_ENTRIES; i++)
        cv_str_printf(&raw, "%s\"k%d\":%s", i > 0 ? "," : "", i, place->row->kind == CV_KIND_MAP ? "{}" : "\"v\"");
    cv_str_append(&raw, "}");
    assert_false(raw.failed);
    put_raw(walk, place, raw.text, true, true);
    cv_str_release(&raw);
}

static void keys(struct walk* walk, const struct place* place)
{
    static const char* const wrong[] = { "{\"k\":null}", "{\"k\":true}", "{\"k\":0.5}", "{\"k\":[]}" };
    for (size_t i = 0; i < CV_ARRAY_LEN(wrong); i++)
        put_raw(walk, place, wrong[i], true, false);
    put_raw(walk, place, "{\"k\\u0000\":\"v\"}", true, true);
    put_raw(walk, place, "{\"k\":\"v\\u0000\"}", true, false);
    if (large_too(walk))
        many_keys(walk, place);
}

/* --- the walk ------------------------------------------------------------------------------------------------------------------ */

typedef void (*maker)(struct walk* walk, const struct place* place);

static const maker makers[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = strings,
    [CV_KIND_U32]      = numbers,
    [CV_KIND_U64]      = numbers,
    [CV_KIND_I64]      = numbers,
    [CV_KIND_OPT_INT]  = numbers,
    [CV_KIND_OPT_UINT] = numbers,
    [CV_KIND_STRV]     = strings,
    [CV_KIND_U32_LIST] = entries,
    [CV_KIND_PAIRS]    = keys,
    [CV_KIND_LIST]     = entries,
    [CV_KIND_MAP]      = keys,
    [CV_KIND_BITS]     = strings,
    [CV_KIND_WORD]     = strings,
};

static void walk_table(struct walk* walk, const struct cv_table* table, json_t* object, const struct cv_path* path);

static void walk_inside(struct walk* walk, const struct cv_field* row, json_t* value, const struct cv_path* path)
{
    const struct cv_path first = { path, NULL, 0 };
    const struct cv_path keyed = { path, json_object_iter_key(json_object_iter(value)), SIZE_MAX };
    if (row->kind == CV_KIND_OBJECT)
        walk_table(walk, row->table, value, path);
    if (row->kind == CV_KIND_LIST && json_array_size(value) > 0)
        walk_table(walk, row->table, json_array_get(value, 0), &first);
    if (row->kind == CV_KIND_MAP && keyed.key != NULL)
        walk_table(walk, row->table, json_object_iter_value(json_object_iter(value)), &keyed);
}

static void walk_table(struct walk* walk, const struct cv_table* table, json_t* object, const struct cv_path* path)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_field* row   = &table->fields[i];
        const struct cv_path   entry = { path, row->key, 0 };
        const struct place     place = { row, object, &entry, table->nulls };
        json_t*                value = json_object_get(object, row->key);
        if (value == NULL)
            continue;
        wrong_types(walk, &place);
        leave_out(walk, &place);
        twice(walk, &place);
        too_deep(walk, &place);
        if (makers[row->kind] != NULL)
            makers[row->kind](walk, &place);
        if (row->kind == CV_KIND_STRV || row->kind == CV_KIND_BITS)
            entries(walk, &place);
        walk_inside(walk, row, json_object_get(object, row->key), &entry);
    }
}

/* jansson can't hold numbers above INT64_MAX: smaller ones instead of them, which are still large. */
static char* shrink(const char* document)
{
    char* text = cv_strdup(document, NULL);
    assert_non_null(text);
    for (char* at = text; *at != '\0'; at++) {
        size_t digits = strspn(at, "0123456789");
        if (digits >= 19) {
            memset(at, '0', 19);
            memset(at + 19, ' ', digits - 19);
            *at = '1';
        }
        at += digits > 0 ? digits - 1 : 0;
    }
    return text;
}

size_t spec_cases(const char* document, const char* without, unsigned large_every, spec_case_taker take, void* data)
{
    json_error_t at_error;
    struct walk  walk = { .take = take, .data = data, .large_every = large_every };
    char*        text = shrink(document);
    walk.document     = json_loads(text, 0, &at_error);
    free(text);
    if (walk.document == NULL)
        fail_msg("%s", at_error.text);
    if (without != NULL)
        json_object_del(walk.document, without);
    walk_table(&walk, &cv_table_spec, walk.document, NULL);
    json_decref(walk.document);
    return walk.count;
}
