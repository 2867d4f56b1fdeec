/* What there is on a host that could be a leftover: each function adds one kind to the list. */
#ifndef CV_LINUX_RECONCILE_FIND_H
#define CV_LINUX_RECONCILE_FIND_H

#include "linux/home.h"
#include "linux/limits-plan.h"
#include "linux/reconcile-plan.h"

enum { RECONCILE_STOPPED_MAX = LINUX_CONTROLLERS + 2 /* homes, version 2, each hierarchy of version 1 */ };

struct reconcile_finder {
    const struct linux_home* base; /* borrowed */
    struct reconcile_list    list;
    int    stopped[RECONCILE_STOPPED_MAX]; /* folders in which nobody makes anything until they are closed */
    size_t stopped_count;
};

int reconcile_find_run(struct reconcile_finder* finder, struct cv_error* err); /* and groups at places noted there */
int reconcile_find_homes(struct reconcile_finder* finder, struct cv_error* err);
int reconcile_find_trash(struct reconcile_finder* finder, struct cv_error* err);
int reconcile_find_groups(struct reconcile_finder* finder, struct cv_error* err);
int reconcile_find_links(struct reconcile_finder* finder, struct cv_error* err);

#endif
