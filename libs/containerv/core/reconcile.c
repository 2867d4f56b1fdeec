/* Finding and removing what dead containers left. */
#include <cv/macros.h>

#include "core.h"

#include <cv/banned.h>

int containerv_reconcile(
    uint32_t flags, int (*each)(const struct containerv_leftover* leftover, void* context), void* context)
{
    const struct cv_backend* backend = NULL;
    struct cv_error          err     = CV_ERROR_INIT;
    int                      rc      = 0;
    if ((flags & ~(uint32_t)CV_RECONCILE_DRY_RUN) != 0)
        rc = cv_error_set(&err, CV_ERR_INVALID, "flags: 0x%x has unknown bits", flags);
    if (rc == 0)
        rc = cv_backend_choose(NULL, &backend, &err);
    if (rc == 0 && backend->reconcile == NULL)
        rc = cv_error_unsupported(&err, "reconcile", backend->name);
    if (rc == 0)
        rc = backend->reconcile((flags & CV_RECONCILE_DRY_RUN) != 0, each, context, &err);
    /* what `each` returned is the caller's own, not an error of ours */
    return err.code < 0 ? cv_publish(&err, rc, "remove what dead containers left") : rc;
}

const char* containerv_leftover_name(uint32_t kind)
{
    static const char* const names[] = { [CV_LEFTOVER_FOLDER] = "folder",
        [CV_LEFTOVER_RECORD]                                  = "record",
        [CV_LEFTOVER_GROUP]                                   = "cgroup",
        [CV_LEFTOVER_LINK]                                    = "link",
        [CV_LEFTOVER_TRASH]                                   = "trash",
        [CV_LEFTOVER_RUN]                                     = "run" };
    return kind > 0 && kind < CV_ARRAY_LEN(names) ? names[kind] : "unknown";
}
