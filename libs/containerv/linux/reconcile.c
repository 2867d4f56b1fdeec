#include "linux/reconcile.h"

#include <stdlib.h>

#include <cv/lock.h>
#include <cv/str.h>

#include "linux/fd.h"
#include "linux/home.h"
#include "linux/reconcile-find.h"

#include <cv/banned.h>

static void release_lock(struct cv_lock** lock)
{
    cv_lock_release(*lock);
}

static int find_all(struct reconcile_finder* finder, struct cv_error* err)
{
    static int (*const kinds[])(struct reconcile_finder*, struct cv_error*) = { reconcile_find_run,
        reconcile_find_homes, reconcile_find_trash, reconcile_find_groups, reconcile_find_links };
    int rc                                                                  = 0;
    for (size_t i = 0; rc == 0 && i < CV_ARRAY_LEN(kinds); i++)
        rc = kinds[i](finder, err);
    return rc;
}

static void remove_id(const struct linux_home* base, struct reconcile_item* items, size_t count)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = linux_home_sweep(base, items[0].id, &err);
    for (size_t i = 0; i < count; i++) {
        items[i].removed = rc == 0;
        items[i].code    = rc;
        items[i].error   = rc < 0 ? cv_strdup(err.text, NULL) : NULL;
    }
}

static void remove_trash(const struct linux_home* base, struct reconcile_list* list)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = linux_home_sweep_trash(base, &err);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind == CV_LEFTOVER_TRASH) {
            list->items[i].removed = rc == 0;
            list->items[i].code    = rc;
            list->items[i].error   = rc < 0 ? cv_strdup(err.text, NULL) : NULL;
        }
}

static void remove_all(const struct linux_home* base, struct reconcile_list* list)
{
    for (size_t i = 0; i < list->count;) {
        size_t count = reconcile_same(list, i);
        if (count > 0)
            remove_id(base, list->items + i, count);
        i += count > 0 ? count : 1;
    }
    remove_trash(base, list);
}

int linux_reconcile(bool dry_run, size_t skip, struct reconcile_list* list_out, struct cv_error* err)
{
    struct linux_home                        base   = LINUX_HOME_INIT;
    CV_CLEANUP(release_lock) struct cv_lock* lock   = NULL;
    struct reconcile_finder                  finder = { .base = &base };
    bool                                     more   = false;
    int                                      rc     = linux_home_begin(&base, &lock, err);
    if (rc == 0)
        rc = find_all(&finder, err);
    if (rc == 0) {
        reconcile_plan(&finder.list);
        more = reconcile_cut(&finder.list, skip, LINUX_RECONCILE_LIMIT);
        if (!dry_run)
            remove_all(&base, &finder.list);
    }
    for (size_t i = 0; i < finder.stopped_count; i++)
        linux_fd_closep(&finder.stopped[i]);
    linux_home_release(&base);
    if (rc == 0)
        *list_out = finder.list;
    else
        reconcile_release(&finder.list);
    return rc < 0 ? cv_error_wrap(err, "look for what dead containers left") : more;
}
