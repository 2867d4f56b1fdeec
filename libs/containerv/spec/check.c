/* The checks that a row describes. */
#include <inttypes.h>
#include <string.h>

#include <cv/str.h>

#include "fields.h"

#include <cv/banned.h>

typedef int (*check_fn)(
    const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err);

static const void* at(const void* base, size_t offset)
{
    return (const char*)base + offset;
}

static int check_text(const struct cv_field* field, const char* text, const struct cv_path* path, struct cv_error* err)
{
    char     words[512];
    uint32_t ignored = 0;
    if (text == NULL)
        return cv_path_error(err, path, "is missing");
    if (!cv_utf8_valid(text, strlen(text)))
        return cv_path_error(err, path, "is not UTF-8");
    const char* allowed = field->check != NULL ? field->check(text) : NULL;
    if (field->words != NULL && !cv_words_value(field->words, text, &ignored)) {
        cv_words_render(field->words, words, sizeof(words));
        allowed = words;
    }
    return allowed == NULL ? 0 : cv_path_error(err, path, "'%.200s' is not allowed (expected %s)", text, allowed);
}

static int check_string(
    const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_text(field, *(char* const*)value, path, err);
}

static int check_json(
    CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return cv_json_check(*(char* const*)value, path, err);
}

static int check_unsigned(
    const struct cv_field* field, uint64_t value, const struct cv_path* path, struct cv_error* err)
{
    bool whole = field->min == 0 && field->max == 0;
    if (whole || (value >= (uint64_t)field->min && value <= field->max))
        return 0;
    return cv_path_error(
        err, path, "%" PRIu64 " is not allowed (expected %" PRId64 " to %" PRIu64 ")", value, field->min, field->max);
}

static int check_signed(const struct cv_field* field, int64_t value, const struct cv_path* path, struct cv_error* err)
{
    bool whole = field->min == 0 && field->max == 0;
    if (whole || (value >= field->min && value <= (int64_t)field->max))
        return 0;
    return cv_path_error(
        err, path, "%" PRId64 " is not allowed (expected %" PRId64 " to %" PRIu64 ")", value, field->min, field->max);
}

static int check_u32(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_unsigned(field, *(const uint32_t*)value, path, err);
}

static int check_u64(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_unsigned(field, *(const uint64_t*)value, path, err);
}

static int check_i64(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_signed(field, *(const int64_t*)value, path, err);
}

static int check_opt_int(
    const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_signed(field, ((const struct cv_opt_int*)value)->value, path, err);
}

static int check_opt_uint(
    const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_unsigned(field, ((const struct cv_opt_uint*)value)->value, path, err);
}

static int check_limit(size_t count, unsigned limit, const struct cv_path* path, struct cv_error* err)
{
    return count <= limit ? 0 : cv_path_error(err, path, "%zu entries (at most %u are allowed)", count, limit);
}

static int check_count(size_t count, const struct cv_path* path, struct cv_error* err)
{
    return check_limit(count, CV_SPEC_MAX_ENTRIES, path, err);
}

static int check_u32_list(
    CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return check_count(cv_list_load(value).count, path, err);
}

static int check_strv(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    const struct cv_strv* list = value;
    int                   rc   = check_count(list->count, path, err);
    for (size_t i = 0; i < list->count && rc == 0; i++) {
        const struct cv_path entry = { path, NULL, i };
        rc                         = check_text(field, list->items[i], &entry, err);
    }
    return rc;
}

static int check_list(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    struct cv_any_list list = cv_list_load(value);
    int                rc   = check_count(list.count, path, err);
    for (size_t i = 0; i < list.count && rc == 0; i++) {
        const struct cv_path entry = { path, NULL, i };
        rc                         = cv_table_check(field->table, at(list.items, i * field->table->size), &entry, err);
    }
    return rc;
}

/* The key is what a row's grammar is about; the value is any text. */
static int check_pair(
    const struct cv_field* field, const struct cv_spec_pair* pair, const struct cv_path* path, struct cv_error* err)
{
    const struct cv_path  entry = { path, pair->key != NULL ? pair->key : "", SIZE_MAX };
    const struct cv_field value = { .check = NULL };
    int                   rc    = check_text(field, pair->key, &entry, err);
    return rc == 0 ? check_text(&value, pair->value, &entry, err) : rc;
}

static int check_pairs(
    const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    const struct cv_spec_pairs* pairs = value;
    int                         rc    = check_limit(pairs->count, CV_SPEC_MAX_PAIRS, path, err);
    for (size_t i = 0; i < pairs->count && rc == 0; i++) {
        rc = check_pair(field, &pairs->items[i], path, err);
        for (size_t j = 0; j < i && rc == 0; j++)
            if (strcmp(pairs->items[i].key, pairs->items[j].key) == 0)
                rc = cv_path_error(err, path, "'%s' is there twice", pairs->items[i].key);
    }
    return rc;
}

static int check_map(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    const struct cv_field key_rule = { .check = cv_check_file_name };
    struct cv_any_list    list     = cv_list_load(value);
    int                   rc       = check_limit(list.count, CV_SPEC_MAX_PAIRS, path, err);
    for (size_t i = 0; i < list.count && rc == 0; i++) {
        const void*          item  = at(list.items, i * field->table->size);
        const char*          key   = *(char* const*)at(item, field->table->key);
        const struct cv_path entry = { path, key != NULL ? key : "", SIZE_MAX };
        if ((rc = check_text(&key_rule, key, &entry, err)) == 0)
            rc = cv_table_check(field->table, item, &entry, err);
        for (size_t j = 0; j < i && rc == 0; j++)
            if (strcmp(key, *(char* const*)at(list.items, j * field->table->size + field->table->key)) == 0)
                rc = cv_path_error(err, path, "'%s' is there twice", key);
    }
    return rc;
}

static int check_bits(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    uint32_t rest = *(const uint32_t*)value;
    for (const struct cv_word* word = field->words; word->name != NULL; word++)
        rest &= ~word->value;
    return rest == 0 ? 0 : cv_path_error(err, path, "unknown bits 0x%" PRIx32, rest);
}

static int check_word(const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    uint32_t word = *(const uint32_t*)value;
    return cv_words_name(field->words, word) != NULL ? 0 : cv_path_error(err, path, "unknown value %" PRIu32, word);
}

static int check_object(
    const struct cv_field* field, const void* value, const struct cv_path* path, struct cv_error* err)
{
    return cv_table_check(field->table, value, path, err);
}

/* Kinds that are not here hold nothing that could be wrong. */
static const check_fn checks[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = check_string,
    [CV_KIND_JSON]     = check_json,
    [CV_KIND_U32]      = check_u32,
    [CV_KIND_U64]      = check_u64,
    [CV_KIND_I64]      = check_i64,
    [CV_KIND_OPT_INT]  = check_opt_int,
    [CV_KIND_OPT_UINT] = check_opt_uint,
    [CV_KIND_STRV]     = check_strv,
    [CV_KIND_U32_LIST] = check_u32_list,
    [CV_KIND_PAIRS]    = check_pairs,
    [CV_KIND_OBJECT]   = check_object,
    [CV_KIND_LIST]     = check_list,
    [CV_KIND_MAP]      = check_map,
    [CV_KIND_BITS]     = check_bits,
    [CV_KIND_WORD]     = check_word,
};

static int check_absent(
    const struct cv_field* field, const void* base, const struct cv_path* path, struct cv_error* err)
{
    const unsigned numbers = 1u << CV_KIND_U32 | 1u << CV_KIND_U64 | 1u << CV_KIND_I64 | 1u << CV_KIND_BOOL;
    if ((field->flags & CV_FIELD_REQUIRED) != 0 && (numbers >> field->kind & 1u) == 0)
        return cv_path_error(err, path, "is missing");
    /* Whoever filled it in forgot to say so: it would be lost when written. */
    if (field->kind == CV_KIND_OBJECT && field->set_offset != CV_NO_OFFSET
        && !cv_table_zero(field->table, at(base, field->offset)))
        return cv_path_error(err, path, "has fields but is not marked as set");
    return 0;
}

int cv_table_check(const struct cv_table* table, const void* base, const struct cv_path* path, struct cv_error* err)
{
    int rc = 0;
    for (size_t i = 0; i < table->count && rc == 0; i++) {
        const struct cv_field* field = &table->fields[i];
        const struct cv_path   entry = { path, field->key, 0 };
        if (cv_field_zero(field, base))
            rc = check_absent(field, base, &entry, err);
        else if (checks[field->kind] != NULL)
            rc = checks[field->kind](field, at(base, field->offset), &entry, err);
    }
    return rc;
}
