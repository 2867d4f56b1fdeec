/* Making, freeing, reading, printing and building specs; all of it by the field tables. */
#include "spec.h"

#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "fields.h"

#include <cv/banned.h>

struct cv_spec* cv_spec_new(void)
{
    struct cv_spec* spec = calloc(1, sizeof(*spec));
    if (spec == NULL || cv_spec_set_string(&spec->oci_version, "1.2.0", NULL) == 0)
        return spec;
    return cv_spec_free(spec);
}

struct cv_spec* cv_spec_free(struct cv_spec* spec)
{
    if (spec != NULL)
        cv_table_release(&cv_table_spec, spec);
    free(spec);
    return NULL;
}

int cv_spec_parse(const char* text, size_t length, struct cv_spec** spec_out, struct cv_error* err)
{
    struct cv_spec* spec = calloc(1, sizeof(*spec));
    if (spec == NULL)
        return cv_error_no_memory(err);
    int rc = cv_table_parse(&cv_table_spec, text, length, spec, err);
    if (rc < 0)
        free(spec);
    else
        *spec_out = spec;
    return rc;
}

int cv_spec_print(const struct cv_spec* spec, char** text_out, size_t* length_out, struct cv_error* err)
{
    return cv_table_print(&cv_table_spec, spec, text_out, length_out, err);
}

int cv_spec_copy(const struct cv_spec* spec, struct cv_spec** copy_out, struct cv_error* err)
{
    struct cv_spec* copy = calloc(1, sizeof(*copy));
    if (copy == NULL)
        return cv_error_no_memory(err);
    if (cv_table_copy(&cv_table_spec, copy, spec) < 0) {
        cv_spec_free(copy);
        return cv_error_no_memory(err);
    }
    copy->ext.bare = spec->ext.bare; /* no table has it */
    *copy_out      = copy;
    return 0;
}

bool cv_spec_equal(const struct cv_spec* a, const struct cv_spec* b)
{
    return cv_table_equal(&cv_table_spec, a, b);
}

int cv_spec_process_parse(const char* text, size_t length, struct cv_spec_process* process_out, struct cv_error* err)
{
    struct cv_spec_process process = { 0 };
    int                    rc      = cv_table_parse(&cv_table_process, text, length, &process, err);
    if (rc < 0)
        return rc;
    process.set  = true;
    *process_out = process;
    return 0;
}

int cv_spec_process_print(
    const struct cv_spec_process* process, char** text_out, size_t* length_out, struct cv_error* err)
{
    return cv_table_print(&cv_table_process, process, text_out, length_out, err);
}

void cv_spec_process_release(struct cv_spec_process* process)
{
    cv_table_release(&cv_table_process, process);
    process->set = false;
}

int cv_spec_resources_parse(
    const char* text, size_t length, struct cv_spec_resources* resources_out, struct cv_error* err)
{
    struct cv_spec_resources resources = { 0 };

    if (cv_table_parse(&cv_table_resources, text, length, &resources, err) < 0)
        return err != NULL ? err->code : CV_ERR_INVALID;
    if (cv_table_check(&cv_table_resources, &resources, NULL, err) < 0) {
        cv_spec_resources_release(&resources);
        return err != NULL ? err->code : CV_ERR_INVALID;
    }
    resources.set  = true;
    *resources_out = resources;
    return 0;
}

void cv_spec_resources_release(struct cv_spec_resources* resources)
{
    cv_table_release(&cv_table_resources, resources);
    resources->set = false;
}

int cv_spec_process_copy(const struct cv_spec_process* process, struct cv_spec_process* copy_out, struct cv_error* err)
{
    struct cv_spec_process copy = { .set = process->set };
    if (cv_table_copy(&cv_table_process, &copy, process) < 0) {
        cv_spec_process_release(&copy);
        return cv_error_no_memory(err);
    }
    *copy_out = copy;
    return 0;
}

int cv_spec_set_string(char** field, const char* value, struct cv_error* err)
{
    char* copy = value != NULL ? strdup(value) : NULL;
    if (value != NULL && copy == NULL)
        return cv_error_no_memory(err);
    free(*field);
    *field = copy;
    return 0;
}

/* Room for one more entry, all zero; the count stays. NULL when out of memory. */
static void* add_entry(void* list, size_t size, struct cv_error* err)
{
    struct cv_any_list value = cv_list_load(list);
    char* items = value.count < CV_SPEC_MAX_ENTRIES ? realloc(value.items, (value.count + 1) * size) : NULL;
    if (items == NULL) {
        if (value.count < CV_SPEC_MAX_ENTRIES)
            cv_error_no_memory(err);
        else
            cv_error_set(err, CV_ERR_LIMIT, "a list has %u entries already", CV_SPEC_MAX_ENTRIES);
        return NULL;
    }
    value.items = items;
    cv_list_store(list, value);
    return memset(items + value.count * size, 0, size);
}

static int add_failed(const void* entry, const struct cv_error* err)
{
    return entry == NULL && err != NULL ? err->code : CV_ERR_NO_MEMORY;
}

int cv_spec_add_mount(struct cv_spec* spec, const char* destination, const char* type, const char* source,
    const char* const* options, struct cv_error* err)
{
    struct cv_spec_mount* mount = add_entry(&spec->mounts, sizeof(*mount), err);
    if (mount == NULL)
        return add_failed(mount, err);
    spec->mounts.count++; /* half built, it is freed with the rest */
    if (cv_spec_set_string(&mount->destination, destination, err) < 0 || cv_spec_set_string(&mount->type, type, err) < 0
        || cv_spec_set_string(&mount->source, source, err) < 0 || cv_strv_append_all(&mount->options, options) < 0) {
        free(mount->destination);
        free(mount->type);
        free(mount->source);
        cv_strv_release(&mount->options);
        spec->mounts.count--;
        return cv_error_no_memory(err);
    }
    return 0;
}

/* Add an entry that is two strings; `b` may be NULL. */
static int add_strings(
    void* list, size_t size, size_t a_offset, const char* a, size_t b_offset, const char* b, struct cv_error* err)
{
    char* entry = add_entry(list, size, err);
    if (entry == NULL)
        return add_failed(entry, err);
    char **a_field = (char**)(void*)(entry + a_offset), **b_field = (char**)(void*)(entry + b_offset);
    if (cv_spec_set_string(a_field, a, err) < 0)
        return CV_ERR_NO_MEMORY;
    if (cv_spec_set_string(b_field, b, err) < 0) {
        free(*a_field);
        return CV_ERR_NO_MEMORY;
    }
    struct cv_any_list value = cv_list_load(list);
    value.count++;
    cv_list_store(list, value);
    return 0;
}

int cv_spec_add_namespace(struct cv_spec* spec, const char* type, const char* path, struct cv_error* err)
{
    typedef struct cv_spec_namespace entry;
    spec->linux_.set = true;
    return add_strings(
        &spec->linux_.namespaces, sizeof(entry), offsetof(entry, type), type, offsetof(entry, path), path, err);
}

int cv_spec_add_device(
    struct cv_spec* spec, const char* host_path, const char* path, const char* access, struct cv_error* err)
{
    typedef struct cv_spec_ext_device entry;
    spec->ext.set = true;
    int rc        = add_strings(
               &spec->ext.devices, sizeof(entry), offsetof(entry, host_path), host_path, offsetof(entry, path), path, err);
    if (rc == 0)
        rc = cv_spec_set_string(&spec->ext.devices.items[spec->ext.devices.count - 1].access, access, err);
    return rc;
}

int cv_spec_add_secret(struct cv_spec* spec, const struct cv_spec_secret* secret, struct cv_error* err)
{
    typedef struct cv_spec_secret entry;
    spec->ext.set = true;
    int rc        = add_strings(&spec->ext.secrets, sizeof(entry), offsetof(entry, source), secret->source,
               offsetof(entry, name), secret->name, err);
    if (rc < 0)
        return rc;
    struct cv_spec_secret* added = &spec->ext.secrets.items[spec->ext.secrets.count - 1];
    added->uid                   = secret->uid;
    added->gid                   = secret->gid;
    added->mode                  = secret->mode;
    return 0;
}

int cv_spec_add_io_limit(struct cv_spec* spec, const struct cv_spec_io_limit* limit, struct cv_error* err)
{
    struct cv_spec_io_limit* entry = add_entry(&spec->ext.limits.io, sizeof(*entry), err);
    if (entry == NULL)
        return add_failed(entry, err);
    *entry      = *limit;
    entry->path = NULL;
    if (cv_spec_set_string(&entry->path, limit->path, err) < 0)
        return CV_ERR_NO_MEMORY;
    spec->ext.set = true;
    spec->ext.limits.io.count++;
    return 0;
}

int cv_spec_add_hugepages(struct cv_spec* spec, const char* page_size, uint64_t bytes, struct cv_error* err)
{
    struct cv_spec_hugepage_limit* entry = add_entry(&spec->ext.limits.hugepages, sizeof(*entry), err);
    if (entry == NULL)
        return add_failed(entry, err);
    if (cv_spec_set_string(&entry->page_size, page_size, err) < 0)
        return CV_ERR_NO_MEMORY;
    entry->limit  = bytes;
    spec->ext.set = true;
    spec->ext.limits.hugepages.count++;
    return 0;
}

int cv_spec_add_layer(struct cv_spec* spec, const char* path, struct cv_error* err)
{
    spec->ext.set = true;
    return cv_strv_append(&spec->ext.layers, path) < 0 ? cv_error_no_memory(err) : 0;
}

int cv_spec_add_rlimit(struct cv_spec* spec, const char* type, uint64_t soft, uint64_t hard, struct cv_error* err)
{
    struct cv_spec_rlimit* limit = add_entry(&spec->process.rlimits, sizeof(*limit), err);
    if (limit == NULL)
        return add_failed(limit, err);
    if (cv_spec_set_string(&limit->type, type, err) < 0)
        return CV_ERR_NO_MEMORY;
    limit->soft       = soft;
    limit->hard       = hard;
    spec->process.set = true;
    spec->process.rlimits.count++;
    return 0;
}

int cv_spec_add_landlock_path(struct cv_spec* spec, const char* path, uint32_t access, struct cv_error* err)
{
    struct cv_spec_landlock_path* rule = add_entry(&spec->ext.landlock.paths, sizeof(*rule), err);
    if (rule == NULL)
        return add_failed(rule, err);
    if (cv_spec_set_string(&rule->path, path, err) < 0)
        return CV_ERR_NO_MEMORY;
    rule->access  = access;
    spec->ext.set = true;
    spec->ext.landlock.paths.count++;
    return 0;
}

int cv_spec_add_landlock_tcp(struct cv_spec* spec, uint32_t port, uint32_t access, struct cv_error* err)
{
    struct cv_spec_landlock_tcp* rule = add_entry(&spec->ext.landlock.tcp, sizeof(*rule), err);
    if (rule == NULL)
        return add_failed(rule, err);
    *rule         = (struct cv_spec_landlock_tcp){ port, access };
    spec->ext.set = true;
    spec->ext.landlock.tcp.count++;
    return 0;
}

int cv_spec_add_id_map(
    struct cv_spec_id_maps* maps, uint32_t container_id, uint32_t host_id, uint32_t size, struct cv_error* err)
{
    struct cv_spec_id_map* map = add_entry(maps, sizeof(*map), err);
    if (map == NULL)
        return add_failed(map, err);
    *map = (struct cv_spec_id_map){ container_id, host_id, size };
    maps->count++;
    return 0;
}

int cv_spec_set_pair(struct cv_spec_pairs* pairs, const char* key, const char* value, struct cv_error* err)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->items[i].key, key) == 0)
            return cv_spec_set_string(&pairs->items[i].value, value, err);
    typedef struct cv_spec_pair entry;
    return add_strings(pairs, sizeof(entry), offsetof(entry, key), key, offsetof(entry, value), value, err);
}

const struct cv_spec_namespace* cv_spec_namespace(const struct cv_spec* spec, const char* type)
{
    const struct cv_spec_namespaces* list = &spec->linux_.namespaces;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].type != NULL && strcmp(list->items[i].type, type) == 0)
            return &list->items[i];
    return NULL;
}
