/* Which of the things on a host are leftovers. Pure: what was found comes in, each is told to be dead or not. */
#ifndef CV_LINUX_RECONCILE_PLAN_H
#define CV_LINUX_RECONCILE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <chef/containerv/reconcile.h>
#include <cv/error.h>

enum { RECONCILE_ID_SIZE = 65, RECONCILE_MAX = 1 << 17 /* items of one run */ };

struct reconcile_item {
    enum containerv_leftover_kind kind;
    char                          id[RECONCILE_ID_SIZE];
    char*                         object;
    bool                          held;    /* somebody who lives has it */
    bool                          in_use;  /* a group: there is a process in it */
    bool                          settled; /* a record: it tells the truth, whoever lives */
    bool                          dead;    /* the answer */
    bool                          removed; /* later: by who acts on it */
    int                           code;
    char*                         error; /* may be NULL */
};

struct reconcile_list {
    struct reconcile_item* items;
    size_t                 count, capacity;
};

/* Copied; its `object` is the list's from then on, freed on failure. CV_ERR_LIMIT. */
int  reconcile_add(struct reconcile_list* list, const struct reconcile_item* item, struct cv_error* err);
void reconcile_release(struct reconcile_list* list);

/* `name` is that of a container's thing: prefix and an id. False: it is none of ours. */
bool reconcile_id(const char* name, const char* prefix, char id_out[RECONCILE_ID_SIZE]);
/* The id in the name of a thing in the trash: "<id>-<time>". */
bool reconcile_trash_id(const char* name, char id_out[RECONCILE_ID_SIZE]);

/*
 * Sort by id, and mark what is dead: all of an id of which nothing is held, if there is more than a link, which may be that of somebody whose
 * folders we don't know. So may a group with processes and without a run folder. Trash counts for itself.
 */
void reconcile_plan(struct reconcile_list* list);

/* Leave only what is dead, of that what comes after the first `skip`, and of that the first LIMIT and the rest of the last one's id. True: there
 * are more. */
bool reconcile_cut(struct reconcile_list* list, size_t skip, size_t limit);

/* The number of items from `first` on that have its id, trash apart, which comes last of an id. */
size_t reconcile_same(const struct reconcile_list* list, size_t first);

#endif
