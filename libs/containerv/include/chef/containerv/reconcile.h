/*
 * Finding and removing what dead containers left behind: of an owner that was killed, or could not take everything away. Such is removed
 * by itself sooner or later, by containers that are made; this is for who wants to see it, or be sure. Thread-safe. Since 0.2.
 */
#ifndef CHEF_CONTAINERV_RECONCILE_H
#define CHEF_CONTAINERV_RECONCILE_H

#include <stdint.h>

#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

enum containerv_reconcile_flags { CV_RECONCILE_DRY_RUN = 1 << 0 /**< find, remove nothing */ };

enum containerv_leftover_kind {
    CV_LEFTOVER_FOLDER = 1, /**< what a container wrote: of the state folder */
    CV_LEFTOVER_RECORD = 2, /**< of a supervised container that says it runs and does not: it is put right, and stays */
    CV_LEFTOVER_GROUP  = 3, /**< a control group, and processes that are still in it */
    CV_LEFTOVER_LINK   = 4, /**< a network device */
    CV_LEFTOVER_TRASH  = 5, /**< a folder whose deletion was begun; it goes on in the background */
    CV_LEFTOVER_RUN    = 6  /**< a folder in the run folder: lock and socket */
};

struct containerv_leftover {
    uint32_t    size;    /**< sizeof(struct containerv_leftover) of the library */
    uint32_t    kind;    /**< enum containerv_leftover_kind */
    const char* id;      /**< of the container */
    const char* object;  /**< a path or a name */
    uint32_t    removed; /**< it is gone, or put right; always 0 with CV_RECONCILE_DRY_RUN */
    int32_t     code;    /**< why it could not be removed: enum containerv_error_code, else 0 */
    const char* error;   /**< the same for people, else "" */
};

/**
 * Find all that dead containers of this user left in his run and state folder, in cgroups and among network devices, and remove just that.
 * What is not ours by its name, or is held by somebody who lives, is not touched: neither are supervised containers that have stopped, their
 * logs and records. Containers can be made at the same time; they wait for it.
 *
 * @param flags enum containerv_reconcile_flags.
 * @param each Called for each, sorted by id; its strings are valid during the call. A result other than 0 ends the telling, not the removing.
 * May be NULL.
 * @return 0, also when something could not be removed, which `each` is told; what `each` returned; or a negative code.
 * CV_ERR_UNSUPPORTED by back ends that keep nothing on the host.
 */
CV_PUBLIC int containerv_reconcile(
    uint32_t flags, int (*each)(const struct containerv_leftover* leftover, void* context), void* context);

/** The name of an enum containerv_leftover_kind: "folder", "record", "cgroup", "link", "trash", "run"; "unknown" for others. Static. */
CV_PUBLIC const char* containerv_leftover_name(uint32_t kind);

#ifdef __cplusplus
}
#endif

#endif
