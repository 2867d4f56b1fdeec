#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec-test.h"

const char* const spec_documents[] = { "linux.json", "layers.json", "policy.json", "supervised.json", "windows.json",
    "windows-credential.json", "other.json", NULL };

char* spec_data(const char* name, size_t* length_out)
{
    char path[1024];
    assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", CV_SPEC_DATA, name) < sizeof(path));
    FILE* file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("can't open %s", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char* text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    text[size]  = '\0';
    *length_out = (size_t)size;
    return text;
}

struct cv_spec* spec_load(const char* name)
{
    struct cv_error err    = CV_ERROR_INIT;
    struct cv_spec* spec   = NULL;
    size_t          length = 0;
    char*           text   = spec_data(name, &length);
    if (cv_spec_parse(text, length, &spec, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    free(text);
    return spec;
}

uint64_t spec_random_next(struct spec_random* random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z          = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z          = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t spec_random_below(struct spec_random* random, uint64_t limit)
{
    return spec_random_next(random) % limit;
}

static void* at(void* base, size_t offset)
{
    return (char*)base + offset;
}

static char* random_text(struct spec_random* random)
{
    static const char* const pieces[]  = { "a", "Z", "/", " ", "\"", "\\", "\n", "\t", "\x01", "\x1f", "\x7f", "ä",
         "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbd", "=", ":", "0", "{", "]", ",", "'", "\r", "\b" };
    char                     text[128] = "";
    for (uint64_t i = spec_random_below(random, 20); i > 0; i--)
        strncat(text, pieces[spec_random_below(random, CV_ARRAY_LEN(pieces))], sizeof(text) - strlen(text) - 1);
    char* copy = strdup(text);
    assert_non_null(copy);
    return copy;
}

/* Small, large, and at the ends. */
static uint64_t random_number(struct spec_random* random, uint64_t min, uint64_t max)
{
    uint64_t span = max - min;
    switch (spec_random_below(random, 4)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return min + spec_random_below(random, span < 100 ? span + 1 : 100);
    default:
        return min + (span == UINT64_MAX ? spec_random_next(random) : spec_random_below(random, span + 1));
    }
}

static uint64_t row_unsigned(const struct cv_field* field, struct spec_random* random, uint64_t top)
{
    bool whole = field->min == 0 && field->max == 0;
    return random_number(random, whole ? 0 : (uint64_t)field->min, whole ? top : field->max);
}

static int64_t row_signed(const struct cv_field* field, struct spec_random* random)
{
    bool whole = field->min == 0 && field->max == 0;
    return (int64_t)random_number(
        random, whole ? (uint64_t)INT64_MIN : (uint64_t)field->min, whole ? INT64_MAX : field->max);
}

static void generate_string(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    *(char**)value = random_text(random);
}

static void generate_json(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    *(char**)value = strdup(spec_random_below(random, 2) ? "{\"a\":[1,-2,\"x\"],\"b\":null}" : "{}");
}

static void generate_bool(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    *(bool*)value = spec_random_below(random, 2);
}

static void generate_u32(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    *(uint32_t*)value = (uint32_t)row_unsigned(field, random, UINT32_MAX);
}

static void generate_u64(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    *(uint64_t*)value = row_unsigned(field, random, UINT64_MAX);
}

static void generate_i64(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    *(int64_t*)value = row_signed(field, random);
}

static void generate_opt_int(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    *(struct cv_opt_int*)value = (struct cv_opt_int){ true, row_signed(field, random) };
}

static void generate_opt_uint(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    *(struct cv_opt_uint*)value = (struct cv_opt_uint){ true, row_unsigned(field, random, UINT64_MAX) };
}

static void generate_opt_bool(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    *(struct cv_opt_bool*)value = (struct cv_opt_bool){ true, spec_random_below(random, 2) };
}

static void generate_strv(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    for (uint64_t i = spec_random_below(random, 4); i > 0; i--)
        assert_int_equal(cv_strv_append_steal(value, random_text(random)), 0);
}

static struct cv_any_list new_list(void* value, size_t size, struct spec_random* random)
{
    struct cv_any_list list = { NULL, spec_random_below(random, 4) };
    if (list.count > 0) {
        list.items = calloc(list.count, size);
        assert_non_null(list.items);
        cv_list_store(value, list);
    }
    return list;
}

static void generate_u32_list(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    struct cv_any_list list = new_list(value, sizeof(uint32_t), random);
    for (size_t i = 0; i < list.count; i++)
        ((uint32_t*)list.items)[i] = (uint32_t)random_number(random, 0, UINT32_MAX);
}

/* A key that no other entry has. */
static char* random_key(size_t index, struct spec_random* random)
{
    char  text[160];
    char* tail = random_text(random);
    snprintf(text, sizeof(text), "%zu%s", 9 - index, tail);
    free(tail);
    char* key = strdup(text);
    assert_non_null(key);
    return key;
}

static void generate_pairs(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)field, (void)depth;
    struct cv_any_list list = new_list(value, sizeof(struct cv_spec_pair), random);
    for (size_t i = 0; i < list.count; i++)
        ((struct cv_spec_pair*)list.items)[i] = (struct cv_spec_pair){ random_key(i, random), random_text(random) };
}

static void generate_list(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    struct cv_any_list list = new_list(value, field->table->size, random);
    for (size_t i = 0; i < list.count; i++) {
        void* item = at(list.items, i * field->table->size);
        if (field->kind == CV_KIND_MAP)
            *(char**)at(item, field->table->key) = random_key(i, random);
        spec_generate(field->table, item, random, depth + 1);
    }
}

static size_t word_count(const struct cv_word* words)
{
    size_t count = 0;
    while (words[count].name != NULL)
        count++;
    return count;
}

static void generate_word(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    *(uint32_t*)value = field->words[spec_random_below(random, word_count(field->words))].value;
}

static void generate_bits(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    (void)depth;
    for (size_t i = 0; i < word_count(field->words); i++)
        if (spec_random_below(random, 2))
            *(uint32_t*)value |= field->words[i].value;
}

static void generate_object(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth)
{
    spec_generate(field->table, value, random, depth + 1);
}

typedef void (*generate_fn)(const struct cv_field* field, void* value, struct spec_random* random, unsigned depth);

static const generate_fn generators[CV_KIND_COUNT] = {
    [CV_KIND_STRING]   = generate_string,
    [CV_KIND_JSON]     = generate_json,
    [CV_KIND_BOOL]     = generate_bool,
    [CV_KIND_NOT_BOOL] = generate_bool,
    [CV_KIND_U32]      = generate_u32,
    [CV_KIND_U64]      = generate_u64,
    [CV_KIND_I64]      = generate_i64,
    [CV_KIND_OPT_INT]  = generate_opt_int,
    [CV_KIND_OPT_UINT] = generate_opt_uint,
    [CV_KIND_OPT_BOOL] = generate_opt_bool,
    [CV_KIND_STRV]     = generate_strv,
    [CV_KIND_U32_LIST] = generate_u32_list,
    [CV_KIND_PAIRS]    = generate_pairs,
    [CV_KIND_OBJECT]   = generate_object,
    [CV_KIND_LIST]     = generate_list,
    [CV_KIND_MAP]      = generate_list,
    [CV_KIND_BITS]     = generate_bits,
    [CV_KIND_WORD]     = generate_word,
};

void spec_generate(const struct cv_table* table, void* base, struct spec_random* random, unsigned depth)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cv_field* field = &table->fields[i];
        if (spec_random_below(random, 2) == 0)
            continue;
        if (field->set_offset != CV_NO_OFFSET)
            *(bool*)at(base, field->set_offset) = true;
        generators[field->kind](field, at(base, field->offset), random, depth);
    }
}
