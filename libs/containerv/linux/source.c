#include "linux/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/attr.h"
#include "linux/chown.h"
#include "linux/fd.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"
#include "linux/userns.h"
#include "linux/users.h"
#include "spec/mountopts.h"

static int open_detached(const char* path, bool recursive, const char* step, int* fd_out, struct cv_error* err)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
    *fd_out        = sys_open_tree(AT_FDCWD, path, flags);
    return *fd_out < 0 ? cv_error_errno(err, errno, step, path) : 0;
}

/* The map by which the owner on disk is the container's root. The usual owner, root, needs no namespace of its own. */
static int idmap_owner(
    int mount_fd, const struct linux_source_context* context, bool recursive, const char* name, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int own = -1;
    if (fstat(mount_fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the source of the mount", name);
    if (info.st_uid == 0 && info.st_gid == 0)
        return linux_attr_idmap(mount_fd, context->userns_fd, recursive, name, err);
    int rc = linux_userns_for_owner(info.st_uid, info.st_gid, context->range, &own, err);
    return rc < 0 ? rc : linux_attr_idmap(mount_fd, own, recursive, name, err);
}

static int set_attributes(int fd, const struct cv_mount_options* options, const char* name, struct cv_error* err)
{
    int rc = linux_attr_apply(fd, options->set, options->clear, false, name, err);
    return rc < 0 ? rc : linux_attr_apply(fd, options->rec_set, options->rec_clear, true, name, err);
}

int linux_source_ids(const struct linux_source_context* context, uint32_t uid, uint32_t gid, const char* who,
    uint32_t* uid_out, uint32_t* gid_out, struct cv_error* err)
{
    uint32_t base = 0;
    uint32_t ids  = linux_unprivileged()->active ? linux_unprivileged()->ids : 0; /* 0: any */
    if (context->range != NULL) {
        base = context->range->base;
        ids  = context->range->size;
    }
    if (ids != 0 && (uid >= ids || gid >= ids))
        return cv_error_set(
            err, CV_ERR_INVALID, "%s %u:%u can't own files: ids go from 0 to %u", who, uid, gid, ids - 1);
    *uid_out = base + uid;
    *gid_out = base + gid;
    return 0;
}

/* Who processes of the container are, unless they are told otherwise, in ids of the host. */
static int container_user(
    const struct linux_source_context* context, uint32_t* uid_out, uint32_t* gid_out, struct cv_error* err)
{
    const struct cv_spec* spec = context->spec;
    uint32_t              uid = spec->process.user.uid, gid = spec->process.user.gid;
    if (spec->ext.user != NULL) {
        struct linux_identity who = { 0 };
        int                   rc  = linux_users_resolve(context->root_fd, spec->ext.user, NULL, &who, err);
        if (rc < 0)
            return rc;
        uid = who.uid;
        gid = who.gid;
        linux_identity_release(&who);
    }
    return linux_source_ids(context, uid, gid, "the container's user", uid_out, gid_out, err);
}

static int give_to_user(
    int fd, const struct cv_spec_mount* mount, const struct linux_source_context* context, struct cv_error* err)
{
    uint32_t uid = 0, gid = 0;
    int      rc = container_user(context, &uid, &gid, err);
    if (rc == 0)
        rc = linux_chown_tree(fd, uid, gid, mount->source, err);
    return rc < 0 ? cv_error_wrap(err, "give '%s' to the container's user", mount->source) : 0;
}

/* Does what a container mounts reach the host? Only when both are asked for, and never out of a user namespace. */
static bool reaches_host(const struct linux_source_context* context)
{
    enum cv_mount_propagation root;
    bool                      recursive;
    return cv_spec_namespace(context->spec, "user") == NULL
           && linux_attr_propagation_word(context->spec->linux_.rootfs_propagation, &root, &recursive)
           && root == CV_MOUNT_PROPAGATION_SHARED;
}

static int propagate(int fd, const struct cv_spec_mount* mount, const struct cv_mount_options* options,
    const struct linux_source_context* context, struct cv_error* err)
{
    enum cv_mount_propagation word = options->propagation;
    int                       rc   = 0;
    if (word == CV_MOUNT_PROPAGATION_SLAVE && !context->spec->ext.bare)
        return 0; /* the guardian's own mounts follow the host's already */
    if (word == CV_MOUNT_PROPAGATION_SLAVE || (word == CV_MOUNT_PROPAGATION_SHARED && !reaches_host(context)))
        rc = linux_attr_propagate(fd, CV_MOUNT_PROPAGATION_SLAVE, true, mount->source, err);
    else if (word != CV_MOUNT_PROPAGATION_SHARED)
        rc = linux_attr_private(fd, mount->source, err);
    if (rc < 0 || (word != CV_MOUNT_PROPAGATION_SHARED && word != CV_MOUNT_PROPAGATION_UNBINDABLE))
        return rc;
    return linux_attr_propagate(fd, word, options->propagation_recursive, mount->source, err);
}

/* By the mount's own mappings, which mean "idmap" also without the word, by the container's, or by the owner's id on disk. */
static int idmap(int fd, const struct cv_spec_mount* mount, const struct cv_mount_options* options,
    const struct linux_source_context* context, struct cv_error* err)
{
    bool named = options->idmap == CV_MOUNT_IDMAP_ON || options->idmap == CV_MOUNT_IDMAP_RECURSIVE;
    bool all   = options->idmap == CV_MOUNT_IDMAP_RECURSIVE;
    CV_CLEANUP(linux_fd_closep) int own = -1;
    if (mount->uid_mappings.count > 0) {
        int rc = linux_userns_for_maps(&mount->uid_mappings, &mount->gid_mappings, &own, err);
        return rc == 0 ? linux_attr_idmap(fd, own, all, mount->source, err) : rc;
    }
    if (named && context->userns_fd < 0)
        return cv_error_set(err, CV_ERR_INVALID,
            "'%.200s' can't be idmapped: neither the mount nor the container has mappings of ids", mount->source);
    if (named && context->spec->ext.bare)
        return linux_attr_idmap(fd, context->userns_fd, all, mount->source, err);
    if (context->range == NULL || options->chown || options->idmap == CV_MOUNT_IDMAP_RAW)
        return 0;
    return idmap_owner(fd, context, options->bind_recursive, mount->source, err);
}

/* Flags that another user namespace has put on a mount can't be taken off: an OCI runtime's caller gets it with those, as of others. */
static int set_attributes_or_keep(
    int fd, const struct cv_mount_options* options, const char* name, struct cv_error* err)
{
    const uint32_t atime = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME;
    int            rc    = set_attributes(fd, options, name, err);
    if (rc == 0 || err->number != EPERM)
        return rc;
    struct cv_mount_options kept = *options;
    kept.clear = kept.rec_clear = 0;
    kept.set &= ~atime;
    kept.rec_set &= ~atime;
    return set_attributes(fd, &kept, name, err);
}

static int bind_options(int fd, const struct cv_spec_mount* mount, const struct cv_mount_options* options,
    const struct linux_source_context* context, struct cv_error* err)
{
    int rc = propagate(fd, mount, options, context, err);
    if (rc == 0 && options->chown)
        rc = give_to_user(fd, mount, context, err); /* before it is made read-only */
    if (rc == 0)
        rc = context->spec->ext.bare ? set_attributes_or_keep(fd, options, mount->source, err)
                                     : set_attributes(fd, options, mount->source, err);
    return rc == 0 ? idmap(fd, mount, options, context, err) : rc;
}

static void release_options(struct cv_mount_options* options)
{
    cv_mount_options_release(options);
}

int linux_source_bind(const struct cv_spec_mount* mount, const struct linux_source_context* context, int* mount_fd_out,
    struct cv_error* err)
{
    CV_CLEANUP(release_options) struct cv_mount_options options = { 0 };
    CV_CLEANUP(linux_fd_closep) int                     fd      = -1;
    int rc = cv_mount_options_parse(&mount->options, mount->type, &options, err);
    if (rc == 0)
        rc = open_detached(mount->source, options.bind_recursive, "open the source of the mount", &fd, err);
    if (rc == 0)
        rc = bind_options(fd, mount, &options, context, err);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&fd);
    return rc;
}

int linux_source_device(const char* host_path, int* mount_fd_out, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    int                             rc = open_detached(host_path, false, "open the device", &fd, err);
    if (rc < 0)
        return rc;
    if (fstat(fd, &info) < 0 || !(S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)))
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a device node", host_path);
    rc = linux_attr_private(fd, host_path, err);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&fd);
    return rc;
}
