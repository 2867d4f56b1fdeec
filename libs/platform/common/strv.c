#include <stdlib.h>
#include <string.h>

#include <cv/error.h>
#include <cv/strv.h>

#include <cv/banned.h>

void cv_strv_init(struct cv_strv* v)
{
    v->items = NULL;
    v->count = 0;
}

void cv_strv_release(struct cv_strv* v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->items[i]);
    free(v->items);
    cv_strv_init(v);
}

/* The capacity is the power of two above count + 1 (for the NULL), so it need not be stored. */
static int reserve_one(struct cv_strv* v)
{
    size_t used = v->items == NULL ? 0 : v->count + 1;
    char** items;

    if (v->items != NULL && (used & (used - 1)) != 0)
        return 0;
    if (used > SIZE_MAX / sizeof(char*) / 4)
        return CV_ERR_NO_MEMORY;
    items = realloc(v->items, (used == 0 ? 2 : used * 2) * sizeof(char*));
    if (items == NULL)
        return CV_ERR_NO_MEMORY;
    v->items = items;
    return 0;
}

int cv_strv_append_steal(struct cv_strv* v, char* s)
{
    if (s == NULL || reserve_one(v) < 0) {
        free(s);
        return CV_ERR_NO_MEMORY;
    }
    v->items[v->count++] = s;
    v->items[v->count]   = NULL;
    return 0;
}

int cv_strv_append(struct cv_strv* v, const char* s)
{
    return cv_strv_append_steal(v, strdup(s));
}

int cv_strv_append_all(struct cv_strv* v, const char* const* list)
{
    for (; list != NULL && *list != NULL; list++)
        if (cv_strv_append(v, *list) < 0)
            return CV_ERR_NO_MEMORY;
    return 0;
}

int cv_strv_copy(struct cv_strv* to, const struct cv_strv* from)
{
    struct cv_strv copy;

    cv_strv_init(&copy);
    if (cv_strv_append_all(&copy, (const char* const*)from->items) < 0) {
        cv_strv_release(&copy);
        return CV_ERR_NO_MEMORY;
    }
    *to = copy;
    return 0;
}

bool cv_strv_equal(const struct cv_strv* a, const struct cv_strv* b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

bool cv_strv_contains(const struct cv_strv* v, const char* s)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->items[i], s) == 0)
            return true;
    return false;
}

void cv_strv_remove(struct cv_strv* v, const char* s)
{
    size_t kept  = 0;
    size_t count = v->count;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(v->items[i], s) == 0)
            free(v->items[i]);
        else
            v->items[kept++] = v->items[i];
    }
    if (v->items != NULL)
        v->items[kept] = NULL;
    v->count = kept;
}
