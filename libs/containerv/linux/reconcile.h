/* Finds and removes what dead containers left; runs where the rights are, in a guardian or supervisor. */
#ifndef CV_LINUX_RECONCILE_H
#define CV_LINUX_RECONCILE_H

#include <cv/error.h>

#include "linux/reconcile-plan.h"

enum { LINUX_RECONCILE_LIMIT = 2048 /* of what one call does and tells */ };

/*
 * Holds the lock of all claims meanwhile. *list_out has what is dead only: sorted, and told what became of it. Release it. What could not be
 * removed is no failure.
 *
 * @param skip The first so many of what is dead are left out.
 * @return 1 when there is more than the limit, else 0
 */
int linux_reconcile(bool dry_run, size_t skip, struct reconcile_list* list_out, struct cv_error* err);

#endif
