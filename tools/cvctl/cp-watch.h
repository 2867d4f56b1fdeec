/* What is shown of a copy while it runs and at its end. */
#ifndef CVCTL_CP_WATCH_H
#define CVCTL_CP_WATCH_H

#include <stdbool.h>

#include <chef/containerv.h>
#include <cv/error.h>

struct cvctl_cp_watch {
    bool                            progress;
    uint64_t                        failures;
    char                            first[CV_ERROR_TEXT_MAX]; /* what the library said of the first of them */
    struct containerv_copy_progress last;
};

/* Sets the callbacks of `how`. */
void cvctl_cp_watch_init(struct cvctl_cp_watch* watch, struct containerv_copy_options* how, bool quiet);
/* The exit code for what the copy returned; prints what is not told yet. */
int cvctl_cp_conclude(const struct cvctl_cp_watch* watch, int rc);
/* An archive is nothing for a terminal. */
int cvctl_cp_check_output(struct cv_error* err);

#endif
