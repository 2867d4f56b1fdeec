/* Printing by the field tables, straight into a growing string: jansson's tree can't hold numbers above INT64_MAX. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "fields.h"

#include <cv/banned.h>

struct writer {
    struct cv_str    out;
    struct cv_error* err;
};

typedef int (*write_fn)(struct writer* w, const struct cv_field* field, const void* value, const struct cv_path* path);

static int write_table(struct writer* w, const struct cv_table* table, const void* base, const struct cv_path* path);

static const void* at(const void* base, size_t offset)
{
    return (const char*)base + offset;
}

static void put(struct writer* w, const char* text)
{
    cv_str_append(&w->out, text);
}

static const char* escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static int put_string(struct writer* w, const char* text, const struct cv_path* path)
{
    if (!cv_utf8_valid(text, strlen(text)))
        return cv_path_error(w->err, path, "is not UTF-8");
    put(w, "\"");
    for (const char* rest = text; *rest != '\0';) {
        size_t plain = 0;
        while ((unsigned char)rest[plain] >= 0x20 && rest[plain] != '"' && rest[plain] != '\\')
            plain++;
        cv_str_append_bytes(&w->out, rest, plain);
        rest += plain;
        if (*rest == '\0')
            break;
        if (escape((unsigned char)*rest) != NULL)
            put(w, escape((unsigned char)*rest));
        else
            cv_str_printf(&w->out, "\\u%04x", (unsigned)(unsigned char)*rest);
        rest++;
    }
    put(w, "\"");
    return 0;
}

static int write_string(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path)
{
    return put_string(w, *(char* const*)value, path);
}

static int write_json(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path)
{
    const char* text = *(char* const*)value;
    int         rc   = cv_json_check(text, path, w->err);
    if (rc == 0)
        put(w, text);
    return rc;
}

static int put_bool(struct writer* w, bool value)
{
    put(w, value ? "true" : "false");
    return 0;
}

static int write_bool(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_bool(w, *(const bool*)value);
}

static int write_not_bool(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_bool(w, !*(const bool*)value);
}

static int write_opt_bool(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_bool(w, ((const struct cv_opt_bool*)value)->value);
}

static int put_unsigned(struct writer* w, uint64_t value)
{
    cv_str_printf(&w->out, "%" PRIu64, value);
    return 0;
}

static int put_signed(struct writer* w, int64_t value)
{
    cv_str_printf(&w->out, "%" PRId64, value);
    return 0;
}

static int write_u32(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_unsigned(w, *(const uint32_t*)value);
}

static int write_u64(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_unsigned(w, *(const uint64_t*)value);
}

static int write_i64(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_signed(w, *(const int64_t*)value);
}

static int write_opt_int(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_signed(w, ((const struct cv_opt_int*)value)->value);
}

static int write_opt_uint(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, CV_UNUSED const struct cv_path* path)
{
    return put_unsigned(w, ((const struct cv_opt_uint*)value)->value);
}

/* One entry of a list: what comes between two, and its path. */
static struct cv_path next(struct writer* w, const struct cv_path* path, size_t index)
{
    if (index > 0)
        put(w, ",");
    return (struct cv_path){ path, NULL, index };
}

static int write_strv(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path)
{
    const struct cv_strv* list = value;
    put(w, "[");
    for (size_t i = 0; i < list->count; i++) {
        const struct cv_path entry = next(w, path, i);
        int                  rc    = put_string(w, list->items[i], &entry);
        if (rc < 0)
            return rc;
    }
    put(w, "]");
    return 0;
}

static int write_u32_list(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path)
{
    struct cv_any_list list = cv_list_load(value);
    put(w, "[");
    for (size_t i = 0; i < list.count; i++) {
        next(w, path, i);
        put_unsigned(w, ((const uint32_t*)list.items)[i]);
    }
    put(w, "]");
    return 0;
}

static int write_list(struct writer* w, const struct cv_field* field, const void* value, const struct cv_path* path)
{
    struct cv_any_list list = cv_list_load(value);
    put(w, "[");
    for (size_t i = 0; i < list.count; i++) {
        const struct cv_path entry = next(w, path, i);
        int                  rc    = write_table(w, field->table, at(list.items, i * field->table->size), &entry);
        if (rc < 0)
            return rc;
    }
    put(w, "]");
    return 0;
}

static int by_key(const void* a, const void* b)
{
    const struct cv_spec_pair *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

static int write_sorted(struct writer* w, const struct cv_spec_pair** pairs, size_t count, const struct cv_path* path)
{
    qsort(pairs, count, sizeof(*pairs), by_key);
    put(w, "{");
    for (size_t i = 0; i < count; i++) {
        const struct cv_path entry = { path, pairs[i]->key, SIZE_MAX };
        next(w, path, i);
        int rc = put_string(w, pairs[i]->key, &entry);
        put(w, ":");
        if (rc < 0 || (rc = put_string(w, pairs[i]->value, &entry)) < 0)
            return rc;
    }
    put(w, "}");
    return 0;
}

static int write_pairs(
    struct writer* w, CV_UNUSED const struct cv_field* field, const void* value, const struct cv_path* path)
{
    const struct cv_spec_pairs* pairs  = value;
    const struct cv_spec_pair** sorted = calloc(pairs->count, sizeof(struct cv_spec_pair*));
    if (sorted == NULL)
        return cv_error_no_memory(w->err);
    for (size_t i = 0; i < pairs->count; i++)
        sorted[i] = &pairs->items[i];
    int rc = write_sorted(w, sorted, pairs->count, path);
    free(sorted);
    return rc;
}

static int write_map(struct writer* w, const struct cv_field* field, const void* value, const struct cv_path* path)
{
    struct cv_any_list list = cv_list_load(value);
    put(w, "{");
    for (size_t i = 0; i < list.count; i++) {
        const void*          item  = at(list.items, i * field->table->size);
        const char*          key   = *(char* const*)at(item, field->table->key);
        const struct cv_path entry = { path, key, SIZE_MAX };
        next(w, path, i);
        int rc = put_string(w, key, &entry);
        put(w, ":");
        if (rc < 0 || (rc = write_table(w, field->table, item, &entry)) < 0)
            return rc;
    }
    put(w, "}");
    return 0;
}

static int put_word(struct writer* w, const struct cv_field* field, uint32_t value, const struct cv_path* path)
{
    const char* name = cv_words_name(field->words, value);
    if (name == NULL)
        return cv_path_error(w->err, path, "there is no name for %" PRIu32, value);
    return put_string(w, name, path);
}

static int write_word(struct writer* w, const struct cv_field* field, const void* value, const struct cv_path* path)
{
    return put_word(w, field, *(const uint32_t*)value, path);
}

static int write_bits(struct writer* w, const struct cv_field* field, const void* value, const struct cv_path* path)
{
    size_t count = 0;
    put(w, "[");
    for (uint32_t rest = *(const uint32_t*)value; rest != 0; rest &= rest - 1) {
        next(w, path, count++);
        int rc = put_word(w, field, rest & ~(rest - 1), path);
        if (rc < 0)
            return rc;
    }
    put(w, "]");
    return 0;
}

static int write_object(struct writer* w, const struct cv_field* field, const void* value, const struct cv_path* path)
{
    return write_table(w, field->table, value, path);
}

static const write_fn writers[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = write_string,
    [CV_KIND_JSON]     = write_json,
    [CV_KIND_BOOL]     = write_bool,
    [CV_KIND_NOT_BOOL] = write_not_bool,
    [CV_KIND_U32]      = write_u32,
    [CV_KIND_U64]      = write_u64,
    [CV_KIND_I64]      = write_i64,
    [CV_KIND_OPT_INT]  = write_opt_int,
    [CV_KIND_OPT_UINT] = write_opt_uint,
    [CV_KIND_OPT_BOOL] = write_opt_bool,
    [CV_KIND_STRV]     = write_strv,
    [CV_KIND_U32_LIST] = write_u32_list,
    [CV_KIND_PAIRS]    = write_pairs,
    [CV_KIND_OBJECT]   = write_object,
    [CV_KIND_LIST]     = write_list,
    [CV_KIND_MAP]      = write_map,
    [CV_KIND_BITS]     = write_bits,
    [CV_KIND_WORD]     = write_word,
};

/* A required string that is not there yet has no written form. */
static bool written(const struct cv_field* field, const void* base)
{
    const unsigned numbers = 1u << CV_KIND_U32 | 1u << CV_KIND_U64 | 1u << CV_KIND_I64 | 1u << CV_KIND_BOOL;
    bool           always  = (field->flags & CV_FIELD_ALWAYS) != 0
                  || ((field->flags & CV_FIELD_REQUIRED) != 0 && (numbers >> field->kind & 1u) != 0);
    return always || !cv_field_zero(field, base);
}

static int write_table(struct writer* w, const struct cv_table* table, const void* base, const struct cv_path* path)
{
    bool first = true;
    put(w, "{");
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_field* field = &table->fields[i];
        const struct cv_path   entry = { path, field->key, 0 };
        if (!written(field, base))
            continue;
        cv_str_printf(&w->out, "%s\"%s\":", first ? "" : ",", field->key);
        first  = false;
        int rc = writers[field->kind](w, field, at(base, field->offset), &entry);
        if (rc < 0)
            return rc;
    }
    put(w, "}");
    return 0;
}

int cv_table_print(
    const struct cv_table* table, const void* base, char** text_out, size_t* length_out, struct cv_error* err)
{
    struct writer w = { .err = err };
    cv_str_init(&w.out);
    int    rc     = write_table(&w, table, base, NULL);
    size_t length = w.out.length;
    char*  text   = rc == 0 ? cv_str_steal(&w.out, err) : NULL;
    cv_str_release(&w.out);
    if (text == NULL)
        return rc < 0 ? rc : CV_ERR_NO_MEMORY;
    *text_out = text;
    if (length_out != NULL)
        *length_out = length;
    return 0;
}
