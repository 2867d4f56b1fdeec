/* The root of a container: a folder, or layers under a throw-away upper. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/source.h"
#include "linux/syscalls.h"

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

int linux_source_prepare(const char* run_dir, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    char                            path[4096];
    int                             rc = cv_snprintf(path, sizeof(path), "%s/layers", run_dir);
    if (work_fd >= 0)
        return 0;
    if (rc < 0 || (rc = cv_folder_make(path, 0700, err)) < 0)
        return rc;
    if (unshare(CLONE_NEWNS) < 0)
        return cv_error_errno(err, errno, "make a mount namespace for the guardian", NULL);
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return cv_error_errno(err, errno, "keep the guardian's mounts to itself", NULL);
    if (mount("containerv", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=1m") < 0)
        return cv_error_errno(err, errno, "mount a place for layers", path);
    if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return cv_error_errno(err, errno, "open the place for layers", path);
    if ((rc = make_places(fd, err)) == 0)
        work_fd = linux_fd_steal(&fd);
    return rc;
}

/* path_fd or path; mapped to the container's ids; attached as `place` */
static int attach(int dirfd, const char* path, const char* place, const struct linux_source_context* context, struct cv_error* err)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (path[0] == '\0' ? AT_EMPTY_PATH : 0);
    CV_CLEANUP(linux_fd_closep) int fd = sys_open_tree(dirfd, path, flags);
    if (fd < 0)
        return cv_error_errno(err, errno, "open a layer", path);
    int rc = context->range != NULL ? linux_attr_idmap(fd, context->userns_fd, false, path, err) : 0;
    if (rc == 0 && sys_move_mount(fd, "", work_fd, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        rc = cv_error_errno(err, errno, "put a layer in its place", path);
    return rc;
}

static int attach_layers(const struct cv_strv* layers, const struct linux_source_context* context, struct cv_str* text, struct cv_error* err)
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
    if (mkdirat(context->home_fd, "upper", 0755) < 0 || mkdirat(context->home_fd, "work", 0700) < 0)
        return cv_error_errno(err, errno, "make the container's upper", NULL);
    return attach(context->home_fd, "", "upper", context, err);
}

static void detach_all(size_t layer_count)
{
    char place[16];
    umount2("root", MNT_DETACH);
    umount2("upper", MNT_DETACH);
    for (size_t i = 0; i < layer_count; i++) {
        cv_snprintf(place, sizeof(place), "%zu", i);
        umount2(place, MNT_DETACH);
    }
}

static int mount_overlay(const struct cv_str* text, int* mount_fd_out, struct cv_error* err)
{
    if (text->failed)
        return cv_error_no_memory(err);
    if (mount("containerv", "root", "overlay", 0, text->text) < 0)
        return cv_error_errno(err, errno, "mount the overlay of the layers", text->text);
    *mount_fd_out = sys_open_tree(work_fd, "root", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return *mount_fd_out < 0 ? cv_error_errno(err, errno, "detach the overlay", NULL) : 0;
}

static int overlay(const struct cv_spec* spec, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    if (fchdir(work_fd) < 0)
        return cv_error_errno(err, errno, "enter the place for layers", NULL);
    int rc = attach_layers(&spec->ext.layers, context, &text, err);
    if (rc == 0)
        rc = make_upper(context, err);
    cv_str_append(&text, ",upperdir=upper/upper,workdir=upper/work,volatile,redirect_dir=nofollow,metacopy=off");
    if (rc == 0)
        rc = mount_overlay(&text, mount_fd_out, err);
    detach_all(spec->ext.layers.count);
    if (chdir("/") < 0 && rc == 0)
        rc = cv_error_errno(err, errno, "leave the place for layers", NULL);
    return rc;
}

static int folder(const char* path, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the root folder", path);
    if (fstat(fd, &info) < 0 || !S_ISDIR(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "the root '%s' is not a folder", path);
    int rc = context->range != NULL ? linux_attr_idmap(fd, context->userns_fd, true, path, err) : 0;
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&fd);
    return rc;
}

int linux_source_root(
    const struct cv_spec* spec, const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    if (spec->ext.layers.count > 0)
        return overlay(spec, context, mount_fd_out, err);
    return folder(spec->root.path, context, mount_fd_out, err);
}
