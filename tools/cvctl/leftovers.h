/* What dead containers left, told: by 'system prune' and 'doctor --repair'. */
#ifndef CVCTL_LEFTOVERS_H
#define CVCTL_LEFTOVERS_H

#include <stdbool.h>

#include <cv/error.h>

struct cvctl_leftovers {
    bool     json;         /* one object a line */
    unsigned found, stuck; /* those that could not be removed, told as well */
    bool     no_memory;
};

/* Find them, remove them but with `dry_run`, print each. 0 also when some could not be removed. */
int cvctl_leftovers_remove(bool dry_run, struct cvctl_leftovers* told, struct cv_error* err);

#endif
