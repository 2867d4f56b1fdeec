/* Watching the main process of a supervised container, as attach and start -a do. */
#ifndef CVCTL_ATTACH_H
#define CVCTL_ATTACH_H

#include <chef/containerv.h>

#include "detach-keys.h"

struct cvctl_attach {
    bool                     input;      /* what is typed goes there */
    bool                     input_ends; /* and ends there too */
    bool                     proxy;      /* signals go to the program */
    bool                     replay;     /* from the beginning of the log */
    struct cvctl_detach_keys keys;
};

/* Where the log ends now: what is written from here on is new. */
int cvctl_attach_end(struct containerv_container* container, uint64_t* offset_out, struct cv_error* err);

/* Until it stops or the user leaves. Returns the exit code, with errors printed. *free_out: the handle can be closed. */
int cvctl_attach(struct containerv_container* container, uint64_t offset, struct cvctl_attach* attach, bool* free_out);

#endif
