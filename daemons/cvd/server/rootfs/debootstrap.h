/*
 * Base root folders of a distribution, made by mmdebstrap or debootstrap with the host's apt configuration and kept in a cache:
 * <state folder>/rootfs/<distribution>-<suite>-<architecture>[-<hash of the packages>].
 *
 * Invariants: a folder of that name is complete (it is made beside and renamed); whoever makes it holds <name>.lock, so one name is
 * made once; after a failure nothing is left but <name>.log, which the error names.
 */
#ifndef CVD_ROOTFS_DEBOOTSTRAP_H
#define CVD_ROOTFS_DEBOOTSTRAP_H

#include <cv/error.h>
#include <cv/handle.h>

struct cvd_rootfs_request {
    const char*         distribution; /* "debian" */
    const char*         suite;        /* [a-z0-9.-]+ */
    const char*         architecture; /* Debian's name, [a-z0-9.-]+; NULL: the host's */
    const char* const*  include;      /* packages beyond the minimal system, NULL-terminated; NULL: none */
    containerv_handle_t cancel; /* readable: stop and remove the half-made root; CV_HANDLE_NONE: can't be cancelled */
    void (*progress)(void* context, const char* line); /* may be NULL */
    void* context;
    int   user_namespace; /* not root: the tool (mmdebstrap only) is root of one, with the user's sub-ids as containers have them */
};

/*
 * The path of the root, which is made first when the cache has none. *path_out is malloc'ed. Takes as long as the download.
 *
 * CV_ERR_INVALID: a name is malformed. CV_ERR_NOT_FOUND: neither tool is installed, or the host's apt configuration has no source for
 * the suite. CV_ERR_STATE: cancelled. CV_ERR_SYSTEM: the tool failed; the hint has the log's path.
 */
int cvd_rootfs_make(const struct cvd_rootfs_request* request, char** path_out, struct cv_error* err);

#endif
