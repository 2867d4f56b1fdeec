#include "linux/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/place.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "linux/sysctl-plan.h"
#include "spec/mountopts.h"

/* A mask for files: the host's null device, opened here and checked, never one of the container's root. */
static int null_mask(int* mount_fd_out, struct cv_error* err)
{
    struct stat info;
    *mount_fd_out = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (*mount_fd_out < 0 || fstat(*mount_fd_out, &info) < 0)
        return cv_error_errno(err, errno, "open the host's device", "/dev/null");
    if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3))
        return cv_error_set(err, CV_ERR_INVALID, "the host's '/dev/null' is not the null device");
    return linux_attr_apply(
        *mount_fd_out, CV_MOUNT_ATTR_RDONLY | CV_MOUNT_ATTR_NOEXEC | CV_MOUNT_ATTR_NOSUID, 0, false, "/dev/null", err);
}

/* A mask for folders: an empty read-only filesystem. */
static int empty_mask(int* mount_fd_out, struct cv_error* err)
{
    struct cv_mount_options options = { .set = CV_MOUNT_ATTR_RDONLY | CV_MOUNT_ATTR_NOSUID | CV_MOUNT_ATTR_NODEV
                                               | CV_MOUNT_ATTR_NOEXEC };
    char                    size[] = "size=0k", inodes[] = "nr_inodes=2";
    char*                   words[] = { size, inodes, NULL };
    options.data.items              = words;
    options.data.count              = 2;
    return linux_make_filesystem("tmpfs", &options, mount_fd_out, err);
}

static int mask(int root_fd, const char* path, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    CV_CLEANUP(linux_fd_closep) int mask_fd   = -1;
    int                             rc        = inside_open(root_fd, path, &target_fd, err);
    if (rc == CV_ERR_NOT_FOUND)
        return 0; /* this kernel has no such file: nothing to hide */
    if (rc == 0 && fstat(target_fd, &info) < 0)
        rc = cv_error_errno(err, errno, "look at a path to be masked", path);
    if (rc == 0)
        rc = S_ISDIR(info.st_mode) ? empty_mask(&mask_fd, err) : null_mask(&mask_fd, err);
    return rc == 0 ? linux_place(mask_fd, target_fd, path, err) : rc;
}

static int make_readonly(int root_fd, const char* path, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    CV_CLEANUP(linux_fd_closep) int mount_fd  = -1;
    int                             rc        = inside_open(root_fd, path, &target_fd, err);
    if (rc == CV_ERR_NOT_FOUND)
        return 0;
    if (rc < 0)
        return rc;
    mount_fd = sys_open_tree(target_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);
    if (mount_fd < 0)
        return cv_error_errno(err, errno, "open a path to be made read-only", path);
    rc = linux_attr_apply(mount_fd, CV_MOUNT_ATTR_RDONLY, 0, true, path, err);
    return rc == 0 ? linux_place(mount_fd, target_fd, path, err) : rc;
}

/* Where a path is looked up: in the root, or in our own procfs or sysfs; *path is then what follows its place. */
static int base_of(const struct linux_setup* setup, const char** path)
{
    static const char* const places[] = { [SETUP_PROC] = "/proc/", [SETUP_SYS] = "/sys/" };
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (setup->view_fds[i] >= 0 && strncmp(*path, places[i], strlen(places[i])) == 0) {
            *path += strlen(places[i]) - 1;
            return setup->view_fds[i];
        }
    return setup->root_fd;
}

static int each(const struct cv_strv* paths, const struct linux_setup* setup,
    int (*apply)(int, const char*, struct cv_error*), const char* what, struct cv_error* err)
{
    for (size_t i = 0; i < paths->count; i++) {
        const char* path = paths->items[i];
        int         base = base_of(setup, &path);
        if (apply(base, path, err) < 0)
            return cv_error_wrap(err, "%s '%s'", what, paths->items[i]);
    }
    return 0;
}

int linux_masks_apply(struct linux_setup* setup, struct cv_error* err)
{
    int rc = each(&setup->spec->linux_.readonly_paths, setup, make_readonly, "read-only path", err);
    return rc == 0 ? each(&setup->spec->linux_.masked_paths, setup, mask, "masked path", err) : rc;
}

enum { PROC_MAGIC_NUMBER = 0x9fa0 };

static int write_sysctl(int sys_fd, const struct cv_spec_pair* pair, struct cv_error* err)
{
    char path[256];
    int  rc = linux_sysctl_path(pair->key, path, sizeof(path), err);
    if (rc < 0)
        return rc;
    CV_CLEANUP(linux_fd_closep)
    int fd =
        sys_openat2(sys_fd, path, O_WRONLY | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    if (fd < 0 || write(fd, pair->value, strlen(pair->value)) < 0)
        return cv_error_errno(err, errno, "set the sysctl", pair->key);
    return 0;
}

/* By the procfs that we have mounted, wherever it is by now; of a procfs that a caller brought, by its place in the root. */
static int open_sysctls(const struct linux_setup* setup, int* sys_fd_out, struct cv_error* err)
{
    uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    if (setup->view_fds[SETUP_PROC] < 0)
        return inside_open_strict(setup->root_fd, "/proc/sys", sys_fd_out, err);
    *sys_fd_out = sys_openat2(setup->view_fds[SETUP_PROC], "sys", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, resolve);
    return *sys_fd_out < 0 ? cv_error_errno(err, errno, "open the container's", "/proc/sys") : 0;
}

int linux_sysctl_write(struct linux_setup* setup, struct cv_error* err)
{
    struct statfs                   info;
    CV_CLEANUP(linux_fd_closep) int sys_fd = -1;
    const struct cv_spec_pairs*     list   = &setup->spec->linux_.sysctl;
    if (list->count == 0)
        return 0;
    int rc = open_sysctls(setup, &sys_fd, err);
    if (rc == 0 && (fstatfs(sys_fd, &info) < 0 || info.f_type != PROC_MAGIC_NUMBER))
        rc = cv_error_set(err, CV_ERR_INVALID, "sysctls can't be set: the container's /proc is not a procfs");
    for (size_t i = 0; rc == 0 && i < list->count; i++)
        rc = write_sysctl(sys_fd, &list->items[i], err);
    return rc;
}
