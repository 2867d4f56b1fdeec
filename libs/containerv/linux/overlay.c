/* The root of a container: a folder, or layers under a throw-away upper. */
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/folders.h>
#include <cv/str.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/outer.h"
#include "linux/source.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"

/*
 * An overlay takes its layers by path, in one page of text, and (before Linux 6.15) only from mounts that are attached somewhere. So the
 * guardian has a mount namespace of its own with a small tmpfs: layer n is attached as "n" in it, and the text has no name of the user.
 */
static int work_fd = -1;

enum { LAYERS_MAX = 128 };

static int make_places(int fd, struct cv_error* err)
{
    char name[16];
    for (int i = 0; i < LAYERS_MAX + 1; i++) {
        cv_snprintf(name, sizeof(name), "%d", i);
        if (mkdirat(fd, name, 0700) < 0)
            return cv_error_errno(err, errno, "make a place for layers", name);
    }
    if (mkdirat(fd, "upper", 0700) < 0 || mkdirat(fd, "root", 0700) < 0)
        return cv_error_errno(err, errno, "make a place for layers", "root");
    return 0;
}

static int refused(enum linux_outer_step outer, int number, const char* step, const char* object, struct cv_error* err)
{
    cv_error_errno(err, number, step, object);
    return linux_outer_hint(outer, number, err);
}

static int make_workshop(const char* path, int* fd_out, struct cv_error* err)
{
    int rc = cv_folder_make(path, 0700, err);
    if (rc < 0)
        return rc;
    if (unshare(CLONE_NEWNS) < 0)
        return refused(LINUX_OUTER_NAMESPACE, errno, "make a mount namespace for the guardian", NULL, err);
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return refused(LINUX_OUTER_MOUNT, errno, "keep the guardian's mounts to itself", NULL, err);
    if (mount("containerv", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=1m") < 0)
        return cv_error_errno(err, errno, "mount a place for layers", path);
    *fd_out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc      = *fd_out < 0 ? cv_error_errno(err, errno, "open the place for layers", path) : make_places(*fd_out, err);
    if (rc < 0)
        umount2(path, MNT_DETACH); /* the next create tries again */
    return rc;
}

int linux_source_prepare(struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd      = -1;
    CV_CLEANUP(cv_freep) char*      run_dir = NULL;
    CV_CLEANUP(cv_freep) char*      path    = NULL;
    if (work_fd >= 0)
        return 0;
    int rc = cv_folders_run(&run_dir, err);
    if (rc == 0 && (path = cv_asprintf(err, "%s/layers", run_dir)) == NULL)
        rc = CV_ERR_NO_MEMORY;
    if (rc == 0)
        rc = make_workshop(path, &fd, err);
    if (rc == 0)
        work_fd = linux_fd_steal(&fd);
    return rc;
}

/* path_fd or path; mapped to the container's ids; attached as `place` */
static int attach(
    int dirfd, const char* path, const char* place, const struct linux_source_context* context, struct cv_error* err)
{
    unsigned                        flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (path[0] == '\0' ? AT_EMPTY_PATH : 0);
    CV_CLEANUP(linux_fd_closep) int fd    = sys_open_tree(dirfd, path, flags);
    if (fd < 0)
        return cv_error_errno(err, errno, "open a layer", path);
    int rc = context->range != NULL ? linux_attr_idmap(fd, context->userns_fd, false, path, err) : 0;
    if (rc == 0 && sys_move_mount(fd, "", work_fd, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        rc = cv_error_errno(err, errno, "put a layer in its place", path);
    return rc;
}

static int attach_layers(
    const struct cv_strv* layers, const struct linux_source_context* context, struct cv_str* text, struct cv_error* err)
{
    char place[16];
    int  rc = 0;
    cv_str_append(text, "lowerdir=");
    for (size_t i = 0; rc == 0 && i < layers->count; i++) {
        cv_snprintf(place, sizeof(place), "%zu", i);
        rc = attach(AT_FDCWD, layers->items[i], place, context, err);
    }
    for (size_t i = layers->count; i-- > 0;)
        cv_str_printf(text, "%zu%s", i, i > 0 ? ":" : "");
    return rc;
}

static int make_upper(const struct linux_source_context* context, struct cv_error* err)
{
    uint64_t limit = context->spec->ext.limits.upper_bytes;
    if (limit != 0)
        return linux_upper_mount(limit, context->range, context->upper_fd, err);
    int rc = linux_upper_make_folders(context->home_fd, context->kept, err);
    return rc == 0 ? attach(context->home_fd, "", "upper", context, err) : rc;
}

/* A mount that stayed would keep its layer busy for as long as the guardian lives. */
static void detach(const char* place, int* rc, struct cv_error* err)
{
    for (int tries = 0; umount2(place, MNT_DETACH) < 0; tries++) {
        if (errno == EINVAL)
            return; /* nothing is attached there */
        if (tries < 1)
            continue;
        if (*rc == 0)
            *rc = cv_error_errno(err, errno, "detach a layer from its place", place);
        return;
    }
}

static void detach_all(size_t layer_count, int* rc, struct cv_error* err)
{
    char place[16];
    detach("root", rc, err);
    detach("upper", rc, err);
    for (size_t i = 0; i < layer_count; i++) {
        cv_snprintf(place, sizeof(place), "%zu", i);
        detach(place, rc, err);
    }
}

/* The guardian's own bits (and its ids), as long as it has others: later containers would have those too. -1: all is well. */
static int bits_lost = -1;

/* These two have no error but the old id; -1 is no id, so it changes nothing. */
static int set_filesystem_ids(unsigned uid, unsigned gid)
{
    setfsgid(gid);
    setfsuid(uid);
    return (unsigned)setfsgid((gid_t)-1) == gid && (unsigned)setfsuid((uid_t)-1) == uid ? 0 : ENOMEM;
}

static int get_back(void)
{
    int number = bits_lost >= 0 ? set_filesystem_ids(0, 0) : 0;
    if (number == 0 && bits_lost >= 0 && prctl(PR_SET_SECUREBITS, (unsigned long)bits_lost, 0, 0, 0) < 0)
        number = errno;
    if (number == 0)
        bits_lost = -1;
    return number;
}

/*
 * An overlay makes files in its work folder as whoever mounted it, and the host's root has no id in a mapped upper (EOVERFLOW, and the
 * overlay would silently be read-only). So it is mounted as the container's root, who is in the map, with the capabilities kept.
 */
static int mount_as(const struct linux_source_context* context, const char* text)
{
    if (context->range == NULL)
        return mount("containerv", "root", "overlay", 0, text) < 0 ? errno : 0;
    int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    if (bits < 0 || prctl(PR_SET_SECUREBITS, (unsigned long)bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
        return errno;
    bits_lost  = bits;
    int number = set_filesystem_ids(context->range->base, context->range->base);
    if (number == 0 && mount("containerv", "root", "overlay", 0, text) < 0)
        number = errno;
    int failed = get_back();
    return number != 0 ? number : failed;
}

/* The kernel makes an overlay read-only by itself when it can't use the upper: that is not what was asked for. */
static int check_writable(struct cv_error* err)
{
    struct statvfs info;
    if (statvfs("root", &info) == 0 && (info.f_flag & ST_RDONLY) == 0)
        return 0;
    cv_error_set(err, CV_ERR_SYSTEM, "the kernel can't write to the container's upper and made the overlay read-only");
    return cv_error_hint(
        err, "the state folder's filesystem must support xattrs and RENAME_WHITEOUT; see the kernel's log");
}

static int mount_overlay(
    const struct linux_source_context* context, const struct cv_str* text, int* mount_fd_out, struct cv_error* err)
{
    if (text->failed)
        return cv_error_no_memory(err);
    int number = mount_as(context, text->text);
    if (number != 0)
        return refused(LINUX_OUTER_UPPER, number, "mount the overlay of the layers", text->text, err);
    int rc = check_writable(err);
    if (rc < 0)
        return rc;
    *mount_fd_out = sys_open_tree(work_fd, "root", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return *mount_fd_out < 0 ? cv_error_errno(err, errno, "detach the overlay", NULL) : 0;
}

static int overlay(
    const struct cv_spec* spec, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str text     = { 0 };
    CV_CLEANUP(linux_fd_closep) int          mount_fd = -1;
    if (fchdir(work_fd) < 0)
        return cv_error_errno(err, errno, "enter the place for layers", NULL);
    int rc = attach_layers(&spec->ext.layers, context, &text, err);
    if (rc == 0)
        rc = make_upper(context, err);
    cv_str_append(&text, ",upperdir=upper/upper,workdir=upper/work,redirect_dir=nofollow,metacopy=off");
    if (!context->kept) /* such an upper is never mounted again, and need not be on the disk */
        cv_str_append(&text, ",volatile");
    if (linux_unprivileged()
            ->active) /* where the kernel keeps the overlay's own xattrs from us, it uses user.overlay.* */
        cv_str_append(&text, ",userxattr");
    if (rc == 0)
        rc = mount_overlay(context, &text, &mount_fd, err);
    detach_all(spec->ext.layers.count, &rc, err);
    if (chdir("/") < 0 && rc == 0)
        rc = cv_error_errno(err, errno, "leave the place for layers", NULL);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&mount_fd);
    return rc;
}

static int folder(const char* path, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    struct stat info;
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the root folder", path);
    if (fstat(fd, &info) < 0 || !S_ISDIR(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "the root '%s' is not a folder", path);
    int rc = linux_attr_private(fd, path, err);
    if (rc == 0 && context->range != NULL)
        rc = linux_attr_idmap(fd, context->userns_fd, true, path, err);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&fd);
    return rc;
}

int linux_source_root(
    const struct cv_spec* spec, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    int number = get_back();
    if (number != 0)
        return cv_error_errno(err, number, "get the guardian's secure bits back", NULL);
    if (spec->ext.layers.count > 0)
        return overlay(spec, context, mount_fd_out, err);
    return folder(spec->root.path, context, mount_fd_out, err);
}
