#include "linux/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/outer.h"
#include "linux/place.h"
#include "linux/setup.h"
#include "linux/syscalls.h"

const struct linux_device linux_devices[LINUX_DEVICES] = {
    { "null", 1, 3 },
    { "zero", 1, 5 },
    { "full", 1, 7 },
    { "random", 1, 8 },
    { "urandom", 1, 9 },
    { "tty", 5, 0 },
};

const struct linux_device_link linux_device_links[LINUX_DEVICE_LINKS] = {
    { "fd", "/proc/self/fd" },
    { "stdin", "/proc/self/fd/0" },
    { "stdout", "/proc/self/fd/1" },
    { "stderr", "/proc/self/fd/2" },
    { "ptmx", "pts/ptmx" },
    { "core", "/proc/kcore" },
};

enum { TMPFS_MAGIC_NUMBER = 0x01021994 };

/* The host's node, opened here and checked: nothing of the container's root is trusted to be a device. */
static int open_node(unsigned i, int* mount_fd_out, struct cv_error* err)
{
    char        path[32];
    struct stat info;
    cv_snprintf(path, sizeof(path), "/dev/%s", linux_devices[i].name);
    *mount_fd_out = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (*mount_fd_out < 0 || fstat(*mount_fd_out, &info) < 0) {
        int number = errno;
        cv_error_errno(err, number, "open the host's device", path);
        return linux_outer_hint(LINUX_OUTER_DEVICE, number, err);
    }
    if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(linux_devices[i].major, linux_devices[i].minor))
        return cv_error_set(err, CV_ERR_INVALID, "the host's '%s' is not the device %u:%u", path,
            linux_devices[i].major, linux_devices[i].minor);
    return 0;
}

static int bind_node(int dev_fd, unsigned i, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int mount_fd  = -1;
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    int                             rc        = open_node(i, &mount_fd, err);
    if (rc < 0)
        return rc;
    target_fd = openat(dev_fd, linux_devices[i].name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0666);
    if (target_fd < 0)
        return cv_error_errno(err, errno, "make a place for a device in the container's /dev", linux_devices[i].name);
    return linux_place(mount_fd, target_fd, linux_devices[i].name, err);
}

static int standard(int dev_fd, struct cv_error* err)
{
    for (unsigned i = 0; i < LINUX_DEVICES; i++) {
        int rc = bind_node(dev_fd, i, err);
        if (rc < 0)
            return rc;
    }
    for (unsigned i = 0; i < LINUX_DEVICE_LINKS; i++)
        if (symlinkat(linux_device_links[i].target, dev_fd, linux_device_links[i].name) < 0 && errno != EEXIST)
            return cv_error_errno(err, errno, "make a link in the container's /dev", linux_device_links[i].name);
    return 0;
}

static int asked_for(struct linux_setup* setup, struct cv_error* err)
{
    for (size_t i = 0; i < setup->spec->ext.devices.count; i++) {
        const struct cv_spec_ext_device* device    = &setup->spec->ext.devices.items[i];
        const char*                      path      = device->path != NULL ? device->path : device->host_path;
        CV_CLEANUP(linux_fd_closep) int  target_fd = -1;
        CV_CLEANUP(linux_fd_closep) int  mount_fd  = linux_fd_steal(&setup->device_fds[i]);
        int                              rc        = inside_make(setup->root_fd, path, false, &target_fd, err);
        if (rc == 0)
            rc = linux_place(mount_fd, target_fd, path, err);
        if (rc < 0)
            return cv_error_wrap(err, "device '%s'", device->host_path);
    }
    return 0;
}

/* Only a /dev of ours is filled: a bind mount of the caller's stays as it is. */
static int open_own_dev(const struct linux_setup* setup, int* dev_fd_out, struct cv_error* err)
{
    struct statfs                   info;
    CV_CLEANUP(linux_fd_closep) int path_fd = -1;
    for (size_t i = 0; i < setup->spec->mounts.count; i++) {
        const struct cv_spec_mount* mount = &setup->spec->mounts.items[i];
        if (strcmp(mount->destination, "/dev") != 0 || mount->type == NULL || strcmp(mount->type, "tmpfs") != 0)
            continue;
        int rc = inside_open(setup->root_fd, "/dev", &path_fd, err);
        if (rc < 0)
            return rc;
        if (fstatfs(path_fd, &info) < 0 || info.f_type != TMPFS_MAGIC_NUMBER)
            return cv_error_set(err, CV_ERR_INVALID, "the container's /dev is not the tmpfs that was mounted there");
        *dev_fd_out = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *dev_fd_out < 0 ? cv_error_errno(err, errno, "open the container's /dev", NULL) : 0;
    }
    return 0;
}

int linux_devices_make(struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int dev_fd = -1;
    int                             rc     = open_own_dev(setup, &dev_fd, err);
    if (rc == 0 && dev_fd >= 0)
        rc = standard(dev_fd, err);
    return rc == 0 ? asked_for(setup, err) : rc;
}
