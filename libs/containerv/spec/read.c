/* Reading a document by the field tables. jansson parses; nothing of its tree outlives the call. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>
#include <jansson.h>

#include "fields.h"

#include <cv/banned.h>

struct reader {
    const struct cv_scan* scan;
    struct cv_error*      err;
};

typedef int (*read_fn)(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path);

static int read_table(
    struct reader* r, const struct cv_table* table, const json_t* json, void* base, const struct cv_path* path);

static void* at(void* base, size_t offset)
{
    return (char*)base + offset;
}

static const char* found(const json_t* json)
{
    static const char* const names[] = {
        [JSON_OBJECT]  = "an object",
        [JSON_ARRAY]   = "a list",
        [JSON_STRING]  = "a string",
        [JSON_INTEGER] = "a number",
        [JSON_REAL]    = "a number",
        [JSON_TRUE]    = "true",
        [JSON_FALSE]   = "false",
        [JSON_NULL]    = "null",
    };
    return names[json_typeof(json)];
}

static int expected(struct reader* r, const struct cv_path* path, const char* what, const json_t* json)
{
    return cv_path_error(r->err, path, "expected %s, found %s", what, found(json));
}

/* Strings */

/* What a C string can hold. In keys, jansson itself refuses a NUL. */
static bool has_nul(const json_t* json)
{
    return json_is_string(json) && strlen(json_string_value(json)) != json_string_length(json);
}

static int expect_string(struct reader* r, const json_t* json, const struct cv_path* path)
{
    if (!json_is_string(json))
        return expected(r, path, "a string", json);
    return has_nul(json) ? cv_path_error(r->err, path, "has a NUL character in it") : 0;
}

static int copy_string(struct reader* r, const json_t* json, char** to, const struct cv_path* path)
{
    int rc = expect_string(r, json, path);
    if (rc < 0)
        return rc;
    *to = strdup(json_string_value(json));
    return *to != NULL ? 0 : cv_error_no_memory(r->err);
}

static int read_string(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    return copy_string(r, json, at(base, field->offset), path);
}

/* Real numbers stand for what cv_scan() hid or zeroed; the text made of such a tree would lie. */
static bool has_unfit(const json_t* json)
{
    const char* key = NULL;
    json_t*     value;
    for (size_t i = 0; i < json_array_size(json); i++)
        if (has_unfit(json_array_get(json, i)))
            return true;
    json_object_foreach((json_t*)json, key, value)
    {
        if (has_unfit(value))
            return true;
    }
    return json_is_real(json) || has_nul(json);
}

/* jansson's memory may come from other functions than ours: copy it. NULL when out of memory. */
static char* compact(const json_t* json)
{
    char*       text    = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    char*       copy    = text != NULL ? strdup(text) : NULL;
    json_free_t release = NULL;
    json_get_alloc_funcs(NULL, &release);
    if (text != NULL)
        release(text);
    return copy;
}

static int read_json(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    char** to = at(base, field->offset);
    if (!json_is_object(json))
        return expected(r, path, "an object", json);
    if (has_unfit(json))
        return cv_path_error(
            r->err, path, "may not have fractions, numbers above %" PRId64 ", nor NUL characters", INT64_MAX);
    *to = compact(json);
    return *to != NULL ? 0 : cv_error_no_memory(r->err);
}

/* jansson has no text for an allocation that failed, and not always its code. */
static bool out_of_memory(json_error_t* error)
{
    return error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory;
}

int cv_json_check(const char* text, const struct cv_path* path, struct cv_error* err)
{
    struct cv_scan scan = { 0 };
    int            rc   = cv_scan(text, strlen(text), &scan, err);
    if (rc < 0)
        return rc;
    json_error_t at_error = { .line = 0 };
    json_t*      json     = json_loads(scan.text, JSON_REJECT_DUPLICATES, &at_error);
    char*        again    = json != NULL ? compact(json) : NULL;
    bool         memory   = json != NULL ? again == NULL : out_of_memory(&at_error);
    if (memory)
        rc = cv_error_no_memory(err);
    else if (!json_is_object(json) || has_unfit(json) || strcmp(again, text) != 0)
        rc = cv_path_error(err, path, "is not the compact text of a JSON object with sorted keys and whole numbers");
    free(again);
    json_decref(json);
    cv_scan_release(&scan);
    return rc;
}

/* Booleans */

static int as_bool(struct reader* r, const json_t* json, bool* value_out, const struct cv_path* path)
{
    if (!json_is_boolean(json))
        return expected(r, path, "true or false", json);
    *value_out = json_is_true(json);
    return 0;
}

static int read_bool(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    return as_bool(r, json, at(base, field->offset), path);
}

static int read_not_bool(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    bool value = false;
    int  rc    = as_bool(r, json, &value, path);
    if (rc == 0)
        *(bool*)at(base, field->offset) = !value;
    return rc;
}

static int read_opt_bool(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    struct cv_opt_bool* to = at(base, field->offset);
    to->set                = true;
    return as_bool(r, json, &to->value, path);
}

/* Numbers */

static int not_in_range(struct reader* r, const struct cv_path* path, int64_t min, uint64_t max)
{
    return cv_path_error(r->err, path, "expected a number from %" PRId64 " to %" PRIu64, min, max);
}

static int as_unsigned(
    struct reader* r, const json_t* json, uint64_t min, uint64_t max, uint64_t* value_out, const struct cv_path* path)
{
    uint64_t value = 0;
    if (json_is_integer(json)) {
        if (json_integer_value(json) < 0)
            return not_in_range(r, path, (int64_t)min, max);
        value = (uint64_t)json_integer_value(json);
    } else if (json_is_real(json)) {
        double index = json_real_value(json) - 0.5;
        if (!(index >= 0 && index < (double)r->scan->number_count) || (double)(size_t)index != index)
            return cv_path_error(r->err, path, "expected a whole number");
        value = r->scan->numbers[(size_t)index];
    } else {
        return expected(r, path, "a number", json);
    }
    if (value < min || value > max)
        return not_in_range(r, path, (int64_t)min, max);
    *value_out = value;
    return 0;
}

static int as_signed(
    struct reader* r, const json_t* json, int64_t min, int64_t max, int64_t* value_out, const struct cv_path* path)
{
    if (json_is_real(json)) { /* a fraction, or a number above INT64_MAX */
        uint64_t ignored = 0;
        return as_unsigned(r, json, 0, UINT64_MAX, &ignored, path) < 0 ? CV_ERR_INVALID
                                                                       : not_in_range(r, path, min, (uint64_t)max);
    }
    if (!json_is_integer(json))
        return expected(r, path, "a number", json);
    if (json_integer_value(json) < min || json_integer_value(json) > max)
        return not_in_range(r, path, min, (uint64_t)max);
    *value_out = json_integer_value(json);
    return 0;
}

static bool whole_range(const struct cv_field* field)
{
    return field->min == 0 && field->max == 0;
}

static int row_unsigned(struct reader* r, const struct cv_field* field, const json_t* json, uint64_t top,
    uint64_t* value_out, const struct cv_path* path)
{
    bool whole = whole_range(field);
    return as_unsigned(r, json, whole ? 0 : (uint64_t)field->min, whole ? top : field->max, value_out, path);
}

static int row_signed(
    struct reader* r, const struct cv_field* field, const json_t* json, int64_t* value_out, const struct cv_path* path)
{
    bool whole = whole_range(field);
    return as_signed(r, json, whole ? INT64_MIN : field->min, whole ? INT64_MAX : (int64_t)field->max, value_out, path);
}

static int read_u32(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    uint64_t value = 0;
    int      rc    = row_unsigned(r, field, json, UINT32_MAX, &value, path);
    if (rc == 0)
        *(uint32_t*)at(base, field->offset) = (uint32_t)value;
    return rc;
}

static int read_u64(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    return row_unsigned(r, field, json, UINT64_MAX, at(base, field->offset), path);
}

static int read_i64(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    return row_signed(r, field, json, at(base, field->offset), path);
}

static int read_opt_int(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    struct cv_opt_int* to = at(base, field->offset);
    to->set               = true;
    return row_signed(r, field, json, &to->value, path);
}

static int read_opt_uint(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    struct cv_opt_uint* to = at(base, field->offset);
    to->set                = true;
    return row_unsigned(r, field, json, UINT64_MAX, &to->value, path);
}

/* Lists. The bound on entries was checked by cv_scan(). */

static int as_list(struct reader* r, const json_t* json, size_t size, void* list, const struct cv_path* path)
{
    if (!json_is_array(json))
        return expected(r, path, "a list", json);
    if (json_array_size(json) == 0)
        return 0;
    struct cv_any_list value = { calloc(json_array_size(json), size), json_array_size(json) };
    if (value.items == NULL)
        return cv_error_no_memory(r->err);
    cv_list_store(list, value);
    return 0;
}

static int read_strv(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    struct cv_strv* to = at(base, field->offset);
    if (!json_is_array(json))
        return expected(r, path, "a list", json);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const struct cv_path entry = { path, NULL, i };
        const json_t*        item  = json_array_get(json, i);
        int                  rc    = expect_string(r, item, &entry);
        if (rc < 0)
            return rc;
        if (cv_strv_append(to, json_string_value(item)) < 0)
            return cv_error_no_memory(r->err);
    }
    return 0;
}

static int read_u32_list(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    int rc = as_list(r, json, sizeof(uint32_t), at(base, field->offset), path);
    if (rc < 0)
        return rc;
    struct cv_any_list list = cv_list_load(at(base, field->offset));
    for (size_t i = 0; i < list.count; i++) {
        const struct cv_path entry = { path, NULL, i };
        uint64_t             value = 0;
        if ((rc = as_unsigned(r, json_array_get(json, i), 0, UINT32_MAX, &value, &entry)) < 0)
            return rc;
        ((uint32_t*)list.items)[i] = (uint32_t)value;
    }
    return 0;
}

static int read_list(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    int rc = as_list(r, json, field->table->size, at(base, field->offset), path);
    if (rc < 0)
        return rc;
    struct cv_any_list list = cv_list_load(at(base, field->offset));
    for (size_t i = 0; i < list.count; i++) {
        const struct cv_path entry = { path, NULL, i };
        if ((rc = read_table(r, field->table, json_array_get(json, i), at(list.items, i * field->table->size), &entry))
            < 0)
            return rc;
    }
    return 0;
}

/* Objects whose keys are data */

static int as_map(struct reader* r, const json_t* json, size_t size, void* list, const struct cv_path* path)
{
    if (!json_is_object(json))
        return expected(r, path, "an object", json);
    if (json_object_size(json) == 0)
        return 0;
    struct cv_any_list value = { calloc(json_object_size(json), size), json_object_size(json) };
    if (value.items == NULL)
        return cv_error_no_memory(r->err);
    cv_list_store(list, value);
    return 0;
}

static int read_pairs(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    int rc = as_map(r, json, sizeof(struct cv_spec_pair), at(base, field->offset), path);
    if (rc < 0)
        return rc;
    struct cv_spec_pair* pair = ((struct cv_spec_pairs*)at(base, field->offset))->items;
    const char*          key  = NULL;
    json_t*              value;
    json_object_foreach((json_t*)json, key, value)
    {
        const struct cv_path entry = { path, key, SIZE_MAX };
        if ((pair->key = strdup(key)) == NULL)
            return cv_error_no_memory(r->err);
        if ((rc = copy_string(r, value, &pair->value, &entry)) < 0)
            return rc;
        pair++;
    }
    return 0;
}

static int read_map(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    int rc = as_map(r, json, field->table->size, at(base, field->offset), path);
    if (rc < 0)
        return rc;
    void*       item = cv_list_load(at(base, field->offset)).items;
    const char* key  = NULL;
    json_t*     value;
    json_object_foreach((json_t*)json, key, value)
    {
        const struct cv_path entry = { path, key, SIZE_MAX };
        char**               name  = at(item, field->table->key);
        if ((*name = strdup(key)) == NULL)
            return cv_error_no_memory(r->err);
        if ((rc = read_table(r, field->table, value, item, &entry)) < 0)
            return rc;
        item = at(item, field->table->size);
    }
    return 0;
}

/* Words */

static int as_word(
    struct reader* r, const struct cv_field* field, const json_t* json, uint32_t* value_out, const struct cv_path* path)
{
    char allowed[256];
    int  rc = expect_string(r, json, path);
    if (rc < 0)
        return rc;
    if (cv_words_value(field->words, json_string_value(json), value_out))
        return 0;
    cv_words_render(field->words, allowed, sizeof(allowed));
    return cv_path_error(r->err, path, "'%s' is not known (%s)", json_string_value(json), allowed);
}

static int read_word(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    return as_word(r, field, json, at(base, field->offset), path);
}

static int read_bits(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    uint32_t* bits = at(base, field->offset);
    if (!json_is_array(json))
        return expected(r, path, "a list", json);
    for (size_t i = 0; i < json_array_size(json); i++) {
        const struct cv_path entry = { path, NULL, i };
        uint32_t             bit   = 0;
        int                  rc    = as_word(r, field, json_array_get(json, i), &bit, &entry);
        if (rc < 0)
            return rc;
        *bits |= bit;
    }
    return 0;
}

/* Objects */

static int read_object(
    struct reader* r, const struct cv_field* field, const json_t* json, void* base, const struct cv_path* path)
{
    if (field->set_offset != CV_NO_OFFSET)
        *(bool*)at(base, field->set_offset) = true;
    return read_table(r, field->table, json, at(base, field->offset), path);
}

static const read_fn readers[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = read_string,
    [CV_KIND_JSON]     = read_json,
    [CV_KIND_BOOL]     = read_bool,
    [CV_KIND_NOT_BOOL] = read_not_bool,
    [CV_KIND_U32]      = read_u32,
    [CV_KIND_U64]      = read_u64,
    [CV_KIND_I64]      = read_i64,
    [CV_KIND_OPT_INT]  = read_opt_int,
    [CV_KIND_OPT_UINT] = read_opt_uint,
    [CV_KIND_OPT_BOOL] = read_opt_bool,
    [CV_KIND_STRV]     = read_strv,
    [CV_KIND_U32_LIST] = read_u32_list,
    [CV_KIND_PAIRS]    = read_pairs,
    [CV_KIND_OBJECT]   = read_object,
    [CV_KIND_LIST]     = read_list,
    [CV_KIND_MAP]      = read_map,
    [CV_KIND_BITS]     = read_bits,
    [CV_KIND_WORD]     = read_word,
};

/* A missing string stays NULL, so that cv_table_check() sees it; a missing number could not be told from 0 later. */
static bool missing_is_error(const struct cv_field* field)
{
    const unsigned kinds = 1u << CV_KIND_U32 | 1u << CV_KIND_U64 | 1u << CV_KIND_I64 | 1u << CV_KIND_BOOL;
    return (field->flags & CV_FIELD_REQUIRED) != 0 && (kinds >> field->kind & 1u) != 0;
}

static int refuse_unknown(
    struct reader* r, const struct cv_table* table, const json_t* json, const struct cv_path* path)
{
    const char* key = NULL;
    json_t*     value;
    json_object_foreach((json_t*)json, key, value)
    {
        const struct cv_path entry = { path, key, 0 };
        bool                 known = false;
        for (size_t i = 0; i < table->count && !known; i++)
            known = strcmp(table->fields[i].key, key) == 0;
        if (!known)
            return cv_path_error(r->err, &entry, "there is no such field");
    }
    return 0;
}

static int read_table(
    struct reader* r, const struct cv_table* table, const json_t* json, void* base, const struct cv_path* path)
{
    if (!json_is_object(json))
        return expected(r, path, "an object", json);
    int rc = table->strict ? refuse_unknown(r, table, json, path) : 0;
    for (size_t i = 0; i < table->count && rc == 0; i++) {
        const struct cv_field* field = &table->fields[i];
        const struct cv_path   entry = { path, field->key, 0 };
        const json_t*          value = json_object_get(json, field->key);
        if (value != NULL && table->nulls && json_is_null(value))
            value = NULL;
        if (value != NULL)
            rc = readers[field->kind](r, field, value, base, &entry);
        else if (missing_is_error(field))
            rc = cv_path_error(r->err, &entry, "is missing");
    }
    return rc;
}

static int parse_scanned(
    const struct cv_table* table, const struct cv_scan* scan, size_t length, void* base, struct cv_error* err)
{
    json_error_t at_error;
    json_t*      json = json_loadb(scan->text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &at_error);
    if (json == NULL) {
        if (out_of_memory(&at_error))
            return cv_error_no_memory(err);
        return cv_error_set(err, CV_ERR_INVALID, "line %d, column %d: %s", at_error.line,
            at_error.column > 0 ? at_error.column : 1, at_error.text);
    }
    struct reader r  = { scan, err };
    int           rc = read_table(&r, table, json, base, NULL);
    json_decref(json);
    return rc;
}

int cv_table_parse(const struct cv_table* table, const char* text, size_t length, void* base, struct cv_error* err)
{
    struct cv_scan scan = { 0 };
    int            rc   = cv_scan(text, length, &scan, err);
    if (rc < 0)
        return rc;
    rc = parse_scanned(table, &scan, length, base, err);
    if (rc < 0)
        cv_table_release(table, base);
    cv_scan_release(&scan);
    return rc;
}
