/*
 * The one description of config.json: a table of rows per JSON object, in the order in which they are written. Reading, printing,
 * comparing, copying, freeing and the structural checks all walk these tables; a new field is a row here and a member in spec.h.
 */
#ifndef CV_SPEC_FIELDS_H
#define CV_SPEC_FIELDS_H

#include "spec.h"

enum cv_field_kind {
    CV_KIND_STRING,   /* char* */
    CV_KIND_JSON,     /* char*, the compact text of any JSON object */
    CV_KIND_BOOL,     /* bool */
    CV_KIND_NOT_BOOL, /* bool that is written negated */
    CV_KIND_U32,
    CV_KIND_U64,
    CV_KIND_I64,
    CV_KIND_OPT_INT,  /* struct cv_opt_int */
    CV_KIND_OPT_UINT, /* struct cv_opt_uint */
    CV_KIND_OPT_BOOL, /* struct cv_opt_bool */
    CV_KIND_STRV,     /* struct cv_strv */
    CV_KIND_U32_LIST, /* uint32_t* and size_t, side by side */
    CV_KIND_PAIRS,    /* struct cv_spec_pairs, an object of strings */
    CV_KIND_OBJECT,   /* members of the same struct, or of a struct inside it */
    CV_KIND_LIST,     /* items and count of a struct */
    CV_KIND_MAP,      /* the same, written as an object keyed by the member at table->key */
    CV_KIND_BITS,     /* uint32_t, written as a list of names */
    CV_KIND_WORD,     /* uint32_t, written as a name */
    CV_KIND_COUNT
};

enum cv_field_flags {
    CV_FIELD_REQUIRED = 1 << 0, /* must be there; a number is then always written */
    CV_FIELD_ALWAYS   = 1 << 1, /* always written */
    CV_FIELD_OCI_ANY  = 1 << 2, /* CV_KIND_STRV: entries may be empty strings (arguments) */
};

/* A name and its number; tables end with a NULL name. */
struct cv_word {
    const char* name;
    uint32_t    value;
};

/* NULL when the string is fine, else what is allowed: "an absolute path". */
typedef const char* (*cv_field_check)(const char* value);

#define CV_NO_OFFSET SIZE_MAX

struct cv_table;

struct cv_field {
    const char*        key;
    enum cv_field_kind kind;
    unsigned           flags;
    size_t             offset;
    size_t
        set_offset; /* CV_KIND_OBJECT: of the bool that says whether it was given; CV_NO_OFFSET: given when not all zero */
    const struct cv_table* table; /* CV_KIND_OBJECT, _LIST, _MAP */
    const struct cv_word*  words; /* CV_KIND_BITS, _WORD; CV_KIND_STRING and _STRV: the only values allowed */
    cv_field_check         check; /* CV_KIND_STRING; each entry of CV_KIND_STRV */
    int64_t                min;   /* numbers: the range; both 0 is the whole range of the kind */
    uint64_t               max;
};

struct cv_table {
    const struct cv_field* fields;
    size_t                 count;
    size_t                 size;   /* of the struct; what a list's entry takes */
    size_t                 key;    /* CV_KIND_MAP: offset of the char* that is the key */
    bool                   strict; /* unknown keys are errors */
    bool                   nulls;  /* a null is the same as no key */
};

extern const struct cv_table cv_table_spec;           /* struct cv_spec */
extern const struct cv_table cv_table_process;        /* struct cv_spec_process */
extern const struct cv_table cv_table_linux;          /* struct cv_spec_linux */
extern const struct cv_table cv_table_resources;      /* struct cv_spec_resources */
extern const struct cv_table cv_table_hugepages;      /* struct cv_spec_hugepage_limit */
extern const struct cv_table cv_table_seccomp;        /* struct cv_spec_seccomp */
extern const struct cv_table cv_table_docker_seccomp; /* struct cv_spec_docker_seccomp */
extern const struct cv_table cv_table_windows;        /* struct cv_spec_windows */
extern const struct cv_table cv_table_vm;             /* struct cv_spec_vm */
extern const struct cv_table cv_table_solaris;        /* struct cv_spec_solaris */
extern const struct cv_table cv_table_extension;      /* struct cv_spec_extension */
extern const struct cv_table cv_table_id_map;         /* struct cv_spec_id_map */
extern const struct cv_table cv_table_namespace;      /* struct cv_spec_namespace */

/* Any list of spec.h, seen without its type. Read and written with memcpy: a T** is no void**. */
struct cv_any_list {
    void*  items;
    size_t count;
};
struct cv_any_list cv_list_load(const void* list);
void               cv_list_store(void* list, struct cv_any_list value);

/* Where we are in the document: linked on the stack, rendered only for an error. A step with neither key is an index. */
struct cv_path {
    const struct cv_path* up;
    const char*           key;
    size_t                index;
};
/* "linux.sysctl["net.core"]", cut at the end when it does not fit. */
void cv_path_render(const struct cv_path* path, char* buffer, size_t size);
/* CV_ERR_INVALID "PATH: text", object = PATH. */
int cv_path_error(struct cv_error* err, const struct cv_path* path, const char* format, ...) CV_PRINTF(3, 4);

/* Values (value.c). `base` is the struct that the table describes. */
bool cv_field_zero(const struct cv_field* field, const void* base); /* nothing was given */
bool cv_table_zero(const struct cv_table* table, const void* base);
bool cv_table_equal(const struct cv_table* table, const void* a, const void* b);
int  cv_table_copy(const struct cv_table* table, void* to,
     const void* from); /* `to` must be all zero; CV_ERR_NO_MEMORY leaves it half done */
void cv_table_release(const struct cv_table* table, void* base); /* leaves it all zero */

/* Text (read.c, write.c). `base` must be all zero; on failure it is released. */
int cv_table_parse(const struct cv_table* table, const char* text, size_t length, void* base, struct cv_error* err);
int cv_table_print(
    const struct cv_table* table, const void* base, char** text_out, size_t* length_out, struct cv_error* err);

/* Whether a CV_KIND_JSON value is what reading gives: compact, sorted keys, no real numbers (read.c). */
int cv_json_check(const char* text, const struct cv_path* path, struct cv_error* err);

/* Copies a document, hides the numbers that jansson can't hold, and checks our bounds (scan.c). */
struct cv_scan {
    char*     text;
    uint64_t* numbers; /* above INT64_MAX; entry i stands in the text as the real number i + 0.5 */
    size_t    number_count;
};
int  cv_scan(const char* text, size_t length, struct cv_scan* scan_out, struct cv_error* err);
void cv_scan_release(struct cv_scan* scan);

/* What can be checked row by row (check.c): required, words, grammar, UTF-8, ranges, counts, objects that are used but not set. */
int cv_table_check(const struct cv_table* table, const void* base, const struct cv_path* path, struct cv_error* err);

/* What the words of a table are, for messages: "a, b or c". */
void        cv_words_render(const struct cv_word* words, char* buffer, size_t size);
const char* cv_words_name(const struct cv_word* words, uint32_t value);
bool        cv_words_value(const struct cv_word* words, const char* name, uint32_t* value_out);

/* Grammars (grammar.c) for rows. */
const char* cv_check_absolute(const char* value);     /* "/...", at most CV_SPEC_MAX_PATH bytes */
const char* cv_check_absolute_any(const char* value); /* the same, or a Windows path "C:\...", "\\..." */
const char* cv_check_mount_path(const char* value);   /* also a relative one */
const char* cv_check_env(const char* value);          /* NAME=value */
const char* cv_check_hostname(const char* value);
const char* cv_check_sysctl(const char* value);
const char* cv_check_capability(const char* value);
const char* cv_check_cpu_list(const char* value);      /* "0-3,7" */
const char* cv_check_page_size(const char* value);     /* "2MB" */
const char* cv_check_device_access(const char* value); /* of "rwm" */
const char* cv_check_cgroup_parent(const char* value); /* "/a/b" */
const char* cv_check_file_name(const char* value);     /* without '/' */
const char* cv_check_mem_bw(const char* value);        /* "MB:..." in one line */
const char* cv_check_kernel(const char* value);        /* "4.8" */
const char* cv_check_version(const char* value);       /* of OCI: "1.2.0", "1.0.2-dev" */
const char* cv_check_not_empty(const char* value);
const char* cv_check_no_new_line(const char* value);
const char* cv_check_label(const char* value);     /* one line, or empty: callers write that for none */
const char* cv_check_link_name(const char* value); /* of a network device in the container, may end with "%d" */

/* Rows. The type of the member is checked while compiling. */
#define CV_MEMBER(T, m) (((T*)0)->m)
#define CV_TYPED_OFFSET(T, m, want)                                                                                    \
    (offsetof(T, m) + 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(CV_MEMBER(T, m)), want) ? 1 : -1]))
#define CV_LIST_OFFSET(T, m)                                                                                           \
    (offsetof(T, m)                                                                                                    \
        + 0                                                                                                            \
              * sizeof(                                                                                                \
                  char[sizeof(CV_MEMBER(T, m)) == sizeof(struct cv_any_list) && offsetof(T, m.items) == offsetof(T, m) \
                               && offsetof(T, m.count) == offsetof(T, m) + offsetof(struct cv_any_list, count)         \
                           ? 1                                                                                         \
                           : -1]))

#define CV_ROW(T, m, k, KIND, TYPE, ...)                                                                               \
    {                                                                                                                  \
        .key = k, .kind = KIND, .offset = CV_TYPED_OFFSET(T, m, TYPE), .set_offset = CV_NO_OFFSET, __VA_ARGS__         \
    }
#define CV_STRING(T, m, k, ...)   CV_ROW(T, m, k, CV_KIND_STRING, char*, __VA_ARGS__)
#define CV_JSON(T, m, k)          CV_ROW(T, m, k, CV_KIND_JSON, char*, 0)
#define CV_BOOL(T, m, k, ...)     CV_ROW(T, m, k, CV_KIND_BOOL, bool, __VA_ARGS__)
#define CV_NOT_BOOL(T, m, k)      CV_ROW(T, m, k, CV_KIND_NOT_BOOL, bool, .flags = 0)
#define CV_U32(T, m, k, ...)      CV_ROW(T, m, k, CV_KIND_U32, uint32_t, __VA_ARGS__)
#define CV_U64(T, m, k, ...)      CV_ROW(T, m, k, CV_KIND_U64, uint64_t, __VA_ARGS__)
#define CV_I64(T, m, k, ...)      CV_ROW(T, m, k, CV_KIND_I64, int64_t, __VA_ARGS__)
#define CV_OPT_INT(T, m, k, ...)  CV_ROW(T, m, k, CV_KIND_OPT_INT, struct cv_opt_int, __VA_ARGS__)
#define CV_OPT_UINT(T, m, k, ...) CV_ROW(T, m, k, CV_KIND_OPT_UINT, struct cv_opt_uint, __VA_ARGS__)
#define CV_OPT_BOOL(T, m, k)      CV_ROW(T, m, k, CV_KIND_OPT_BOOL, struct cv_opt_bool, .flags = 0)
#define CV_STRV(T, m, k, ...)     CV_ROW(T, m, k, CV_KIND_STRV, struct cv_strv, __VA_ARGS__)
#define CV_PAIRS(T, m, k, ...)    CV_ROW(T, m, k, CV_KIND_PAIRS, struct cv_spec_pairs, __VA_ARGS__)
#define CV_BITS(T, m, k, w)       CV_ROW(T, m, k, CV_KIND_BITS, uint32_t, .words = w)
#define CV_WORD(T, m, k, w)       CV_ROW(T, m, k, CV_KIND_WORD, uint32_t, .words = w)

/* A nested object whose members have a struct of their own (`at` = offset of it), or whose table counts from T itself (`at` = 0). */
#define CV_OBJECT(T, at, set_member, k, t, ...)                                                                        \
    {                                                                                                                  \
        .key = k, .kind = CV_KIND_OBJECT, .offset = at, .set_offset = CV_TYPED_OFFSET(T, set_member, bool),            \
        .table = t, __VA_ARGS__                                                                                        \
    }
#define CV_GROUP(at, k, t, ...)                                                                                        \
    {                                                                                                                  \
        .key = k, .kind = CV_KIND_OBJECT, .offset = at, .set_offset = CV_NO_OFFSET, .table = t, __VA_ARGS__            \
    }
#define CV_LIST(T, m, k, t)                                                                                            \
    {                                                                                                                  \
        .key = k, .kind = CV_KIND_LIST, .offset = CV_LIST_OFFSET(T, m), .set_offset = CV_NO_OFFSET, .table = t         \
    }
#define CV_MAP(T, m, k, t)                                                                                             \
    {                                                                                                                  \
        .key = k, .kind = CV_KIND_MAP, .offset = CV_LIST_OFFSET(T, m), .set_offset = CV_NO_OFFSET, .table = t          \
    }

#define CV_TABLE(rows)                                                                                                 \
    {                                                                                                                  \
        .fields = rows, .count = CV_ARRAY_LEN(rows)                                                                    \
    }
#define CV_TABLE_OF(T, rows)                                                                                           \
    {                                                                                                                  \
        .fields = rows, .count = CV_ARRAY_LEN(rows), .size = sizeof(T)                                                 \
    }

#define CV_U32_RANGE .max = UINT32_MAX
#define CV_U16_RANGE .max = UINT16_MAX
#define CV_I32_RANGE .min = INT32_MIN, .max = INT32_MAX
#define CV_NEEDED    .flags = CV_FIELD_REQUIRED

#endif
