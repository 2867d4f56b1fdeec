#include "linux/reconcile-plan.h"

#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "spec/spec.h"

#include <cv/banned.h>

int reconcile_add(struct reconcile_list* list, const struct reconcile_item* item, struct cv_error* err)
{
    if (list->count == list->capacity) {
        size_t                 capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct reconcile_item* items =
            capacity <= RECONCILE_MAX ? realloc(list->items, capacity * sizeof(*items)) : NULL;
        if (items == NULL) {
            free(item->object);
            return capacity <= RECONCILE_MAX
                       ? cv_error_no_memory(err)
                       : cv_error_set(err, CV_ERR_LIMIT, "there are more than %d things", (int)RECONCILE_MAX);
        }
        list->items    = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *item;
    return 0;
}

static void drop(struct reconcile_item* item)
{
    free(item->object);
    free(item->error);
}

void reconcile_release(struct reconcile_list* list)
{
    for (size_t i = 0; i < list->count; i++)
        drop(&list->items[i]);
    free(list->items);
    *list = (struct reconcile_list){ .items = NULL };
}

static bool take_id(const char* text, size_t length, char id_out[RECONCILE_ID_SIZE])
{
    char id[RECONCILE_ID_SIZE] = "";
    if (length >= sizeof(id))
        return false;
    memcpy(id, text, length);
    if (cv_spec_check_id(id, NULL) < 0)
        return false;
    memcpy(id_out, id, sizeof(id));
    return true;
}

bool reconcile_id(const char* name, const char* prefix, char id_out[RECONCILE_ID_SIZE])
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && take_id(name + length, strlen(name + length), id_out);
}

bool reconcile_trash_id(const char* name, char id_out[RECONCILE_ID_SIZE])
{
    const char* dash = strrchr(name, '-');
    return dash != NULL && take_id(name, (size_t)(dash - name), id_out);
}

static bool is_trash(const struct reconcile_item* item)
{
    return item->kind == CV_LEFTOVER_TRASH;
}

/* By id; the run folder, which is removed last, after all but the trash. */
static int compare(const void* a, const void* b)
{
    const struct reconcile_item* x       = a;
    const struct reconcile_item* y       = b;
    int                          by_id   = strcmp(x->id, y->id);
    int                          by_kind = (int)x->kind - (int)y->kind;
    if (by_id != 0)
        return by_id;
    if (is_trash(x) != is_trash(y))
        return is_trash(x) ? 1 : -1;
    return by_kind != 0 ? by_kind : strcmp(x->object, y->object);
}

size_t reconcile_same(const struct reconcile_list* list, size_t first)
{
    size_t count = 0;
    while (first + count < list->count && !is_trash(&list->items[first + count])
           && strcmp(list->items[first].id, list->items[first + count].id) == 0)
        count++;
    return count;
}

static void plan_id(struct reconcile_item* items, size_t count)
{
    bool held = false, evidence = false;
    bool has_run = items[count - 1].kind == CV_LEFTOVER_RUN;
    for (size_t i = 0; i < count; i++) {
        held     = held || items[i].held || (items[i].in_use && !has_run);
        evidence = evidence || (items[i].kind != CV_LEFTOVER_LINK && !items[i].settled);
    }
    for (size_t i = 0; i < count; i++)
        items[i].dead = evidence && !held && !items[i].settled;
}

void reconcile_plan(struct reconcile_list* list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare);
    for (size_t i = 0; i < list->count;) {
        size_t count = reconcile_same(list, i);
        if (count == 0)
            list->items[i].dead = !list->items[i].held;
        else
            plan_id(list->items + i, count);
        i += count > 0 ? count : 1;
    }
}

bool reconcile_cut(struct reconcile_list* list, size_t skip, size_t limit)
{
    size_t kept = 0, passed = 0;
    bool   more = false;
    for (size_t i = 0; i < list->count; i++) {
        struct reconcile_item* item = &list->items[i];
        bool                   take = item->dead && passed++ >= skip;
        more = more || (take && kept >= limit && strcmp(item->id, list->items[kept - 1].id) != 0);
        if (take && !more)
            list->items[kept++] = *item;
        else
            drop(item);
    }
    list->count = kept;
    return more;
}
