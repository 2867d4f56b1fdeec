/* Building the root of a container, in PID 1 and its new namespaces, from descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/attr.h"
#include "linux/bare-make.h"
#include "linux/devices.h"
#include "linux/etc.h"
#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/masks.h"
#include "linux/mounts.h"
#include "linux/nodes.h"
#include "linux/outer.h"
#include "linux/pivot.h"
#include "linux/place.h"
#include "linux/secrets.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "spec/mountopts.h"

static bool is_folder(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

int linux_place(int mount_fd, int target_fd, const char* name, struct cv_error* err)
{
    if (sys_move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return 0;
    int number = errno;
    if (number != EINVAL || is_folder(mount_fd) == is_folder(target_fd))
        return cv_error_errno(err, number, "mount", name);
    cv_error_errno(err, ENOTDIR, "mount", name);
    return cv_error_hint(err, "a folder can't be mounted on a file, nor a file on a folder");
}

static int refused_mount(struct cv_error* err, int number, const char* step, const char* object)
{
    cv_error_errno(err, number, step, object);
    return linux_outer_hint(LINUX_OUTER_MOUNT, number, err);
}

/* Any folder will do, but hooks before pivot_root expect the host's /proc, and the container's mounts below its root as the host calls it.
 * Who is no root of the host's may not be let to that folder: then they see it without the mounts. */
static int attach_root(const struct linux_setup* setup, struct cv_error* err)
{
    bool        visible = setup->spec->ext.bare && setup->spec->hooks.create_container.count > 0;
    const char* path    = visible ? setup->spec->root.path : "/proc";
    unsigned    flags   = MOVE_MOUNT_F_EMPTY_PATH | (visible ? MOVE_MOUNT_T_SYMLINKS : 0);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return refused_mount(err, errno, "keep the container's mounts to itself", NULL);
    if (sys_move_mount(setup->root_fd, "", AT_FDCWD, path, flags) == 0)
        return 0;
    if (errno == EACCES && sys_move_mount(setup->root_fd, "", AT_FDCWD, "/sys", MOVE_MOUNT_F_EMPTY_PATH) == 0)
        return 0;
    return refused_mount(err, errno, "attach the container's root", path);
}

static int make_working_folder(const struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd  = -1;
    const char*                     cwd = setup->spec->process.cwd;
    return cwd != NULL ? inside_make(setup->root_fd, cwd, true, &fd, err) : 0;
}

/* An OCI runtime's caller makes these files himself. */
static int prepare(struct linux_setup* setup, struct linux_etc* etc, struct cv_error* err)
{
    setup->view_fds[SETUP_PROC] = setup->view_fds[SETUP_SYS] = setup->dev_fd = -1;

    int rc = linux_mounts_prepare(setup, err);
    return rc == 0 && !setup->spec->ext.bare ? linux_etc_prepare(etc, setup, err) : rc;
}

static int fill(struct linux_setup* setup, struct linux_etc* etc, struct cv_error* err)
{
    int rc = linux_mounts_make(setup, err);
    if (rc == 0)
        rc = linux_secrets_place(setup, err);
    if (rc == 0)
        rc = setup->spec->ext.bare ? linux_nodes_make(setup, err) : linux_devices_make(setup, err);
    if (rc == 0)
        rc = linux_etc_place(etc, setup, err);
    if (rc == 0)
        rc = linux_sysctl_write(setup, err);
    if (rc == 0)
        rc = linux_masks_apply(setup, err);
    if (rc == 0)
        rc = make_working_folder(setup, err);
    return rc == 0 ? linux_mounts_finish(setup, err) : rc;
}

int linux_rootfs_build(struct linux_setup* setup, struct cv_error* err)
{
    struct linux_etc   etc   = LINUX_ETC_INIT;
    struct linux_pivot pivot = LINUX_PIVOT_INIT;

    int rc = prepare(setup, &etc, err);
    if (rc == 0)
        rc = linux_pivot_prepare(setup, &pivot, err);
    if (rc == 0)
        rc = attach_root(setup, err);
    if (rc == 0)
        rc = fill(setup, &etc, err);
    if (rc == 0 && setup->spec->root.readonly)
        rc = linux_attr_apply(setup->root_fd, CV_MOUNT_ATTR_RDONLY, 0, false, "/", err);
    linux_etc_release(&etc);
    linux_mounts_release(setup);
    linux_fd_closep(&setup->view_fds[SETUP_PROC]);
    linux_fd_closep(&setup->view_fds[SETUP_SYS]);
    if (rc == 0)
        rc = linux_bare_before_pivot_inside(setup, err);
    if (rc == 0)
        rc = linux_pivot_away(setup, &pivot, err);
    linux_pivot_release(&pivot);
    return rc;
}
