/*
 * What a container has changed of the layers that it runs on: telling it, and keeping it as a further layer. A container whose root folder
 * is used in place has no such layer: CV_ERR_UNSUPPORTED. Since 0.1; back ends without CV_FEATURE_SNAPSHOT lack it.
 *
 * Both also work for containers that are paused or have stopped, until they are destroyed. Mounts are no part of it.
 */
#ifndef CHEF_CONTAINERV_SNAPSHOT_H
#define CHEF_CONTAINERV_SNAPSHOT_H

#include <stdint.h>

#include <chef/containerv/copy.h>
#include <chef/containerv/error.h>
#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct containerv_container;

enum containerv_change_kind {
    CV_CHANGE_ADDED = 1, /**< not in the layers below */
    CV_CHANGE_CHANGED =
        2, /**< what it has, or what is kept of it besides; a folder also when something in it has changed */
    CV_CHANGE_DELETED = 3 /**< of a folder, with all that was in it, which is not told one by one */
};

struct containerv_change {
    uint32_t    size; /**< sizeof(struct containerv_change) of the library */
    uint32_t    kind; /**< enum containerv_change_kind */
    const char* path; /**< in the container, absolute; any bytes but 0. Lives until the callback returns */
};

/**
 * Tell each path that is not as in the layers: folders before what is in them, else in no order. The layers are looked at where they are
 * now. In a container that runs, what changes meanwhile may be told or not. The empty places that were made for mounts (and /etc/hosts,
 * hostname and resolv.conf) are left out, with folders that hold nothing else.
 *
 * @param each Called in the calling thread; non-zero: stop, with CV_ERR_CANCELLED.
 * @return 0; CV_ERR_UNSUPPORTED, CV_ERR_NOT_FOUND (a layer is gone), CV_ERR_LIMIT (too deep), CV_ERR_CANCELLED, CV_ERR_LOST.
 */
CV_PUBLIC int containerv_diff(struct containerv_container* container,
    int (*each)(const struct containerv_change* change, void* context), void* context);

enum containerv_commit_flags {
    CV_COMMIT_NO_PAUSE = 1 << 0 /**< let it run meanwhile: files may be half written, and not as of one moment */
};

struct containerv_commit_options {
    uint32_t size;  /**< sizeof(struct containerv_commit_options) */
    uint32_t flags; /**< enum containerv_commit_flags */
    /** As in struct containerv_copy_options. */
    int (*on_progress)(const struct containerv_copy_progress* progress, void* context);
    void* context;
};

/**
 * Make a folder that is one more layer: given to containerv_options_set_layers() above the layers of this container, another container
 * starts with the same tree. Kept are owners (as they are inside), modes, times, links, holes, devices, extended attributes with
 * capabilities and ACLs, and what was deleted. Labels of security modules are not.
 *
 * The folder is the caller's, mode 0700: there may be set-user-id programs of the container in it, so it is best left so. A layer made by
 * root is for root's containers, one of a plain user for his: the kernel marks deleted things differently.
 *
 * All processes of the container stand still meanwhile unless told not to.
 *
 * @param folder Must not exist; its parent must. It appears with one rename when it is complete; after a failure nothing is left.
 * @param options NULL for none. Borrowed for the call.
 * @return 0; CV_ERR_EXISTS, CV_ERR_UNSUPPORTED, CV_ERR_PERMISSION, CV_ERR_STATE (another commit runs), CV_ERR_LIMIT, CV_ERR_CANCELLED,
 *         CV_ERR_LOST, CV_ERR_SYSTEM (no room, the filesystem can't keep something).
 */
CV_PUBLIC int containerv_commit(
    struct containerv_container* container, const char* folder, const struct containerv_commit_options* options);

#ifdef __cplusplus
}
#endif

#endif
