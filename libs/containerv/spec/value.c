/* Comparing, copying and freeing by the field tables: one small function per kind and verb. */
#include <stdlib.h>
#include <string.h>

#include "fields.h"

#include <cv/banned.h>

struct cv_any_list cv_list_load(const void* list)
{
    struct cv_any_list value;
    memcpy(&value, list, sizeof(value));
    return value;
}

void cv_list_store(void* list, struct cv_any_list value)
{
    memcpy(list, &value, sizeof(value));
}

struct value_ops {
    bool (*zero)(const struct cv_field* field, const void* value);
    bool (*equal)(const struct cv_field* field, const void* a, const void* b);
    int (*copy)(const struct cv_field* field, void* to, const void* from);
    void (*release)(const struct cv_field* field, void* value);
    size_t size; /* of a value that owns nothing: the functions above are then not needed */
};

static const struct value_ops ops[CV_KIND_COUNT];

static const void* at(const void* base, size_t offset)
{
    return (const char*)base + offset;
}

static void* at_mutable(void* base, size_t offset)
{
    return (char*)base + offset;
}

static bool all_zero(const void* value, size_t size)
{
    const unsigned char* bytes = value;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* Strings */

static bool string_zero(CV_UNUSED const struct cv_field* field, const void* value)
{
    return *(char* const*)value == NULL;
}

static bool same_text(const char* a, const char* b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool string_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    return same_text(*(char* const*)a, *(char* const*)b);
}

static int copy_text(char** to, const char* from)
{
    *to = from != NULL ? strdup(from) : NULL;
    return from != NULL && *to == NULL ? CV_ERR_NO_MEMORY : 0;
}

static int string_copy(CV_UNUSED const struct cv_field* field, void* to, const void* from)
{
    return copy_text(to, *(char* const*)from);
}

static void string_release(CV_UNUSED const struct cv_field* field, void* value)
{
    char** text = value;
    free(*text);
    *text = NULL;
}

/* Optional numbers: padding inside the structs is not part of the value. */

static bool opt_int_zero(CV_UNUSED const struct cv_field* field, const void* value)
{
    return !((const struct cv_opt_int*)value)->set;
}

static bool opt_int_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    const struct cv_opt_int *x = a, *y = b;
    return x->set == y->set && (!x->set || x->value == y->value);
}

static bool opt_uint_zero(CV_UNUSED const struct cv_field* field, const void* value)
{
    return !((const struct cv_opt_uint*)value)->set;
}

static bool opt_uint_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    const struct cv_opt_uint *x = a, *y = b;
    return x->set == y->set && (!x->set || x->value == y->value);
}

static bool opt_bool_zero(CV_UNUSED const struct cv_field* field, const void* value)
{
    return !((const struct cv_opt_bool*)value)->set;
}

static bool opt_bool_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    const struct cv_opt_bool *x = a, *y = b;
    return x->set == y->set && (!x->set || x->value == y->value);
}

/* Lists of strings and of numbers */

static bool list_zero(CV_UNUSED const struct cv_field* field, const void* value)
{
    return cv_list_load(value).count == 0;
}

static bool strv_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    return cv_strv_equal(a, b);
}

static int strv_copy(CV_UNUSED const struct cv_field* field, void* to, const void* from)
{
    return cv_strv_copy(to, from);
}

static void strv_release(CV_UNUSED const struct cv_field* field, void* value)
{
    cv_strv_release(value);
    memset(value, 0, sizeof(struct cv_strv));
}

static bool u32_list_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    struct cv_any_list x = cv_list_load(a), y = cv_list_load(b);
    return x.count == y.count && (x.count == 0 || memcmp(x.items, y.items, x.count * sizeof(uint32_t)) == 0);
}

static int u32_list_copy(CV_UNUSED const struct cv_field* field, void* to, const void* from)
{
    struct cv_any_list list = cv_list_load(from);
    if (list.count == 0)
        return 0;
    uint32_t* items = calloc(list.count, sizeof(uint32_t));
    if (items == NULL)
        return CV_ERR_NO_MEMORY;
    memcpy(items, list.items, list.count * sizeof(uint32_t));
    cv_list_store(to, (struct cv_any_list){ items, list.count });
    return 0;
}

static void u32_list_release(CV_UNUSED const struct cv_field* field, void* value)
{
    free(cv_list_load(value).items);
    cv_list_store(value, (struct cv_any_list){ NULL, 0 });
}

/* Pairs: the order is no part of the value. */

static const char* pair_value(const struct cv_spec_pairs* pairs, size_t hint, const char* key)
{
    if (same_text(pairs->items[hint].key, key))
        return pairs->items[hint].value;
    for (size_t i = 0; i < pairs->count; i++)
        if (same_text(pairs->items[i].key, key))
            return pairs->items[i].value;
    return NULL;
}

static bool pairs_equal(CV_UNUSED const struct cv_field* field, const void* a, const void* b)
{
    const struct cv_spec_pairs *x = a, *y = b;
    if (x->count != y->count)
        return false;
    for (size_t i = 0; i < x->count; i++) {
        const char* other = pair_value(y, i, x->items[i].key);
        if (other == NULL || !same_text(x->items[i].value, other))
            return false;
    }
    return true;
}

static void pairs_release(CV_UNUSED const struct cv_field* field, void* value)
{
    struct cv_spec_pairs* pairs = value;
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].key);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct cv_spec_pairs){ NULL, 0 };
}

static int pairs_copy(CV_UNUSED const struct cv_field* field, void* to, const void* from)
{
    const struct cv_spec_pairs* pairs = from;
    struct cv_spec_pairs*       copy  = to;
    if (pairs->count == 0)
        return 0;
    copy->items = calloc(pairs->count, sizeof(*copy->items));
    if (copy->items == NULL)
        return CV_ERR_NO_MEMORY;
    copy->count = pairs->count;
    for (size_t i = 0; i < pairs->count; i++)
        if (copy_text(&copy->items[i].key, pairs->items[i].key) < 0
            || copy_text(&copy->items[i].value, pairs->items[i].value) < 0)
            return CV_ERR_NO_MEMORY;
    return 0;
}

/* Lists of structs, and objects keyed by a name */

static char** key_of(const struct cv_field* field, void* item)
{
    return field->kind == CV_KIND_MAP ? (char**)at_mutable(item, field->table->key) : NULL;
}

static bool struct_list_equal(const struct cv_field* field, const void* a, const void* b)
{
    struct cv_any_list x = cv_list_load(a), y = cv_list_load(b);
    if (x.count != y.count)
        return false;
    for (size_t i = 0; i < x.count; i++) {
        void *x_item = at_mutable(x.items, i * field->table->size),
             *y_item = at_mutable(y.items, i * field->table->size);
        char **x_key = key_of(field, x_item), **y_key = key_of(field, y_item);
        if ((x_key != NULL && !same_text(*x_key, *y_key)) || !cv_table_equal(field->table, x_item, y_item))
            return false;
    }
    return true;
}

static int struct_list_copy(const struct cv_field* field, void* to, const void* from)
{
    struct cv_any_list list = cv_list_load(from);
    if (list.count == 0)
        return 0;
    struct cv_any_list copy = { calloc(list.count, field->table->size), list.count };
    if (copy.items == NULL)
        return CV_ERR_NO_MEMORY;
    cv_list_store(to, copy);
    for (size_t i = 0; i < list.count; i++) {
        void *item = at_mutable(copy.items, i * field->table->size),
             *old  = at_mutable(list.items, i * field->table->size);
        if (key_of(field, item) != NULL && copy_text(key_of(field, item), *key_of(field, old)) < 0)
            return CV_ERR_NO_MEMORY;
        if (cv_table_copy(field->table, item, old) < 0)
            return CV_ERR_NO_MEMORY;
    }
    return 0;
}

static void struct_list_release(const struct cv_field* field, void* value)
{
    struct cv_any_list list = cv_list_load(value);
    for (size_t i = 0; i < list.count; i++) {
        void* item = at_mutable(list.items, i * field->table->size);
        if (key_of(field, item) != NULL)
            free(*key_of(field, item));
        cv_table_release(field->table, item);
    }
    free(list.items);
    cv_list_store(value, (struct cv_any_list){ NULL, 0 });
}

/* Objects: the functions of a kind get the member, and the bool that says "given" is relative to the parent, so both are handled in
 * the cv_table_*() loops below. */

static bool object_zero(const struct cv_field* field, const void* value)
{
    return cv_table_zero(field->table, value);
}

static bool object_equal(const struct cv_field* field, const void* a, const void* b)
{
    return cv_table_equal(field->table, a, b);
}

static int object_copy(const struct cv_field* field, void* to, const void* from)
{
    return cv_table_copy(field->table, to, from);
}

static void object_release(const struct cv_field* field, void* value)
{
    cv_table_release(field->table, value);
}

static const struct value_ops ops[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = { string_zero, string_equal, string_copy, string_release, 0 },
    [CV_KIND_JSON]     = { string_zero, string_equal, string_copy, string_release, 0 },
    [CV_KIND_BOOL]     = { .size = sizeof(bool) },
    [CV_KIND_NOT_BOOL] = { .size = sizeof(bool) },
    [CV_KIND_U32]      = { .size = sizeof(uint32_t) },
    [CV_KIND_U64]      = { .size = sizeof(uint64_t) },
    [CV_KIND_I64]      = { .size = sizeof(int64_t) },
    [CV_KIND_OPT_INT]  = { opt_int_zero, opt_int_equal, NULL, NULL, sizeof(struct cv_opt_int) },
    [CV_KIND_OPT_UINT] = { opt_uint_zero, opt_uint_equal, NULL, NULL, sizeof(struct cv_opt_uint) },
    [CV_KIND_OPT_BOOL] = { opt_bool_zero, opt_bool_equal, NULL, NULL, sizeof(struct cv_opt_bool) },
    [CV_KIND_STRV]     = { list_zero, strv_equal, strv_copy, strv_release, 0 },
    [CV_KIND_U32_LIST] = { list_zero, u32_list_equal, u32_list_copy, u32_list_release, 0 },
    [CV_KIND_PAIRS]    = { list_zero, pairs_equal, pairs_copy, pairs_release, 0 },
    [CV_KIND_OBJECT]   = { object_zero, object_equal, object_copy, object_release, 0 },
    [CV_KIND_LIST]     = { list_zero, struct_list_equal, struct_list_copy, struct_list_release, 0 },
    [CV_KIND_MAP]      = { list_zero, struct_list_equal, struct_list_copy, struct_list_release, 0 },
    [CV_KIND_BITS]     = { .size = sizeof(uint32_t) },
    [CV_KIND_WORD]     = { .size = sizeof(uint32_t) },
};

static bool given(const struct cv_field* field, const void* base)
{
    return field->set_offset == CV_NO_OFFSET || *(const bool*)at(base, field->set_offset);
}

bool cv_field_zero(const struct cv_field* field, const void* base)
{
    const struct value_ops* op    = &ops[field->kind];
    const void*             value = at(base, field->offset);
    if (field->kind == CV_KIND_OBJECT && field->set_offset != CV_NO_OFFSET)
        return !given(field, base);
    return op->zero != NULL ? op->zero(field, value) : all_zero(value, op->size);
}

bool cv_table_zero(const struct cv_table* table, const void* base)
{
    for (size_t i = 0; i < table->count; i++)
        if (!cv_field_zero(&table->fields[i], base))
            return false;
    return true;
}

static bool field_equal(const struct cv_field* field, const void* a, const void* b)
{
    const struct value_ops* op = &ops[field->kind];
    if (given(field, a) != given(field, b))
        return false;
    if (!given(field, a))
        return true;
    const void *x = at(a, field->offset), *y = at(b, field->offset);
    return op->equal != NULL ? op->equal(field, x, y) : memcmp(x, y, op->size) == 0;
}

bool cv_table_equal(const struct cv_table* table, const void* a, const void* b)
{
    for (size_t i = 0; i < table->count; i++)
        if (!field_equal(&table->fields[i], a, b))
            return false;
    return true;
}

static int field_copy(const struct cv_field* field, void* to, const void* from)
{
    const struct value_ops* op = &ops[field->kind];
    if (field->set_offset != CV_NO_OFFSET)
        *(bool*)at_mutable(to, field->set_offset) = given(field, from);
    if (op->copy != NULL)
        return op->copy(field, at_mutable(to, field->offset), at(from, field->offset));
    memcpy(at_mutable(to, field->offset), at(from, field->offset), op->size);
    return 0;
}

int cv_table_copy(const struct cv_table* table, void* to, const void* from)
{
    for (size_t i = 0; i < table->count; i++)
        if (field_copy(&table->fields[i], to, from) < 0)
            return CV_ERR_NO_MEMORY;
    return 0;
}

void cv_table_release(const struct cv_table* table, void* base)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_field*  field = &table->fields[i];
        const struct value_ops* op    = &ops[field->kind];
        if (op->release != NULL)
            op->release(field, at_mutable(base, field->offset));
        else
            memset(at_mutable(base, field->offset), 0, op->size);
        if (field->set_offset != CV_NO_OFFSET)
            *(bool*)at_mutable(base, field->set_offset) = false;
    }
}
